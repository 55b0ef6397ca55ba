/* collector/figures.c - see figures.h. */
#include "collector/figures.h"

#include "io/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define LINE_MAX_BYTES 400
#define SAY "# say "

static void add(struct esep_buf *figures, const char *line, int len)
{
    if (len <= 0 || len >= LINE_MAX_BYTES)
        return;
    const enum esep_status status = esep_buf_put(figures, line, (size_t)len);
    (void)status; /* a line is in it whole, or not at all */
}

void figures_begin(struct esep_buf *ret)
{
    esep_buf_init(ret, FIGURES_BYTES_MAX);
}

static bool ends_in(const char *name, const char *end)
{
    const size_t len = strlen(name);
    return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/* Whether the last sample is of this name: it then has its TYPE line already. */
static bool is_last(const struct esep_buf *figures, const char *name)
{
    const uint8_t *at = figures->data;
    size_t line = 0;
    for (size_t i = 0; i + 1 < figures->len; i++)
        if (at[i] == '\n')
            line = i + 1;
    const size_t len = strlen(name);
    return figures->len > line + len && memcmp(at + line, name, len) == 0 && at[line + len] == '{';
}

void figures_put(struct esep_buf *figures, const char *name, const char *label, uint64_t value)
{
    char line[LINE_MAX_BYTES];
    char where[128] = "";
    if (label[0] != 0) {
        /* Quotes, strokes and line ends cannot stand in a label as they are (text format 0.0.4). */
        (void)snprintf(where, sizeof where, "{name=\"%.100s\"}", label);
        for (char *at = where + 7; at[0] != 0 && at[1] != 0 && at[2] != 0; at++)
            if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ')
                *at = '_';
    }
    if (label[0] == 0 || !is_last(figures, name))
        add(figures, line,
            snprintf(line, sizeof line, "# TYPE %s %s\n", name,
                     ends_in(name, "_total") ? "counter" : "gauge"));
    add(figures, line,
        snprintf(line, sizeof line, "%s%s %llu\n", name, where, (unsigned long long)value));
}

void figures_say(struct esep_buf *figures, const char *key, const char *text)
{
    char line[LINE_MAX_BYTES];
    if (text[0] == 0)
        return;
    const int len = snprintf(line, sizeof line, SAY "%s: %.300s\n", key, text);
    for (int i = 0; i + 1 < len && i < LINE_MAX_BYTES; i++)
        if ((unsigned char)line[i] < ' ')
            line[i] = ' ';
    add(figures, line, len);
}

static void path_of(const char *store, char ret[512])
{
    (void)snprintf(ret, 512, "%s/figures", store);
}

enum esep_status figures_publish(const char *store, const struct esep_buf *figures)
{
    char path[512];
    path_of(store, path);
    return esep_file_replace(path, 0666, ESEP_REPLACE_UNSYNCED, figures->data, figures->len)
               ? ESEP_OK
               : ESEP_IO;
}

void figures_read(const char *store, struct figures *ret)
{
    char path[512];
    struct stat info;
    path_of(store, path);
    ret->len = 0;
    ret->text[0] = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fstat(fileno(file), &info) == 0) {
        ret->len = fread(ret->text, 1, sizeof ret->text - 1, file);
        ret->text[ret->len] = 0;
        ret->len = strlen(ret->text);
        const esep_time age = ((esep_time)time(NULL) - (esep_time)info.st_mtime) * ESEP_SECOND;
        ret->age = age > 0 ? age : 0;
    }
    (void)fclose(file);
}

/* What follows `start` on the line that begins with it. */
static const char *find_line(const struct figures *figures, const char *start)
{
    const size_t len = strlen(start);
    const char *at = figures->text;
    while (at != NULL && *at != 0) {
        if (strncmp(at, start, len) == 0)
            return at + len;
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return NULL;
}

bool figures_value(const struct figures *figures, const char *name, uint64_t *ret_value)
{
    char start[128];
    unsigned long long value = 0;
    (void)snprintf(start, sizeof start, "%s ", name);
    const char *at = find_line(figures, start);
    if (at == NULL || sscanf(at, "%20llu", &value) != 1)
        return false;
    *ret_value = value;
    return true;
}

void figures_said(const struct figures *figures, const char *key, struct esep_reason *ret)
{
    char start[128];
    (void)snprintf(start, sizeof start, SAY "%s: ", key);
    const char *at = find_line(figures, start);
    (void)snprintf(ret->text, sizeof ret->text, "%.*s", at != NULL ? (int)strcspn(at, "\n") : 0,
                   at != NULL ? at : "");
}
