/* lib/domain/media_zip.c - DOCX, XLSX, ODT, ODS: a ZIP archive with their marks, and nothing that
 * runs.
 *
 * Reads the archive's list of names (APPNOTE 4.3.12) and unpacks nothing. The list must be whole,
 * at the file's end, and agree with itself: what programs read differently would be judged here as
 * one thing and opened as another.
 */
#include "domain/media.h"

#include <stdio.h>

#define END_BYTES 22
#define ENTRY_BYTES 46
#define LOCAL_BYTES 30
#define COMMENT_MAX 65535
#define ENTRIES_MAX 10000
#define NAME_BYTES 160 /* longer names are compared by what fits: none of ours is so long */

static uint32_t le16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static enum esep_status refuse(struct esep_reason *reason, const char *why)
{
    return esep_because(reason, ESEP_INVALID, "%s", why);
}

static const char damaged[] = "the document is damaged: open it, save it anew, and attach that";

struct list {
    const uint8_t *at, *end;
    uint32_t count;
};

/* The record at the end, whose comment ends exactly where the file does. */
static enum esep_status find_list(struct esep_slice zip, struct list *ret,
                                  struct esep_reason *reason)
{
    const uint8_t *end = NULL;
    for (size_t back = END_BYTES; end == NULL && back <= zip.len && back <= END_BYTES + COMMENT_MAX;
         back++) {
        const uint8_t *p = zip.data + zip.len - back;
        if (memcmp(p, "PK\5\6", 4) == 0 && le16(p + 20) == back - END_BYTES)
            end = p;
    }
    if (end == NULL)
        return refuse(reason, "the document was cut off: copy it again");
    const uint64_t bytes = le32(end + 12), offset = le32(end + 16);
    if (le16(end + 4) != 0 || le16(end + 6) != 0 || le16(end + 8) != le16(end + 10) ||
        offset + bytes != (uint64_t)(end - zip.data))
        return refuse(reason, damaged);
    *ret = (struct list){
        .at = zip.data + offset, .end = zip.data + offset + bytes, .count = le16(end + 10)};
    return ret->count > ENTRIES_MAX
               ? refuse(reason, "the document has too many parts: print it to PDF")
               : ESEP_OK;
}

/* The next entry's name in lower case, as far as it fits. */
static enum esep_status next_name(struct list *list, char out[NAME_BYTES],
                                  struct esep_reason *reason)
{
    const uint8_t *p = list->at;
    if (list->end - p < ENTRY_BYTES || memcmp(p, "PK\1\2", 4) != 0)
        return refuse(reason, damaged);
    const size_t len = le16(p + 28);
    const size_t whole = ENTRY_BYTES + len + le16(p + 30) + le16(p + 32);
    if ((size_t)(list->end - p) < whole || len == 0)
        return refuse(reason, damaged);
    if ((le16(p + 8) & 1) != 0)
        return refuse(reason, "the document has a password: save it without one");
    const size_t kept = len < NAME_BYTES - 1 ? len : NAME_BYTES - 1;
    for (size_t i = 0; i < kept; i++) {
        const uint8_t c = p[ENTRY_BYTES + i];
        if (c == 0)
            return refuse(reason, damaged);
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c == '\\' ? '/' : c);
    }
    out[kept] = '\0';
    list->at += whole;
    return ESEP_OK;
}

static bool ends(const char *name, const char *with)
{
    const size_t len = strlen(name), tail = strlen(with);
    return len >= tail && strcmp(name + len - tail, with) == 0;
}

/* What in an office document runs, or brings along what runs; NULL: nothing. */
static const char *dangerous(const char *name)
{
    static const char *const endings[] = {".exe", ".dll", ".com",   ".scr",  ".bat", ".cmd", ".js",
                                          ".jse", ".vbs", ".vbe",   ".wsf",  ".hta", ".ps1", ".lnk",
                                          ".jar", ".msi", ".class", ".html", ".htm"};
    if (strstr(name, "vbaproject") != NULL || strstr(name, "vbadata") != NULL ||
        strstr(name, "macrosheets/") != NULL || strncmp(name, "basic/", 6) == 0 ||
        strncmp(name, "scripts/", 8) == 0)
        return "the document holds macros: save it without them, as DOCX, XLSX, ODT, ODS or PDF";
    if (strstr(name, "activex/") != NULL || strstr(name, "oleobject") != NULL ||
        (strstr(name, "embeddings/") != NULL && ends(name, ".bin")))
        return "the document holds an object of another program: print it to PDF, or take that out";
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends(name, endings[i]))
            return "the document holds a program or a page: take that out";
    return NULL;
}

/* The marks of the kinds. ODF's stands first in the archive, unpacked (its specification, part 3).
 */
static const char *odf_type(struct esep_slice zip)
{
    static const char *const types[] = {"application/vnd.oasis.opendocument.text",
                                        "application/vnd.oasis.opendocument.spreadsheet"};
    static const char name[] = "mimetype";
    const uint8_t *p = zip.data;
    if (zip.len < LOCAL_BYTES + sizeof name || le16(p + 8) != 0 ||
        le16(p + 26) != sizeof name - 1 || memcmp(p + LOCAL_BYTES, name, sizeof name - 1) != 0)
        return NULL;
    const size_t at = LOCAL_BYTES + sizeof name - 1 + le16(p + 28);
    const size_t len = le32(p + 18);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (len == strlen(types[i]) && len <= zip.len && at <= zip.len - len &&
            memcmp(p + at, types[i], len) == 0)
            return types[i];
    return NULL;
}

static const struct {
    const char *mark, *type;
} marks[] = {
    {"word/document.xml",
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
};

enum esep_status esep_media_zip(struct esep_slice content, const char **ret_type,
                                struct esep_reason *reason)
{
    struct list list;
    char name[NAME_BYTES];
    const char *ooxml = NULL;
    bool types = false, body = false, twice = false;
    enum esep_status status = find_list(content, &list, reason);
    for (uint32_t i = 0; status == ESEP_OK && i < list.count; i++) {
        status = next_name(&list, name, reason);
        const char *why = status == ESEP_OK ? dangerous(name) : NULL;
        if (why != NULL)
            status = refuse(reason, why);
        if (status != ESEP_OK)
            break;
        types = types || strcmp(name, "[content_types].xml") == 0;
        body = body || strcmp(name, "content.xml") == 0;
        for (size_t m = 0; m < sizeof marks / sizeof *marks; m++)
            if (strcmp(name, marks[m].mark) == 0) {
                twice = twice || ooxml != NULL;
                ooxml = marks[m].type;
            }
    }
    if (status != ESEP_OK)
        return status;
    if (list.at != list.end)
        return refuse(reason, damaged);
    const char *odf = odf_type(content);
    if (odf != NULL && body && ooxml == NULL && !types)
        *ret_type = odf;
    else if (odf == NULL && types && ooxml != NULL && !twice && !body)
        *ret_type = ooxml;
    else
        return refuse(
            reason,
            "it is an archive, or a document of a kind that is not taken: attach the files in "
            "it one by one, or save it as DOCX, XLSX, ODT, ODS or PDF");
    return ESEP_OK;
}
