/* lib/paper/paper_pdf.c - pages and running text, see paper_pdf.h. */
#include "paper/paper_pdf.h"

#include "base/text.h"

#include <cairo-pdf.h>
#include <errno.h>

#define A4_SHORT 595.276
#define A4_LONG 841.89
#define MARGIN_LEFT 56.7 /* 2 cm, where it is filed */
#define MARGIN 42.5
#define FOOT_GAP 9.0
#define FOOT_LINES 3
#define PAGE_LABEL_WIDTH 130.0
#define BULLET_INDENT 16.0
#define FAMILY "Noto Sans, DejaVu Sans, sans-serif"
#define MUST_HAVE "ӘәҒғҚқҢңӨөҰұҮүҺһІіЁё₸№«»•−"

static const struct {
    double size;
    bool bold;
    double before, after;
} roles[PDF_ROLES] = {
    [PDF_BODY] = {10, false, 0, 5},      [PDF_TITLE] = {17, true, 0, 12},
    [PDF_HEADING] = {13.5, true, 14, 6}, [PDF_SUBHEADING] = {11.5, true, 10, 4},
    [PDF_MINOR] = {10, true, 8, 3},      [PDF_NOTE] = {8.5, false, 0, 4},
    [PDF_CAPTION] = {9.5, true, 6, 4},   [PDF_FOOT] = {7, false, 0, 0},
    [PDF_CELL] = {8.5, false, 0, 0},     [PDF_CELL_STRONG] = {8.5, true, 0, 0},
    [PDF_SMALL] = {7, false, 0, 0},      [PDF_SMALL_STRONG] = {7, true, 0, 0},
    [PDF_FACT] = {9.5, false, 0, 0},     [PDF_FACT_STRONG] = {9.5, true, 0, 0},
};

double pdf_layout_height(PangoLayout *layout)
{
    int height = 0;
    pango_layout_get_size(layout, NULL, &height);
    return (double)height / PANGO_SCALE;
}

void pdf_colour(struct pdf *pdf, enum paper_tone tone)
{
    static const unsigned char colours[][3] = {
        [PAPER_PLAIN] = {0x11, 0x14, 0x18},   [PAPER_GOOD] = {0x1b, 0x6e, 0x3c},
        [PAPER_WARNING] = {0x8a, 0x5a, 0x00}, [PAPER_BAD] = {0xa3, 0x20, 0x1c},
        [PAPER_FAINT] = {0x5b, 0x64, 0x70},
    };
    cairo_set_source_rgb(pdf->cairo, colours[tone][0] / 255.0, colours[tone][1] / 255.0,
                         colours[tone][2] / 255.0);
}

double pdf_line(struct pdf *pdf, PangoLayoutIter *iter, double x, double y)
{
    int top = 0;
    int end = 0;
    pango_layout_iter_get_line_yrange(iter, &top, &end);
    if (pdf->drawing) {
        PangoRectangle box;
        pango_layout_iter_get_line_extents(iter, NULL, &box);
        int baseline = pango_layout_iter_get_baseline(iter);
        cairo_move_to(pdf->cairo, x + (double)box.x / PANGO_SCALE,
                      y + (double)(baseline - top) / PANGO_SCALE);
        pango_cairo_show_layout_line(pdf->cairo, pango_layout_iter_get_line_readonly(iter));
    }
    return (double)(end - top) / PANGO_SCALE;
}

/* "page 3 of 17" */
static void page_label(const struct pdf *pdf, char *out, size_t len)
{
    struct esep_slice parts[3];
    unsigned count = 0;
    paper_page_parts(pdf->paper->about.page, parts, &count);
    size_t used = 0;
    for (unsigned i = 0; i < 3 && used < len; i++) {
        used += (size_t)snprintf(out + used, len - used, "%.*s", (int)parts[i].len,
                                 parts[i].len > 0 ? (const char *)parts[i].data : "");
        if (i < count && used < len)
            used += (size_t)snprintf(out + used, len - used, "%u",
                                     i == 0 ? pdf->page : pdf->page_count);
    }
}

