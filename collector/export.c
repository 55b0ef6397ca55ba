/* collector/export.c - see export.h: from the picture to the format that was asked for. */
#include "collector/export.h"

const struct export_format_about export_formats[EXPORT_FORMATS] = {
    [EXPORT_DOCX] = {"docx",
                     "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                     true},
    [EXPORT_PDF] = {"pdf", "application/pdf", true},
    [EXPORT_XLSX] = {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                     true},
    [EXPORT_CSV] = {"csv", "text/csv; charset=utf-8", false},
    [EXPORT_JSON] = {"json", "application/json", false},
    [EXPORT_ICS] = {"ics", "text/calendar; charset=utf-8", false},
};

bool export_format_parse(const char *name, enum export_format *ret)
{
    for (int f = 0; f < EXPORT_FORMATS; f++) {
        if (strcmp(export_formats[f].name, name) != 0)
            continue;
        *ret = (enum export_format)f;
        return true;
    }
    return false;
}

static bool reading(void *context, uint64_t done, uint64_t all)
{
    const struct export_request *request = context;
    return request->progress(request->progress_context, false, done, all);
}

static bool writing(void *context, size_t done, size_t total)
{
    const struct export_request *request = context;
    return request->progress(request->progress_context, true, done, total);
}

static void sheet_begin(void *context, const char *id, const char *title,
                        const struct paper_column *columns, size_t count)
{
    (void)id;
    paper_table(context, title, NULL, columns, count);
}

static void sheet_row(void *context, const struct paper_cell *cells, size_t count)
{
    (void)count;
    paper_row(context, cells);
}

/* The workbook: the flat tables alone, a sheet each. */
static enum esep_status make_workbook(const struct consolidated *c,
                                      const struct export_request *request, struct paper **ret,
                                      struct esep_reason *reason)
{
    char title[EXPORT_SHORT];
    const struct paper_about about = {
        .language = export_language_code(request->language),
        .title = export_say(request->language, title, sizeof title, WORD_TITLE, c->year),
        .subject = esep_text(c->plan->title, export_language_code(request->language)),
        .author = "Esep",
        .foot = "",
        .page = export_word(request->language, WORD_PAGE),
        .zone = c->zone,
        .made_at = c->as_of,
        .bytes_max = request->bytes_max};
    struct paper *paper = paper_new(&about);
    if (paper == NULL)
        return ESEP_NOMEM;
    const struct export_sink sink = {paper, sheet_begin, sheet_row};
    enum esep_status status = export_sheets(c, request->language, NULL, &sink, reason);
    if (status != ESEP_OK) {
        paper_free(paper);
        return status;
    }
    *ret = paper;
    return ESEP_OK;
}

static enum esep_status write_paper(const struct consolidated *c,
                                    const struct export_request *request, FILE *out,
                                    struct esep_reason *reason)
{
    struct paper *paper = NULL;
    const struct paper_writing how = {
        .progress = request->progress != NULL ? writing : NULL,
        .context = (void *)(uintptr_t)request}; /* given back to writing(), which only reads */
    enum esep_status status = request->format == EXPORT_XLSX
                                  ? make_workbook(c, request, &paper, reason)
                                  : export_doc(c, request, &paper, reason);
    if (status != ESEP_OK)
        return status;
    status = paper_status(paper);
    if (status == ESEP_LIMIT)
        (void)esep_because(reason, status, "the document is larger than the %zu MiB it may take",
                           request->bytes_max >> 20);
    else if (status != ESEP_OK)
        (void)esep_because(reason, status, "no memory for the document");
    else if (request->format == EXPORT_DOCX)
        status = paper_write_docx(paper, out, &how, reason);
    else if (request->format == EXPORT_PDF)
        status = paper_write_pdf(paper, out, &how, reason);
    else
        status = paper_write_xlsx(paper, out, &how, reason);
    paper_free(paper);
    return status;
}

enum esep_status export_write(const struct consolidated_source *source,
                              const struct export_request *request, FILE *out,
                              struct esep_reason *reason)
{
    if (request->format == EXPORT_ICS)
        return export_ical(source, request, out, reason);
    struct consolidated *c = NULL;
    const struct consolidated_options options = {.plan = request->plan,
                                                 .year = request->year,
                                                 .as_of = request->as_of,
                                                 .bytes_max = request->bytes_max,
                                                 .progress =
                                                     request->progress != NULL ? reading : NULL,
                                                 .progress_context = (void *)(uintptr_t)request};
    enum esep_status status = consolidated_make(&c, source, &options, reason);
    if (status != ESEP_OK)
        return status;
    switch (request->format) {
    case EXPORT_CSV:
        status = export_csv(c, request, out, reason);
        break;
    case EXPORT_JSON:
        status = export_json(c, out, reason);
        break;
    default:
        status = write_paper(c, request, out, reason);
        break;
    }
    consolidated_free(c);
    return status;
}
