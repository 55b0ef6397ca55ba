/* lib/io/yaml_node.h - what a node is made of, for the two files that know: yaml.c builds, and
 * yaml_node.c answers questions.
 */
#ifndef ESEP_IO_YAML_NODE_H
#define ESEP_IO_YAML_NODE_H

#include "io/yaml.h"

struct esep_yaml_node {
    enum esep_yaml_kind kind;
    int line;
    int column;
    int width; /* of a scalar written in one line, quotes included; -1: several lines */
    bool open;
    const char *text;
    const struct esep_yaml_node **items; /* a map: key, value, key, value ... */
    size_t count;                        /* of items */
    size_t expanded;
};

#endif
