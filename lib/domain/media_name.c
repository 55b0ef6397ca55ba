/* lib/domain/media_name.c - a file's name as it may be shown and saved anywhere; see media.h. */
#include "base/text.h"
#include "domain/media.h"

#include <stdio.h>

#define NAME_MAX_BYTES (ESEP_MEDIA_NAME_BYTES - 1)

static bool continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Letters that are not seen, or that turn what stands behind them round: "scan\u202efdp.exe". */
static bool unseen(const unsigned char *p)
{
    if (p[0] == 0xe2 && p[1] == 0x80) /* U+2028..202E, U+200B..200F */
        return (p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae);
    if (p[0] == 0xe2 && p[1] == 0x81) /* U+2060..206F */
        return p[2] >= 0xa0 && p[2] <= 0xaf;
    return (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) || /* U+FEFF */
           (p[0] == 0xd8 && p[1] == 0x9c);                   /* U+061C */
}

static size_t letter_len(const char *p)
{
    size_t len = 1;
    while (continuation(p[len]))
        len++;
    return len;
}

/* One letter at p, `len` bytes long: what becomes of it. */
static const char *clean_letter(const char *p, size_t len)
{
    const struct esep_slice letter = esep_slice(p, len);
    if ((unsigned char)p[0] < 0x20 || p[0] == 0x7f)
        return " ";
    if (!esep_utf8_valid(letter) || (len == 1 && strchr("<>:\"|?*/\\", p[0]) != NULL))
        return "_";
    return unseen((const unsigned char *)p) ? "" : NULL; /* NULL: it stays */
}

/* What does not fit goes from before the ending, behind a whole letter. */
static size_t cut(char *name, size_t len, size_t room)
{
    if (len <= room)
        return len;
    const char *dot = strrchr(name, '.');
    size_t ending = dot != NULL ? len - (size_t)(dot - name) : 0;
    if (ending > 12)
        ending = 0;
    size_t stem = room - ending;
    while (stem > 0 && continuation(name[stem]))
        stem--;
    memmove(name + stem, name + len - ending, ending + 1);
    name[stem + ending] = '\0';
    return stem + ending;
}

static bool reserved_on_windows(const char *name)
{
    static const char *const words[] = {"con", "prn", "aux", "nul", "com", "lpt"};
    const size_t stem = strcspn(name, ".");
    char low[5] = "";
    if (stem < 3 || stem > 4)
        return false;
    for (size_t i = 0; i < stem; i++)
        low[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(low, words[i], 3) == 0)
            return i < 4 ? stem == 3 : stem == 4 && low[3] >= '0' && low[3] <= '9';
    return false;
}

/* Spaces and dots at either end hide a file, or get lost on the way. */
static size_t trim(char *name, size_t len)
{
    const size_t front = strspn(name, " .");
    memmove(name, name + front, len - front + 1);
    len -= front;
    while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '.'))
        name[--len] = '\0';
    return len;
}

void esep_media_name(const char *path, char out[ESEP_MEDIA_NAME_BYTES])
{
    char name[4096];
    size_t len = 0;
    for (const char *p = path; *p != '\0'; p++)
        if (*p == '/' || *p == '\\')
            path = p + 1;
    for (const char *p = path; *p != '\0' && len < sizeof name - 8;) {
        const size_t letter = letter_len(p) < 5 ? letter_len(p) : 5;
        const char *becomes = clean_letter(p, letter);
        const size_t made = becomes != NULL ? strlen(becomes) : letter;
        memcpy(name + len, becomes != NULL ? becomes : p, made);
        len += made;
        p += letter;
    }
    name[len] = '\0';
    len = trim(name, len);
    if (len == 0)
        len = (size_t)snprintf(name, sizeof name, "file");
    const size_t mark = reserved_on_windows(name) ? 1 : 0;
    len = trim(name, cut(name, len, NAME_MAX_BYTES - mark));
    out[0] = '_';
    memcpy(out + mark, name, len + 1);
}
