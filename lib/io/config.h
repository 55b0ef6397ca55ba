/* lib/io/config.h - a daemon's configuration: one table, from which parsing, defaults, limits,
 * `--help-config` and the man page are made.
 *
 * A row says: dotted path in the YAML file ("limits.frame_bytes"), type, where in the struct, its
 * default as text, its range, and a sentence. Reading fills the whole struct or nothing. A fallback
 * of "" means: may be left out or empty (text "", zero key, no texts, NODE NULL).
 */
#ifndef ESEP_IO_CONFIG_H
#define ESEP_IO_CONFIG_H

#include "io/yaml.h"

#include <stdio.h>

enum esep_config_type {
    ESEP_CONFIG_TEXT,     /* char[size] */
    ESEP_CONFIG_PATH,     /* char[size]; relative to the config file's folder */
    ESEP_CONFIG_U64,      /* uint64_t; min..max; accepts 64k, 4M, 1G (of 1024) */
    ESEP_CONFIG_DURATION, /* int64_t microseconds; "250ms", "30s", "5m", "6h", "7d" */
    ESEP_CONFIG_BOOL,     /* bool */
    ESEP_CONFIG_KEY,      /* uint8_t[32] from 64 hex digits */
    ESEP_CONFIG_TEXTS,    /* struct esep_config_texts */
    ESEP_CONFIG_NODE,     /* const struct esep_yaml_node *: read by the owner's own function */
};
#define ESEP_CONFIG_TEXTS_MAX 16
struct esep_config_texts {
    size_t count;
    char text[ESEP_CONFIG_TEXTS_MAX][256];
};

struct esep_config_row {
    const char *path;
    enum esep_config_type type;
    size_t offset;
    size_t size;
    const char *fallback; /* NULL: must be given */
    uint64_t min, max;    /* U64, DURATION (in microseconds), TEXTS (how many); 0,0: any */
    const char *help;
};
/* Zeroes complaints first. On success the document stays open in *ret_yaml (free it after reading
 * NODE rows). Prints nothing: complaints say everything. */
ESEP_MUST_USE enum esep_status esep_config_read(const char *file,
                                                const struct esep_config_row *rows, size_t count,
                                                void *ret_config, struct esep_yaml **ret_yaml,
                                                struct esep_complaints *complaints,
                                                struct esep_reason *reason);
/* Reads a whole configuration, has its owner look at it, and says on stderr what is wrong. config:
 * a zeroed structure of the rows; it is filled where all is well, and its NODE members are NULL
 * afterwards. look (or NULL): called once each row could be read, with the document's root; it
 * takes what NODE rows hold and complains of what rows cannot say. ESEP_INVALID: complaints were
 * printed.
 */
ESEP_MUST_USE enum esep_status
esep_config_load(const char *file, const struct esep_config_row *rows, size_t count, void *config,
                 void (*look)(void *config, const struct esep_yaml_node *root,
                              struct esep_complaints *complaints),
                 struct esep_reason *reason);
/* The table for people: `--help-config`. */
void esep_config_help(const struct esep_config_row *rows, size_t count, FILE *out);
/* Says all complaints on stderr as file:line:column: text. */
void esep_complaints_print(const struct esep_complaints *complaints);
#endif