static PangoLayout *foot_layout(struct pdf *pdf)
{
    /* One paragraph: a foot of many lines would leave no page. */
    char *foot = g_strdup(pdf->paper->about.foot);
    for (char *p = foot; *p != '\0'; p++)
        if (*p == '\n')
            *p = ' ';
    PangoLayout *shared =
        pdf_layout(pdf, PDF_FOOT, PDF_LEFT, foot, strlen(foot), pdf->width - PAGE_LABEL_WIDTH - 8);
    PangoLayout *layout = pango_layout_copy(shared);
    g_object_unref(shared);
    pango_layout_set_height(layout, -FOOT_LINES);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    g_free(foot);
    return layout;
}

static void draw_foot(struct pdf *pdf)
{
    if (!pdf->drawing)
        return;
    double y = pdf->bottom + FOOT_GAP;
    cairo_set_source_rgb(pdf->cairo, 0.6, 0.64, 0.68);
    cairo_set_line_width(pdf->cairo, 0.4);
    cairo_move_to(pdf->cairo, pdf->left, y - 3);
    cairo_line_to(pdf->cairo, pdf->left + pdf->width, y - 3);
    cairo_stroke(pdf->cairo);
    pdf_colour(pdf, PAPER_FAINT);
    cairo_move_to(pdf->cairo, pdf->left, y);
    pango_cairo_show_layout(pdf->cairo, pdf->foot);
    char label[256];
    page_label(pdf, label, sizeof label);
    esep_text_line(label, sizeof label, label);
    PangoLayout *page =
        pdf_layout(pdf, PDF_FOOT, PDF_RIGHT, label, strlen(label), PAGE_LABEL_WIDTH);
    cairo_move_to(pdf->cairo, pdf->left + pdf->width - PAGE_LABEL_WIDTH, y);
    pango_cairo_show_layout(pdf->cairo, page);
    g_object_unref(page);
}

bool pdf_at_top(const struct pdf *pdf)
{
    return pdf->y <= pdf->top;
}

void pdf_new_page(struct pdf *pdf)
{
    if (pdf->drawing)
        cairo_show_page(pdf->cairo);
    pdf->page++;
    pdf->y = pdf->top;
    draw_foot(pdf);
}

void pdf_need(struct pdf *pdf, double height)
{
    if (pdf->y + height > pdf->bottom && !pdf_at_top(pdf))
        pdf_new_page(pdf);
}

