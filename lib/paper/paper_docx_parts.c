/* lib/paper/paper_docx_parts.c - the small parts of a DOCX: styles, bullets, footer, properties.
 *
 * The styles are a table: built-in ones under their own names, so that a word processor shows
 * them in its user's language and builds its outline from the headings, and a few of our own.
 */
#include "paper/paper_docx.h"

#include <stdarg.h>
#include <stdio.h>

#define FONT "Times New Roman"

void docx_put(struct docx_out *out, const char *markup)
{
    if (out->status == ESEP_OK)
        out->status = esep_buf_put(&out->xml, markup, strlen(markup));
}

void docx_putf(struct docx_out *out, const char *format, ...)
{
    char markup[1024];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(markup, sizeof markup, format, arguments);
    va_end(arguments);
    ESEP_ASSERT(len >= 0 && (size_t)len < sizeof markup); /* texts go through docx_put_text */
    docx_put(out, markup);
}

void docx_put_text(struct docx_out *out, struct esep_slice text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len && out->status == ESEP_OK; i++) {
        const char *entity = text.data[i] == '&'   ? "&amp;"
                             : text.data[i] == '<' ? "&lt;"
                             : text.data[i] == '>' ? "&gt;"
                             : text.data[i] == '"' ? "&quot;"
                                                   : NULL;
        if (entity == NULL)
            continue;
        out->status = esep_buf_put(&out->xml, text.data + from, i - from);
        docx_put(out, entity);
        from = i + 1;
    }
    if (out->status == ESEP_OK && from < text.len)
        out->status = esep_buf_put(&out->xml, text.data + from, text.len - from);
}

struct docx_page docx_page(const struct paper *paper)
{
    /* A4; 2 cm at the left, where it is filed, 1.5 cm elsewhere. */
    struct docx_page page = {
        .width = 11906, .height = 16838, .left = 1134, .right = 851, .top = 851, .bottom = 1134};
    if (paper->about.landscape) {
        page.width = 16838;
        page.height = 11906;
    }
    return page;
}

static void content_types(const struct paper *paper, struct docx_out *out)
{
    (void)paper;
    static const struct {
        const char *name, *type;
    } parts[] = {
        {"/word/document.xml", "wordprocessingml.document.main"},
        {"/word/styles.xml", "wordprocessingml.styles"},
        {"/word/numbering.xml", "wordprocessingml.numbering"},
        {"/word/settings.xml", "wordprocessingml.settings"},
        {"/word/footer1.xml", "wordprocessingml.footer"},
        {"/docProps/app.xml", "extended-properties"},
    };
    docx_put(out, DOCX_XML "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/"
                           "content-types\"><Default Extension=\"rels\" ContentType=\"application/"
                           "vnd.openxmlformats-package.relationships+xml\"/>"
                           "<Default Extension=\"xml\" ContentType=\"application/xml\"/>");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        docx_putf(out,
                  "<Override PartName=\"%s\" ContentType=\"application/vnd.openxmlformats-"
                  "officedocument.%s+xml\"/>",
                  parts[i].name, parts[i].type);
    docx_put(out, "<Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd."
                  "openxmlformats-package.core-properties+xml\"/></Types>");
}

#define RELATIONS                                                                                  \
    DOCX_XML "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/"              \
             "relationships\">"
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

static void package_relations(const struct paper *paper, struct docx_out *out)
{
    (void)paper;
    docx_put(out, RELATIONS
             "<Relationship Id=\"document\" Type=\"" OFFICE "officeDocument\" "
             "Target=\"word/document.xml\"/>"
             "<Relationship Id=\"core\" Type=\"http://schemas.openxmlformats.org/package/2006/"
             "relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>"
             "<Relationship Id=\"app\" Type=\"" OFFICE "extended-properties\" "
             "Target=\"docProps/app.xml\"/></Relationships>");
}

static void document_relations(const struct paper *paper, struct docx_out *out)
{
    (void)paper;
    static const struct {
        const char *id, *target;
    } parts[] = {{"styles", "styles.xml"},
                 {"numbering", "numbering.xml"},
                 {"settings", "settings.xml"},
                 {"footer", "footer1.xml"}};
    docx_put(out, RELATIONS);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        docx_putf(out, "<Relationship Id=\"%s\" Type=\"" OFFICE "%s\" Target=\"%s\"/>", parts[i].id,
                  parts[i].id, parts[i].target);
    docx_put(out, "</Relationships>");
}

