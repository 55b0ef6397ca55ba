/* lib/paper/paper_clean.c - texts by others, made fit for a page.
 *
 * What comes from an office may hold anything: half letters, control characters that no XML may
 * hold, marks that turn the rest of a line round, a hundred accents on one letter that grow over
 * the rows above, a thousand empty lines. None of it may break a file or hide its neighbours;
 * everything that a reader could have read stays. The report itself, byte for byte, is in the log.
 */
#include "paper/paper_model.h"

#define MARKS_MAX 2 /* on one letter, as Vietnamese needs; more would reach into the row above */
#define BROKEN 0xfffdu

/* The code point at p and its length; what is no letter is BROKEN, one byte long. */
static uint32_t decode(const unsigned char *p, size_t *ret_len)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80                    ? 1
                 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                 : p[0] >= 0xe0 && p[0] < 0xf0  ? 3
                 : p[0] >= 0xc2 && p[0] < 0xe0  ? 2
                                                : 0;
    *ret_len = 1;
    if (len == 0)
        return BROKEN;
    uint32_t code = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) { /* the NUL at the end is no continuation */
        if ((p[i] & 0xc0) != 0x80)
            return BROKEN;
        code = code << 6 | (p[i] & 0x3fu);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return BROKEN;
    *ret_len = len;
    return code;
}

static size_t encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)((0xf00u >> len & 0xf0u) | code);
    return len;
}

struct range {
    uint32_t first, last;
};

static bool within(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

static bool unwanted(uint32_t code)
{
    static const struct range ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},       /* controls; the line feed never comes here */
        {0x202a, 0x202e}, {0x2066, 0x2069},   /* embeddings, overrides, isolates */
        {0xfdd0, 0xfdef}, {0xfeff, 0xfeff},   /* no characters; a byte order mark */
        {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}, /* interlinear marks, tags */
    };
    return (code & 0xfffe) == 0xfffe || within(code, ranges, sizeof ranges / sizeof ranges[0]);
}

static bool combining(uint32_t code)
{
    static const struct range ranges[] = {
        {0x300, 0x36f},   {0x483, 0x489},   {0x1ab0, 0x1aff},
        {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f},
    };
    return code >= 0x300 && within(code, ranges, sizeof ranges / sizeof ranges[0]);
}

/* A character that is to be there; line ends of every kind are line feeds. 0: none. */
static uint32_t wanted(uint32_t code, const unsigned char *next)
{
    switch (code) {
    case '\t':
        return ' ';
    case '\n':
    case 0x85:
    case 0x2028:
    case 0x2029:
        return '\n';
    case '\r':
        return *next == '\n' ? 0 : '\n';
    default:
        return unwanted(code) ? 0 : code;
    }
}

size_t paper_clean(const char *raw, char *out)
{
    const unsigned char *p = (const unsigned char *)raw;
    size_t len = 0;
    unsigned marks = 0;
    unsigned feeds = 0; /* line feeds and, behind them, nothing yet */
    while (*p != '\0') {
        size_t taken = 0;
        uint32_t code = decode(p, &taken);
        p += taken;
        code = wanted(code, p);
        marks = code != 0 && combining(code) ? marks + 1 : 0;
        if (code == 0 || marks > MARKS_MAX)
            continue;
        if (code == '\n') {
            feeds++;
            continue;
        }
        /* No empty lines at the head or the end, and one at most between. */
        for (; feeds > 0; feeds = feeds > 2 ? 1 : feeds - 1) {
            if (len == 0)
                continue;
            if (out != NULL)
                out[len] = '\n';
            len++;
        }
        char letter[4];
        size_t letter_len = encode(code, letter);
        if (out != NULL)
            memcpy(out + len, letter, letter_len);
        len += letter_len;
    }
    if (out != NULL)
        out[len] = '\0';
    return len;
}

struct esep_slice paper_line_next(struct paper_lines *lines)
{
    while (lines->rest != NULL) {
        const char *line = lines->rest;
        size_t len = strcspn(line, "\n");
        lines->rest = line[len] == '\n' ? line + len + 1 : NULL;
        if (len > 0 || !lines->skip_empty)
            return esep_slice(line, len);
    }
    return esep_slice(NULL, 0);
}

void paper_page_parts(const char *page, struct esep_slice ret_parts[3], unsigned *ret_fields)
{
    *ret_fields = 0;
    while (*ret_fields < 2) {
        const char *field = strstr(page, "%u");
        if (field == NULL)
            break;
        ret_parts[(*ret_fields)++] = esep_slice(page, (size_t)(field - page));
        page = field + 2;
    }
    ret_parts[*ret_fields] = esep_slice_str(page);
    for (unsigned i = *ret_fields + 1; i < 3; i++)
        ret_parts[i] = esep_slice(NULL, 0);
}
