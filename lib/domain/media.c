/* lib/domain/media.c - what a file is by its first bytes, and what its name may be; see media.h. */
#include "domain/media.h"

#include "base/text.h"

#include <stdio.h>

static const struct esep_media kinds[] = {
    {"application/pdf", " pdf ", "PDF"},
    {"image/jpeg", " jpg jpeg jpe jfif ", "JPEG"},
    {"image/png", " png ", "PNG"},
    {"image/tiff", " tif tiff ", "TIFF"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", " docx ", "DOCX"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", " xlsx ", "XLSX"},
    {"application/vnd.oasis.opendocument.text", " odt ", "ODT"},
    {"application/vnd.oasis.opendocument.spreadsheet", " ods ", "ODS"},
    {"text/plain", " txt ", "plain text"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

const struct esep_media *esep_media_at(size_t number)
{
    return number < KINDS ? &kinds[number] : NULL;
}

const struct esep_media *esep_media_find(const char *type)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

static bool begins(struct esep_slice content, const char *bytes, size_t len)
{
    return content.len >= len && memcmp(content.data, bytes, len) == 0;
}
#define BEGINS(content, literal) begins((content), (literal), sizeof(literal) - 1)

/* What is known by its first bytes and not taken, and what to do about it. Text may begin with the
 * letters of some of them ("BMW"): they are asked last, of what is no text. */
#define ARCHIVE "it is an archive: attach the files in it one by one"
#define UTF_16 "it is text in UTF-16: save it as text in UTF-8"
static const struct refused {
    const char *bytes;
    size_t len;
    bool text;
    const char *what;
} refused[] = {
#define REFUSED(literal, text, what)                                                               \
    {                                                                                              \
        (literal), sizeof(literal) - 1, (text), (what)                                             \
    }
    REFUSED("#!", true, "it is a script"),
    REFUSED("{\\rtf", true, "it is RTF: save it as DOCX or PDF"),
    REFUSED("%!PS", true, "it is PostScript: save it as PDF"),
    REFUSED("MZ", false, "it is a Windows program"),
    REFUSED("\177ELF", false, "it is a program"),
    REFUSED("\xca\xfe\xba\xbe", false, "it is a program"),
    REFUSED("\xcf\xfa\xed\xfe", false, "it is a program"),
    REFUSED(
        "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", false,
        "it is an old or an encrypted Office document (DOC, XLS, PPT, MSG): save it as DOCX, XLSX "
        "or PDF, without a password"),
    REFUSED("Rar!", false, ARCHIVE),
    REFUSED("7z\xbc\xaf\x27\x1c", false, ARCHIVE),
    REFUSED("\x1f\x8b", false, ARCHIVE),
    REFUSED("BZh", false, ARCHIVE),
    REFUSED("\3757zXZ", false, ARCHIVE),
    REFUSED("GIF8", false, "it is a GIF picture: save it as PNG"),
    REFUSED("BM", false, "it is a BMP picture: save it as PNG"),
    REFUSED("\xff\xfe", false, UTF_16),
    REFUSED("\xfe\xff", false, UTF_16),
};

static bool is_refused(struct esep_slice content, bool text, struct esep_reason *reason)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (refused[i].text == text && begins(content, refused[i].bytes, refused[i].len)) {
            (void)esep_because(reason, ESEP_INVALID, "%s", refused[i].what);
            return true;
        }
    return false;
}

static bool is_pdf(struct esep_slice content, struct esep_reason *reason)
{
    static const char end[] = "%%EOF";
    const size_t tail = content.len < 2048 ? content.len : 2048;
    for (size_t i = content.len - tail; i + sizeof end - 1 <= content.len; i++)
        if (memcmp(content.data + i, end, sizeof end - 1) == 0)
            return true;
    (void)esep_because(reason, ESEP_INVALID,
                       "it begins as a PDF and has no end: it was cut off, copy or scan it again");
    return false;
}

static bool is_tiff(struct esep_slice content)
{
    if (content.len < 8 || (!BEGINS(content, "II*\0") && !BEGINS(content, "MM\0*")))
        return false;
    const uint8_t *p = content.data + 4;
    const uint64_t first = content.data[0] == 'M' ? esep_be32(p)
                                                  : (uint64_t)p[0] | (uint64_t)p[1] << 8 |
                                                        (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
    return first >= 8 && first + 2 <= content.len;
}

static int lower(int letter)
{
    return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter;
}

static bool text_at(struct esep_slice text, size_t at, const char *word)
{
    size_t i = 0;
    while (word[i] != 0 && at + i < text.len && lower(text.data[at + i]) == word[i])
        i++;
    return word[i] == 0;
}

/* What a browser that guesses would take for markup: as far as any of them looks, and beyond. */
static bool looks_like_markup(struct esep_slice text)
{
    static const char *const words[] = {"<!doctype", "<html", "<head", "<body",   "<script",
                                        "<svg",      "<?xml", "<?php", "<iframe", "<!--"};
    const size_t far = text.len < 4096 ? text.len : 4096;
    size_t at = BEGINS(text, "\xef\xbb\xbf") ? 3 : 0;
    while (at < far && (text.data[at] == ' ' || (text.data[at] >= '\t' && text.data[at] <= '\r')))
        at++;
    if (at < far && text.data[at] == '<')
        return true;
    for (; at < far; at++)
        for (size_t i = 0; text.data[at] == '<' && i < sizeof words / sizeof *words; i++)
            if (text_at(text, at, words[i]))
                return true;
    return false;
}

static const char *by_content(struct esep_slice content, struct esep_reason *reason)
{
    const char *type = NULL;
    if (BEGINS(content, "%PDF-"))
        return is_pdf(content, reason) ? kinds[0].type : NULL;
    if (BEGINS(content, "\xff\xd8\xff"))
        return "image/jpeg";
    if (BEGINS(content, "\x89PNG\r\n\x1a\n") && content.len > 33 &&
        memcmp(content.data + 12, "IHDR", 4) == 0)
        return "image/png";
    if (is_tiff(content))
        return "image/tiff";
    if (BEGINS(content, "PK\3\4"))
        return esep_media_zip(content, &type, reason) == ESEP_OK ? type : NULL;
    if (is_refused(content, true, reason))
        return NULL;
    if (looks_like_markup(content)) {
        (void)esep_because(reason, ESEP_INVALID,
                           "it is HTML, SVG or XML, which a browser would run: save it as PDF");
        return NULL;
    }
    if (esep_utf8_valid(content))
        return "text/plain";
    if (is_refused(content, false, reason))
        return NULL;
    (void)esep_because(
        reason, ESEP_INVALID,
        "it is none of the kinds that are taken (PDF, JPEG, PNG, TIFF, DOCX, XLSX, ODT, "
        "ODS, text in UTF-8): save or scan it as one of these");
    return NULL;
}

/* The name's ending in lower case; empty: there is none, or none of ours is so long. */
static void ending_of(const char *name, char out[12])
{
    const char *dot = strrchr(name, '.');
    size_t len = dot != NULL && dot != name ? strlen(dot + 1) : 0;
    if (len > 8)
        len = 0;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)lower((unsigned char)dot[1 + i]);
    out[len] = '\0';
}

static enum esep_status check_ending(const struct esep_media *media, const char *name,
                                     struct esep_reason *reason)
{
    char ending[12], wanted[16];
    ending_of(name, ending);
    (void)snprintf(wanted, sizeof wanted, " %s ", ending);
    if (ending[0] != '\0' && strchr(ending, ' ') == NULL && strstr(media->endings, wanted) != NULL)
        return ESEP_OK;
    if (ending[0] == '\0')
        return esep_because(
            reason, ESEP_INVALID, "it is %s, and its name has no ending that says so: add .%.*s",
            media->called_en, (int)strcspn(media->endings + 1, " "), media->endings + 1);
    return esep_because(
        reason, ESEP_INVALID,
        "it is %s, and its name says .%s: name it .%.*s, or save it as what its name "
        "says",
        media->called_en, ending, (int)strcspn(media->endings + 1, " "), media->endings + 1);
}

enum esep_status esep_media_check(struct esep_slice content, const char *name,
                                  const struct esep_media **ret, struct esep_reason *reason)
{
    if (content.len == 0)
        return esep_because(reason, ESEP_INVALID, "it is empty");
    if (content.len > ESEP_MEDIA_FILE_BYTES_MAX)
        return esep_because(
            reason, ESEP_LIMIT,
            "it has %zu bytes, and a file may have %llu: scan it with fewer dots, or "
            "in parts",
            content.len, (unsigned long long)ESEP_MEDIA_FILE_BYTES_MAX);
    const char *type = by_content(content, reason);
    const struct esep_media *media = type != NULL ? esep_media_find(type) : NULL;
    if (media == NULL)
        return ESEP_INVALID;
    const enum esep_status status = check_ending(media, name, reason);
    if (status == ESEP_OK)
        *ret = media;
    return status;
}