/* No line of a paragraph stands alone at a page's end or head, where two would. */
void pdf_flow(struct pdf *pdf, PangoLayout *layout, double x)
{
    int left = pango_layout_get_line_count(layout);
    bool first = true;
    PangoLayoutIter *iter = pango_layout_get_iter(layout);
    do {
        int top = 0;
        int end = 0;
        pango_layout_iter_get_line_yrange(iter, &top, &end);
        double height = (double)(end - top) / PANGO_SCALE;
        bool pair = left == 2 || (first && left > 1);
        pdf_need(pdf, pair ? 2 * height : height);
        pdf->y += pdf_line(pdf, iter, x, pdf->y);
        first = false;
        left--;
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

bool pdf_step(struct pdf *pdf)
{
    if (pdf->status == ESEP_OK)
        pdf->status =
            paper_step(pdf->writing, ++pdf->done, 2 * pdf->paper->unit_count, pdf->reason);
    return pdf->status == ESEP_OK;
}

static enum pdf_role role_of(const struct paper_block *block)
{
    static const enum pdf_role headings[] = {PDF_TITLE, PDF_HEADING, PDF_SUBHEADING, PDF_MINOR};
    if (block->kind == PAPER_HEADING)
        return headings[block->level - 1];
    return block->kind == PAPER_NOTE ? PDF_NOTE : PDF_BODY;
}

/* What has to stand together where this block begins: a heading with what follows it. */
static double start_height(struct pdf *pdf, const struct paper_block *block, unsigned depth)
{
    if (block == NULL || block->kind == PAPER_PAGE_BREAK)
        return 0;
    if (block->kind == PAPER_TABLE || block->kind == PAPER_FACTS)
        return pdf_table_start(pdf, block);
    enum pdf_role role = role_of(block);
    PangoLayout *layout =
        pdf_layout(pdf, role, PDF_LEFT, block->text, strlen(block->text), pdf->width);
    double height = pdf_layout_height(layout);
    g_object_unref(layout);
    double two_lines = 3.2 * roles[role].size;
    if (block->kind != PAPER_HEADING)
        return height < two_lines ? height : two_lines;
    height += roles[role].before + roles[role].after;
    return height + (depth < 3 ? start_height(pdf, block->next, depth + 1) : 0);
}

static void outline(struct pdf *pdf, const struct paper_block *block)
{
    char place[96];
    char title[256];
    if (!pdf->drawing || block->text[0] == '\0')
        return;
    esep_text_line(title, sizeof title, block->text);
    snprintf(place, sizeof place, "page=%u pos=[%d %d]", pdf->page, (int)pdf->left, (int)pdf->y);
    unsigned level = block->level;
    cairo_pdf_outline_flags_t flags = level <= 2 ? CAIRO_PDF_OUTLINE_FLAG_OPEN : 0;
    int entry =
        cairo_pdf_surface_add_outline(pdf->surface, pdf->outline[level - 1], title, place, flags);
    for (unsigned i = level; i < 5; i++)
        pdf->outline[i] = entry;
}

static void text_block(struct pdf *pdf, const struct paper_block *block)
{
    enum pdf_role role = role_of(block);
    bool bullet = block->kind == PAPER_BULLET;
    double indent = bullet ? BULLET_INDENT : 0;
    if (!pdf_at_top(pdf))
        pdf->y += roles[role].before;
    if (block->kind == PAPER_HEADING) {
        pdf_need(pdf, start_height(pdf, block, 0) - roles[role].before);
        outline(pdf, block);
    }
    struct paper_lines lines = {.rest = block->text, .skip_empty = true};
    for (struct esep_slice line; (line = paper_line_next(&lines)).len > 0;) {
        PangoLayout *layout = pdf_layout(pdf, role, role == PDF_TITLE ? PDF_CENTRE : PDF_LEFT,
                                         (const char *)line.data, line.len, pdf->width - indent);
        pdf_colour(pdf, block->kind == PAPER_NOTE ? PAPER_FAINT : PAPER_PLAIN);
        pdf_need(pdf,
                 pdf_layout_height(layout) < 3 * roles[role].size ? pdf_layout_height(layout) : 0);
        if (bullet) {
            PangoLayout *mark = pdf_layout(pdf, role, PDF_LEFT, "\xe2\x80\xa2", 3, indent);
            PangoLayoutIter *iter = pango_layout_get_iter(mark);
            (void)pdf_line(pdf, iter, pdf->left + 5, pdf->y);
            pango_layout_iter_free(iter);
            g_object_unref(mark);
            bullet = false;
        }
        pdf_flow(pdf, layout, pdf->left + indent);
        g_object_unref(layout);
        pdf->y += lines.rest != NULL ? 2 : 0;
    }
    pdf->y += roles[role].after;
}

/* From the first block to the last, on pages of its own. */
static void lay_out(struct pdf *pdf, bool drawing)
{
    pdf->drawing = drawing;
    pdf->page = 1;
    pdf->y = pdf->top;
    draw_foot(pdf);
    const struct paper_block *block = pdf->paper->blocks;
    for (; block != NULL && pdf_step(pdf); block = block->next) {
        if (block->kind == PAPER_TABLE || block->kind == PAPER_FACTS)
            pdf_table(pdf, block);
        else if (block->kind != PAPER_PAGE_BREAK)
            text_block(pdf, block);
        else if (!pdf_at_top(pdf))
            pdf_new_page(pdf);
    }
    if (drawing)
        cairo_show_page(pdf->cairo);
    pdf->page_count = pdf->page;
}

/* Never an error to cairo, which does not survive one in every place (its outline points to pages
 * that it then has not kept): what went wrong is in status, and stops the layout. */
static cairo_status_t to_file(void *context, const unsigned char *data, unsigned int len)
{
    struct pdf *pdf = context;
    if (pdf->status == ESEP_OK)
        pdf->status = paper_put(pdf->out, data, len, pdf->reason);
    return CAIRO_STATUS_SUCCESS;
}

static void describe(struct pdf *pdf)
{
    const struct paper_about *about = &pdf->paper->about;
    char at[32];
    esep_time_format(about->made_at, NULL, at);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_TITLE, about->title);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_SUBJECT, about->subject);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_AUTHOR, about->author);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_CREATOR, "Esep");
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_CREATE_DATE, at);
    cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_MOD_DATE, at);
}

static void set_up_page(struct pdf *pdf)
{
    bool landscape = pdf->paper->about.landscape;
    pdf->page_width = landscape ? A4_LONG : A4_SHORT;
    pdf->page_height = landscape ? A4_SHORT : A4_LONG;
    pdf->left = MARGIN_LEFT;
    pdf->top = MARGIN;
    pdf->width = pdf->page_width - MARGIN_LEFT - MARGIN;
    for (unsigned i = 0; i < 5; i++)
        pdf->outline[i] = CAIRO_PDF_OUTLINE_ROOT;
}

