/* lib/io/yaml_node.c - questions to the nodes of a YAML tree. */
#include "io/yaml_node.h"

const struct esep_yaml_node *esep_yaml_item(const struct esep_yaml_node *list, size_t i)
{
    ESEP_ASSERT(list->kind == ESEP_YAML_LIST && i < list->count);
    return list->items[i];
}

const struct esep_yaml_node *esep_yaml_key(const struct esep_yaml_node *map, size_t i)
{
    ESEP_ASSERT(map->kind == ESEP_YAML_MAP && i < map->count / 2);
    return map->items[2 * i];
}

const struct esep_yaml_node *esep_yaml_value(const struct esep_yaml_node *map, size_t i)
{
    ESEP_ASSERT(map->kind == ESEP_YAML_MAP && i < map->count / 2);
    return map->items[2 * i + 1];
}

enum esep_yaml_kind esep_yaml_kind(const struct esep_yaml_node *node)
{
    return node->kind;
}

int esep_yaml_line(const struct esep_yaml_node *node)
{
    return node->line;
}

int esep_yaml_column(const struct esep_yaml_node *node)
{
    return node->column;
}

const char *esep_yaml_scalar(const struct esep_yaml_node *node)
{
    return node->kind == ESEP_YAML_SCALAR ? node->text : "";
}

size_t esep_yaml_count(const struct esep_yaml_node *node)
{
    return node->kind == ESEP_YAML_MAP ? node->count / 2 : node->count;
}

static int letters(const char *text, size_t bytes)
{
    int count = 0;
    for (size_t i = 0; i < bytes && text[i] != '\0'; i++)
        count += (text[i] & 0xc0) != 0x80;
    return count;
}

int esep_yaml_column_at(const struct esep_yaml_node *scalar, size_t offset)
{
    if (scalar->kind != ESEP_YAML_SCALAR)
        return scalar->column;
    /* As wide as its letters: plain. Two wider: quoted, without an escape. Else nobody knows. */
    int extra = scalar->width - letters(scalar->text, SIZE_MAX);
    if (extra != 0 && extra != 2)
        return scalar->column;
    return scalar->column + extra / 2 + letters(scalar->text, offset);
}

const struct esep_yaml_node *esep_yaml_get(const struct esep_yaml_node *map, const char *key)
{
    for (size_t i = 0; map->kind == ESEP_YAML_MAP && i < esep_yaml_count(map); i++) {
        const struct esep_yaml_node *name = esep_yaml_key(map, i);
        if (name->kind == ESEP_YAML_SCALAR && strcmp(name->text, key) == 0)
            return esep_yaml_value(map, i);
    }
    return NULL;
}

static bool key_known(const char *key, const char *const *known)
{
    for (; *known != NULL; known++)
        if (strcmp(*known, key) == 0)
            return true;
    return false;
}

static void complain_unknown(const struct esep_yaml_node *key, const char *const *known,
                             struct esep_complaints *complaints)
{
    const char *nearest = esep_nearest(key->text, known);
    if (strcmp(key->text, "<<") == 0)
        esep_complain(complaints, key, "merge keys (<<) are not read here: write the keys out");
    else if (nearest != NULL)
        esep_complain(complaints, key, "unknown key \"%.60s\": did you mean \"%s\"?", key->text,
                      nearest);
    else
        esep_complain(complaints, key, "unknown key \"%.60s\"", key->text);
}

void esep_yaml_known(const struct esep_yaml_node *map, const char *const *known,
                     struct esep_complaints *complaints)
{
    if (map->kind != ESEP_YAML_MAP)
        return;
    for (size_t i = 0; i < esep_yaml_count(map); i++) {
        const struct esep_yaml_node *key = esep_yaml_key(map, i);
        if (key->kind != ESEP_YAML_SCALAR) {
            esep_complain(complaints, key, "a key must be a plain word");
            continue;
        }
        if (!key_known(key->text, known))
            complain_unknown(key, known, complaints);
        for (size_t j = 0; j < i; j++) {
            const struct esep_yaml_node *earlier = esep_yaml_key(map, j);
            if (earlier->kind != ESEP_YAML_SCALAR || strcmp(earlier->text, key->text) != 0)
                continue;
            esep_complain(complaints, key, "\"%.60s\" was given before, in line %d", key->text,
                          earlier->line);
            break;
        }
    }
}
