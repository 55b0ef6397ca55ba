/* lib/io/yaml.h - YAML documents as a tree that remembers where each node stood.
 *
 * For plans and configs: a reader asks for the keys it knows and collects every complaint with
 * file:line:column, so that a person mends a file in one go. Unknown and repeated keys are
 * complaints too, with the nearest known key offered. Built on libyaml's event interface, so that
 * every bound holds while the file is being read: its size, the nodes (an alias counts as much as
 * what it stands for, so a few lines cannot unfold into millions), the depth, the keys of one map.
 * An alias is the very node of its anchor and complains at the anchor's place. Tags, merge keys, a
 * second document and an alias inside its own anchor are refused.
 *
 * Complaints: the caller zeroes the struct once; loading adds to it and sets `file`, which each
 * complaint then takes along.
 */
#ifndef ESEP_IO_YAML_H
#define ESEP_IO_YAML_H

#include "base/slice.h"

#define ESEP_YAML_BYTES_MAX ((size_t)4 << 20)
#define ESEP_YAML_NODES_MAX 200000
#define ESEP_YAML_DEPTH_MAX 32
#define ESEP_YAML_KEYS_MAX 256

struct esep_yaml;
struct esep_yaml_node; /* opaque: borrowed from the document */

struct esep_complaint {
    int line;   /* from 1 */
    int column; /* from 1, in characters */
    char file[256];
    char text[240];
};
#define ESEP_COMPLAINTS_MAX 200
struct esep_complaints {
    char file[256]; /* the file being read now */
    size_t count;   /* may exceed ESEP_COMPLAINTS_MAX: the rest are only counted */
    struct esep_complaint items[ESEP_COMPLAINTS_MAX];
};
/* Control characters and cut letters in what is complained of do not reach the text. The same
 * complaint at the same place is kept once. */
void esep_complain(struct esep_complaints *complaints, const struct esep_yaml_node *node,
                   const char *format, ...) ESEP_PRINTF(3, 4);
void esep_complain_at(struct esep_complaints *complaints, int line, int column, const char *format,
                      ...) ESEP_PRINTF(4, 5);

/* By file (in the order they first complained), line and column. */
void esep_complaints_sort(struct esep_complaints *complaints);
/* The word of the NULL-terminated list that was most likely meant, or NULL: few letters differ. */
const char *esep_nearest(const char *word, const char *const *known);

/* ESEP_NOT_FOUND / ESEP_IO with a reason; ESEP_INVALID: not YAML, complaints say where. */
ESEP_MUST_USE enum esep_status esep_yaml_load(struct esep_yaml **ret, const char *path,
                                              struct esep_complaints *complaints,
                                              struct esep_reason *reason);
/* The same from memory; name stands for the file in messages. */
ESEP_MUST_USE enum esep_status esep_yaml_parse(struct esep_yaml **ret, const char *name,
                                               struct esep_slice text,
                                               struct esep_complaints *complaints);
void esep_yaml_free(struct esep_yaml *yaml);

enum esep_yaml_kind { ESEP_YAML_SCALAR = 1, ESEP_YAML_LIST, ESEP_YAML_MAP };
const struct esep_yaml_node *esep_yaml_root(const struct esep_yaml *yaml);
enum esep_yaml_kind esep_yaml_kind(const struct esep_yaml_node *node);
int esep_yaml_line(const struct esep_yaml_node *node);
int esep_yaml_column(const struct esep_yaml_node *node);
/* The column of the character at byte `offset` of a scalar's text; the node's own column where the
 * text as written is not one line without escapes. */
int esep_yaml_column_at(const struct esep_yaml_node *scalar, size_t offset);
const char *esep_yaml_scalar(const struct esep_yaml_node *node); /* "" unless a scalar */
size_t esep_yaml_count(const struct esep_yaml_node *node);       /* items or pairs */
const struct esep_yaml_node *esep_yaml_item(const struct esep_yaml_node *list, size_t i);
const struct esep_yaml_node *esep_yaml_key(const struct esep_yaml_node *map, size_t i);
const struct esep_yaml_node *esep_yaml_value(const struct esep_yaml_node *map, size_t i);
const struct esep_yaml_node *esep_yaml_get(const struct esep_yaml_node *map, const char *key);
/* Complains of every key of map that is not in the NULL-terminated list, and of repeated ones. */
void esep_yaml_known(const struct esep_yaml_node *map, const char *const *known,
                     struct esep_complaints *complaints);
#endif