static void set_up_fonts(struct pdf *pdf)
{
    pdf->fonts = pango_cairo_font_map_new(); /* not this thread's: it goes with the document */
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(pdf->fonts), 72);
    pdf->context = pango_font_map_create_context(pdf->fonts);
    pango_cairo_update_context(pdf->cairo, pdf->context);
    pango_context_set_round_glyph_positions(pdf->context, FALSE);
    pango_context_set_base_dir(pdf->context, PANGO_DIRECTION_LTR);
    pango_context_set_language(pdf->context,
                               pango_language_from_string(pdf->paper->about.language));
    for (unsigned i = 0; i < PDF_ROLES; i++) {
        pdf->roles[i] = pango_font_description_new();
        pango_font_description_set_family_static(pdf->roles[i], FAMILY);
        pango_font_description_set_size(pdf->roles[i], (int)(roles[i].size * PANGO_SCALE));
        if (roles[i].bold)
            pango_font_description_set_weight(pdf->roles[i], PANGO_WEIGHT_BOLD);
    }
    pdf->attributes = pango_attr_list_new();
    pango_attr_list_insert(pdf->attributes, pango_attr_insert_hyphens_new(FALSE));
    pdf->layouts = pdf_layouts_new();
    pdf->foot = foot_layout(pdf);
    pdf->bottom = pdf->page_height - MARGIN * 0.6 - pdf_layout_height(pdf->foot) - FOOT_GAP;
}

static enum esep_status check_fonts(struct pdf *pdf)
{
    PangoLayout *layout =
        pdf_layout(pdf, PDF_BODY, PDF_LEFT, MUST_HAVE, strlen(MUST_HAVE), pdf->width);
    int unknown = pango_layout_get_unknown_glyphs_count(layout);
    g_object_unref(layout);
    if (unknown == 0)
        return ESEP_OK;
    return esep_because(pdf->reason, ESEP_IO,
                        "no font here has the Kazakh letters and the sign of the tenge: install "
                        "fonts-noto-core or fonts-dejavu-core");
}

static void tear_down(struct pdf *pdf)
{
    g_object_unref(pdf->foot);
    g_hash_table_unref(pdf->layouts);
    for (unsigned i = 0; i < PDF_ROLES; i++)
        pango_font_description_free(pdf->roles[i]);
    pango_attr_list_unref(pdf->attributes);
    g_object_unref(pdf->context);
    g_object_unref(pdf->fonts);
    cairo_destroy(pdf->cairo);
    cairo_surface_destroy(pdf->surface);
}

enum esep_status paper_write_pdf(const struct paper *paper, FILE *out,
                                 const struct paper_writing *writing, struct esep_reason *reason)
{
    enum esep_status status = paper_ready(paper, reason);
    if (status != ESEP_OK)
        return status;
    struct pdf pdf = {.paper = paper, .writing = writing, .reason = reason, .out = out};
    set_up_page(&pdf);
    pdf.surface =
        cairo_pdf_surface_create_for_stream(to_file, &pdf, pdf.page_width, pdf.page_height);
    pdf.cairo = cairo_create(pdf.surface);
    describe(&pdf);
    set_up_fonts(&pdf);
    pdf.status = check_fonts(&pdf);
    if (pdf.status == ESEP_OK)
        lay_out(&pdf, false);
    if (pdf.status == ESEP_OK)
        lay_out(&pdf, true);
    /* What was stopped ends here too, but no byte of it is written any more. */
    cairo_surface_finish(pdf.surface);
    cairo_status_t drawn = cairo_status(pdf.cairo);
    if (drawn == CAIRO_STATUS_SUCCESS)
        drawn = cairo_surface_status(pdf.surface);
    if (pdf.status == ESEP_OK && drawn != CAIRO_STATUS_SUCCESS)
        pdf.status = esep_because(reason, drawn == CAIRO_STATUS_NO_MEMORY ? ESEP_NOMEM : ESEP_IO,
                                  "the pages cannot be drawn: %s", cairo_status_to_string(drawn));
    tear_down(&pdf);
    return pdf.status == ESEP_OK ? paper_flush(out, reason) : pdf.status;
}