static const char *locale(const struct paper *paper)
{
    static const char *const locales[] = {"kk-KZ", "ru-RU", "en-GB"};
    return locales[paper->language];
}

static void property(struct docx_out *out, const char *element, const char *text)
{
    docx_putf(out, "<%s>", element);
    docx_put_text(out, esep_slice_str(text));
    docx_putf(out, "</%s>", element);
}

static void core_properties(const struct paper *paper, struct docx_out *out)
{
    char at[32];
    esep_time_format(paper->about.made_at, NULL, at);
    docx_put(out, DOCX_XML "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/"
                           "package/2006/metadata/core-properties\" xmlns:dc=\"http://purl.org/"
                           "dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" "
                           "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">");
    property(out, "dc:title", paper->about.title);
    property(out, "dc:subject", paper->about.subject);
    property(out, "dc:creator", paper->about.author);
    property(out, "dc:description", paper->about.foot);
    property(out, "cp:lastModifiedBy", paper->about.author);
    docx_putf(out, "<dc:language>%s</dc:language>", locale(paper));
    docx_putf(out, "<dcterms:created xsi:type=\"dcterms:W3CDTF\">%s</dcterms:created>", at);
    docx_putf(out, "<dcterms:modified xsi:type=\"dcterms:W3CDTF\">%s</dcterms:modified>", at);
    docx_put(out, "</cp:coreProperties>");
}

static void app_properties(const struct paper *paper, struct docx_out *out)
{
    (void)paper;
    docx_put(out, DOCX_XML "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/"
                           "2006/extended-properties\"><Application>Esep</Application>"
                           "</Properties>");
}

static void settings(const struct paper *paper, struct docx_out *out)
{
    (void)paper;
    docx_put(out, DOCX_XML "<w:settings xmlns:w=\"" DOCX_MAIN "\"><w:zoom w:percent=\"100\"/>"
                           "<w:defaultTabStop w:val=\"709\"/><w:compat><w:compatSetting "
                           "w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/"
                           "office/word\" w:val=\"15\"/></w:compat></w:settings>");
}

static void numbering(const struct paper *paper, struct docx_out *out)
{
    (void)paper;
    docx_put(out, DOCX_XML
             "<w:numbering xmlns:w=\"" DOCX_MAIN "\"><w:abstractNum w:abstractNumId=\"0\">"
             "<w:multiLevelType w:val=\"singleLevel\"/><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/>"
             "<w:numFmt w:val=\"bullet\"/><w:pStyle w:val=\"ListBullet\"/>"
             "<w:lvlText w:val=\"\xe2\x80\xa2\"/><w:lvlJc w:val=\"left\"/><w:pPr>"
             "<w:ind w:left=\"567\" w:hanging=\"283\"/></w:pPr></w:lvl></w:abstractNum>"
             "<w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>");
}

static void field(struct docx_out *out, const char *name)
{
    docx_putf(out, "<w:fldSimple w:instr=\" %s \"><w:r><w:t>1</w:t></w:r></w:fldSimple>", name);
}

static void run(struct docx_out *out, struct esep_slice text)
{
    docx_put(out, "<w:r><w:t xml:space=\"preserve\">");
    docx_put_text(out, text);
    docx_put(out, "</w:t></w:r>");
}

static void footer(const struct paper *paper, struct docx_out *out)
{
    static const char *const fields[3] = {"PAGE", "NUMPAGES", ""};
    struct docx_page page = docx_page(paper);
    const unsigned width = page.width - page.left - page.right;
    struct esep_slice parts[3];
    unsigned count = 0;
    docx_put(out, DOCX_XML "<w:ftr xmlns:w=\"" DOCX_MAIN "\">");
    /* The number stands at the right edge of the foot's last line. */
    struct paper_lines lines = {.rest = paper->about.foot, .skip_empty = true};
    do {
        struct esep_slice line = paper_line_next(&lines);
        docx_putf(out,
                  "<w:p><w:pPr><w:pStyle w:val=\"Footer\"/><w:tabs><w:tab w:val=\"right\" "
                  "w:pos=\"%u\"/></w:tabs></w:pPr>",
                  width);
        run(out, line);
        docx_put(out, lines.rest != NULL ? "</w:p>" : "<w:r><w:tab/></w:r>");
    } while (lines.rest != NULL);
    paper_page_parts(paper->about.page, parts, &count);
    for (unsigned i = 0; i < 3; i++) {
        if (parts[i].len > 0)
            run(out, parts[i]);
        if (i < count)
            field(out, fields[i]);
    }
    docx_put(out, "</w:p></w:ftr>");
}

/* The words of a style in its XML. */
struct style {
    bool own; /* not one that word processors know */
    const char *type, *id, *name, *based_on, *next;
    const char *paragraph, *letters; /* inner pPr and rPr, NULL: none */
};
#define KEPT "<w:keepNext/><w:keepLines/>"
#define SPACE(before, after) "<w:spacing w:before=\"" before "\" w:after=\"" after "\"/>"
#define SIZE(half_points) "<w:sz w:val=\"" half_points "\"/><w:szCs w:val=\"" half_points "\"/>"
#define COLOUR(rgb) "<w:color w:val=\"" rgb "\"/>"
static const struct style styles_of_text[] = {
    {false, "paragraph", "Normal", "Normal", NULL, NULL, NULL, NULL},
    {false, "paragraph", "Title", "Title", "Normal", "Normal",
     KEPT SPACE("0", "240") "<w:jc w:val=\"center\"/>", "<w:b/>" SIZE("32")},
    {false, "paragraph", "Heading1", "heading 1", "Normal", "Normal",
     KEPT SPACE("360", "120") "<w:outlineLvl w:val=\"0\"/>", "<w:b/>" SIZE("28")},
    {false, "paragraph", "Heading2", "heading 2", "Normal", "Normal",
     KEPT SPACE("240", "80") "<w:outlineLvl w:val=\"1\"/>", "<w:b/>" SIZE("26")},
    {false, "paragraph", "Heading3", "heading 3", "Normal", "Normal",
     KEPT SPACE("200", "60") "<w:outlineLvl w:val=\"2\"/>", "<w:b/>" SIZE("24")},
    {false, "paragraph", "ListBullet", "List Bullet", "Normal", NULL,
     "<w:numPr><w:numId w:val=\"1\"/></w:numPr>" SPACE("0", "60"), NULL},
    {false, "paragraph", "Caption", "caption", "Normal", "Normal", KEPT SPACE("120", "80"),
     "<w:b/>" SIZE("22")},
    {false, "paragraph", "Footer", "footer", "Normal", NULL, SPACE("0", "0"),
     COLOUR("5B6470") SIZE("16")},
    {true, "paragraph", "Note", "Note", "Normal", NULL, SPACE("0", "80"),
     COLOUR("5B6470") SIZE("20")},
    {true, "paragraph", "TableText", "Table Text", "Normal", NULL, SPACE("0", "0"), SIZE("19")},
    {true, "paragraph", "TableHead", "Table Head", "TableText", "TableText", "<w:keepNext/>",
     "<w:b/>"},
    {true, "paragraph", "AfterTable", "After Table", "Normal", "Normal",
     "<w:spacing w:before=\"0\" w:after=\"0\" w:line=\"160\" w:lineRule=\"exact\"/>", SIZE("8")},
    {true, "character", "Good", "Good", NULL, NULL, NULL, COLOUR("1B6E3C")},
    {true, "character", "Warning", "Warning", NULL, NULL, NULL, COLOUR("8A5A00")},
    {true, "character", "Bad", "Bad", NULL, NULL, NULL, COLOUR("A3201C")},
    {true, "character", "Faint", "Faint", NULL, NULL, NULL, COLOUR("5B6470")},
};

static void put_style(struct docx_out *out, const struct style *style)
{
    docx_putf(out, "<w:style w:type=\"%s\" w:styleId=\"%s\"%s%s><w:name w:val=\"%s\"/>",
              style->type, style->id, strcmp(style->id, "Normal") == 0 ? " w:default=\"1\"" : "",
              style->own ? " w:customStyle=\"1\"" : "", style->name);
    if (style->based_on != NULL)
        docx_putf(out, "<w:basedOn w:val=\"%s\"/>", style->based_on);
    if (style->next != NULL)
        docx_putf(out, "<w:next w:val=\"%s\"/>", style->next);
    docx_put(out, "<w:qFormat/>");
    if (style->paragraph != NULL)
        docx_putf(out, "<w:pPr>%s</w:pPr>", style->paragraph);
    if (style->letters != NULL)
        docx_putf(out, "<w:rPr>%s</w:rPr>", style->letters);
    docx_put(out, "</w:style>");
}

#define RULE(edge) "<w:" edge " w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"9AA3AD\"/>"
#define CELL_MARGINS                                                                               \
    "<w:tblCellMar><w:top w:w=\"40\" w:type=\"dxa\"/><w:left w:w=\"80\" w:type=\"dxa\"/>"          \
    "<w:bottom w:w=\"40\" w:type=\"dxa\"/><w:right w:w=\"80\" w:type=\"dxa\"/></w:tblCellMar>"

#define FACT_MARGINS                                                                               \
    "<w:tblCellMar><w:top w:w=\"20\" w:type=\"dxa\"/><w:left w:w=\"0\" w:type=\"dxa\"/>"           \
    "<w:bottom w:w=\"20\" w:type=\"dxa\"/><w:right w:w=\"120\" w:type=\"dxa\"/></w:tblCellMar>"

static void styles(const struct paper *paper, struct docx_out *out)
{
    docx_putf(out,
              DOCX_XML "<w:styles xmlns:w=\"" DOCX_MAIN "\"><w:docDefaults><w:rPrDefault><w:rPr>"
                       "<w:rFonts w:ascii=\"" FONT "\" w:hAnsi=\"" FONT "\" w:eastAsia=\"" FONT
                       "\" w:cs=\"" FONT "\"/><w:sz w:val=\"24\"/><w:szCs w:val=\"24\"/>"
                       "<w:lang w:val=\"%s\" w:eastAsia=\"en-US\" w:bidi=\"ar-SA\"/>"
                       "</w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>" SPACE(
                           "0", "120") "</w:pPr></w:pPrDefault></w:docDefaults>",
              locale(paper));
    for (size_t i = 0; i < sizeof styles_of_text / sizeof styles_of_text[0]; i++)
        put_style(out, &styles_of_text[i]);
    docx_put(out, "<w:style w:type=\"table\" w:default=\"1\" w:styleId=\"TableNormal\">"
                  "<w:name w:val=\"Normal Table\"/><w:tblPr><w:tblInd w:w=\"0\" w:type=\"dxa\"/>"
                  "</w:tblPr></w:style>");
    docx_put(
        out,
        "<w:style w:type=\"table\" w:customStyle=\"1\" w:styleId=\"ReportTable\">"
        "<w:name w:val=\"Report Table\"/><w:basedOn w:val=\"TableNormal\"/><w:tblPr>"
        "<w:tblBorders>" RULE("top") RULE("left") RULE("bottom") RULE("right") RULE("insideH") RULE(
            "insideV") "</w:tblBorders>" CELL_MARGINS
                       "</w:tblPr><w:tblStylePr w:type=\"firstRow\"><w:rPr><w:b/></w:rPr><w:tcPr>"
                       "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"E6EBF1\"/>"
                       "<w:vAlign w:val=\"center\"/></w:tcPr></w:tblStylePr></w:style>");
    docx_put(
        out,
        "<w:style w:type=\"table\" w:customStyle=\"1\" w:styleId=\"FactsTable\">"
        "<w:name w:val=\"Facts Table\"/><w:basedOn w:val=\"TableNormal\"/><w:tblPr>" FACT_MARGINS
        "</w:tblPr></w:style></w:styles>");
}

const struct docx_part docx_parts[] = {
    {"[Content_Types].xml", content_types},
    {"_rels/.rels", package_relations},
    {"docProps/core.xml", core_properties},
    {"docProps/app.xml", app_properties},
    {"word/_rels/document.xml.rels", document_relations},
    {"word/styles.xml", styles},
    {"word/numbering.xml", numbering},
    {"word/settings.xml", settings},
    {"word/footer1.xml", footer},
};
const size_t docx_part_count = sizeof docx_parts / sizeof docx_parts[0];
