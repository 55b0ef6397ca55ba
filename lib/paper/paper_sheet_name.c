/* lib/paper/paper_sheet_name.c - see paper_sheet_name.h. */
#include "paper/paper_sheet_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The first letters of text, cut behind a whole one. They count as UTF-16 has them. */
static void cut(char *text, size_t letters_max)
{
    size_t letters = 0;
    for (char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        letters += (unsigned char)*p >= 0xf0 ? 2 : 1;
        if (letters > letters_max) {
            *p = '\0';
            return;
        }
    }
}

/* Spaces and apostrophes vanish from both ends. */
static void trim(char *text)
{
    size_t head = strspn(text, " '");
    memmove(text, text + head, strlen(text + head) + 1);
    for (size_t len = strlen(text); len > 0 && strchr(" '", text[len - 1]) != NULL;)
        text[--len] = '\0';
}

static void bend(const char *wanted, char name[PAPER_SHEET_NAME_BYTES])
{
    char *copy = g_strdup(wanted);
    for (char *p = copy; *p != '\0'; p++)
        if (strchr("[]:*?/\\\n", *p) != NULL)
            *p = ' ';
    trim(copy);
    cut(copy, PAPER_SHEET_NAME_LETTERS);
    trim(copy);
    snprintf(name, PAPER_SHEET_NAME_BYTES, "%s", copy[0] != '\0' ? copy : "1");
    g_free(copy);
}

/* False: somebody has it. */
static bool take(struct paper_sheet_names *names, const char *name)
{
    char *small = g_utf8_casefold(name, -1);
    if (strcmp(small, "history") != 0 && g_hash_table_add(names->taken, small))
        return true;
    if (strcmp(small, "history") == 0)
        g_free(small); /* the table frees what it does not keep */
    return false;
}

void paper_sheet_name(struct paper_sheet_names *names, const char *wanted,
                      char ret_name[PAPER_SHEET_NAME_BYTES])
{
    if (names->taken == NULL)
        names->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char name[PAPER_SHEET_NAME_BYTES];
    bend(wanted, name);
    snprintf(ret_name, PAPER_SHEET_NAME_BYTES, "%s", name);
    for (unsigned i = 2; !take(names, ret_name); i++) {
        char suffix[16];
        int len = snprintf(suffix, sizeof suffix, " (%u)", i);
        char stem[PAPER_SHEET_NAME_BYTES];
        snprintf(stem, sizeof stem, "%s", name);
        cut(stem, PAPER_SHEET_NAME_LETTERS - (size_t)len);
        snprintf(ret_name, PAPER_SHEET_NAME_BYTES, "%.100s%s", stem, suffix);
    }
}

void paper_sheet_names_done(struct paper_sheet_names *names)
{
    if (names->taken != NULL)
        g_hash_table_destroy(names->taken);
    names->taken = NULL;
}
