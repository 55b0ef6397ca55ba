/* lib/io/yaml.h - YAML documents as a tree that remembers where each node stood.
 *
 * For plans and configs: a reader asks for the keys it knows and collects every complaint with
 * file:line:column, so that a person mends a file in one go. Unknown and repeated keys are
 * complaints too, with the nearest known key offered. Anchors and aliases work; the size of the
 * file, the number of nodes and the depth are bounded. Built on libyaml's document interface.
 */
#ifndef ESEP_IO_YAML_H
#define ESEP_IO_YAML_H

#include "base/slice.h"

struct esep_yaml;
struct esep_yaml_node; /* opaque: borrowed from the document */

struct esep_complaint {
    int line;   /* from 1 */
    int column; /* from 1, in characters */
    char text[240];
};
#define ESEP_COMPLAINTS_MAX 200
struct esep_complaints {
    char file[256];
    size_t count;   /* may exceed ESEP_COMPLAINTS_MAX: the rest are only counted */
    struct esep_complaint items[ESEP_COMPLAINTS_MAX];
};
void esep_complain(struct esep_complaints *complaints, const struct esep_yaml_node *node,
                   const char *format, ...) ESEP_PRINTF(3, 4);
void esep_complain_at(struct esep_complaints *complaints, int line, int column, const char *format,
                      ...) ESEP_PRINTF(4, 5);

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
