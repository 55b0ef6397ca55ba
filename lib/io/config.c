/* lib/io/config.c - a config file against its table.
 *
 * Two passes: the keys (is every key of every map a row's, or leads to one), then each row's value
 * into a copy of the struct. Only when nobody complained does the copy become the config: a HUP
 * with a bad file changes nothing.
 *
 * Defaults go through the same parsers as the file's values. A default that does not parse is our
 * own bug, and asserted.
 */
#include "io/config.h"

#include <inttypes.h>
#include <stdlib.h>

#define KEYS_MAX 128

struct reading {
    const struct esep_config_row *row;
    const struct esep_yaml_node *node; /* NULL: a default */
    const char *file;
    struct esep_complaints *complaints;
    uint8_t *at;
};

static const struct unit {
    const char *name;
    uint64_t factor;
} size_units[] = {{"", 1}, {"k", 1u << 10}, {"M", 1u << 20}, {"G", 1u << 30}},
  time_units[] = {{"ms", 1000},
                  {"s", 1000000},
                  {"m", 60000000},
                  {"h", 3600000000u},
                  {"d", UINT64_C(86400000000)}};
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *name;
    size_t size; /* 0: the row's own */
} types[] = {
    [ESEP_CONFIG_TEXT] = {"text", 0},
    [ESEP_CONFIG_PATH] = {"path", 0},
    [ESEP_CONFIG_U64] = {"number", sizeof(uint64_t)},
    [ESEP_CONFIG_DURATION] = {"duration", sizeof(int64_t)},
    [ESEP_CONFIG_BOOL] = {"true or false", sizeof(bool)},
    [ESEP_CONFIG_KEY] = {"key, 64 hex digits", 32},
    [ESEP_CONFIG_TEXTS] = {"list of texts", sizeof(struct esep_config_texts)},
    [ESEP_CONFIG_NODE] = {"list or map", sizeof(void *)},
};

static size_t row_size(const struct esep_config_row *row)
{
    return types[row->type].size != 0 ? types[row->type].size : row->size;
}

/* "250ms" with the table's units; false: not that, or beyond 63 bits. */
static bool parse_quantity(const char *text, const struct unit *units, size_t unit_count,
                           uint64_t *ret)
{
    uint64_t value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(*p - '0');
    }
    if (p == text)
        return false;
    for (size_t i = 0; i < unit_count; i++) {
        if (strcmp(p, units[i].name) != 0)
            continue;
        if (value > INT64_MAX / units[i].factor)
            return false;
        *ret = value * units[i].factor;
        return true;
    }
    return false;
}

/* The largest unit that divides it: 65536 is "64k". */
static void format_quantity(uint64_t value, const struct unit *units, size_t unit_count, char *out,
                            size_t size)
{
    size_t best = 0;
    for (size_t i = 1; i < unit_count; i++)
        if (value != 0 && value % units[i].factor == 0)
            best = i;
    snprintf(out, size, "%" PRIu64 "%s", value / units[best].factor, units[best].name);
}

static void format_for(const struct esep_config_row *row, uint64_t value, char out[32])
{
    if (row->type == ESEP_CONFIG_DURATION)
        format_quantity(value, time_units, COUNT_OF(time_units), out, 32);
    else
        format_quantity(value, size_units, COUNT_OF(size_units), out, 32);
}

static bool in_range(const struct reading *r, uint64_t value, const char *text)
{
    const struct esep_config_row *row = r->row;
    if ((row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max))
        return true;
    char low[32], high[32];
    format_for(row, row->min, low);
    format_for(row, row->max, high);
    esep_complain(r->complaints, r->node, "\"%s\" is %.40s: it may be from %s to %s", row->path,
                  text, low, high);
    return false;
}

static bool read_text(const struct reading *r, const char *text)
{
    size_t len = strlen(text);
    if (len >= r->row->size) {
        esep_complain(r->complaints, r->node, "\"%s\" is too long: %zu bytes at most", r->row->path,
                      r->row->size - 1);
        return false;
    }
    memset(r->at, 0, r->row->size);
    memcpy(r->at, text, len);
    return true;
}

static bool read_path(const struct reading *r, const char *text)
{
    const char *slash = strrchr(r->file, '/');
    if (text[0] == '/' || text[0] == '\0' || slash == NULL)
        return read_text(r, text);
    char joined[1024];
    int len = snprintf(joined, sizeof joined, "%.*s/%s", (int)(slash - r->file), r->file, text);
    if (len < 0 || (size_t)len >= sizeof joined) {
        esep_complain(r->complaints, r->node, "\"%s\" is too long a path", r->row->path);
        return false;
    }
    return read_text(r, joined);
}

static bool read_u64(const struct reading *r, const char *text)
{
    uint64_t value;
    if (!parse_quantity(text, size_units, COUNT_OF(size_units), &value)) {
        esep_complain(r->complaints, r->node,
                      "\"%s\" is \"%.40s\": write a whole number, such as 500, 64k, 4M or 1G",
                      r->row->path, text);
        return false;
    }
    if (!in_range(r, value, text))
        return false;
    memcpy(r->at, &value, sizeof value);
    return true;
}

static bool read_duration(const struct reading *r, const char *text)
{
    uint64_t value = 0;
    if (strcmp(text, "0") != 0 && !parse_quantity(text, time_units, COUNT_OF(time_units), &value)) {
        esep_complain(r->complaints, r->node,
                      "\"%s\" is \"%.40s\": write a duration, such as 250ms, 30s, 5m, 6h or 7d",
                      r->row->path, text);
        return false;
    }
    if (!in_range(r, value, text))
        return false;
    int64_t us = (int64_t)value;
    memcpy(r->at, &us, sizeof us);
    return true;
}

static bool read_bool(const struct reading *r, const char *text)
{
    bool value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0) {
        esep_complain(r->complaints, r->node, "\"%s\" is \"%.40s\": write true or false",
                      r->row->path, text);
        return false;
    }
    memcpy(r->at, &value, sizeof value);
    return true;
}

static bool read_key(const struct reading *r, const char *text)
{
    memset(r->at, 0, 32);
    if (r->node == NULL && text[0] == '\0')
        return true;
    if (strlen(text) == 64 && esep_unhex(text, r->at, 32) == ESEP_OK)
        return true;
    esep_complain(r->complaints, r->node,
                  "\"%s\" is no key: a key is 64 hex digits, this has %zu "
                  "characters",
                  r->row->path, strlen(text));
    return false;
}

static bool read_texts(const struct reading *r)
{
    struct esep_config_texts texts = {0};
    const struct esep_yaml_node *list = r->node;
    if (esep_yaml_kind(list) != ESEP_YAML_LIST) {
        esep_complain(r->complaints, list, "\"%s\" must be a list: [first, second]", r->row->path);
        return false;
    }
    size_t count = esep_yaml_count(list);
    bool any = r->row->min == 0 && r->row->max == 0;
    size_t least = any ? r->row->fallback == NULL : (size_t)r->row->min;
    size_t most =
        any || r->row->max > ESEP_CONFIG_TEXTS_MAX ? ESEP_CONFIG_TEXTS_MAX : (size_t)r->row->max;
    if (count < least || count > most) {
        esep_complain(r->complaints, list, "\"%s\" has %zu items: it may have from %zu to %zu",
                      r->row->path, count, least, most);
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(list, i);
        const char *text = esep_yaml_scalar(item);
        size_t len = strlen(text);
        if (len == 0 || len >= sizeof texts.text[i]) {
            esep_complain(r->complaints, item, "an item of \"%s\" must be a text of 1 to %zu bytes",
                          r->row->path, sizeof texts.text[i] - 1);
            good = false;
            continue;
        }
        for (size_t j = 0; j < i; j++)
            if (strcmp(texts.text[j], text) == 0) {
                esep_complain(r->complaints, item, "\"%.60s\" is twice in \"%s\"", text,
                              r->row->path);
                good = false;
            }
        memcpy(texts.text[i], text, len);
    }
    texts.count = count;
    memcpy(r->at, &texts, sizeof texts);
    return good;
}

static bool read_scalar(const struct reading *r, const char *text)
{
    switch (r->row->type) {
    case ESEP_CONFIG_TEXT:
        return read_text(r, text);
    case ESEP_CONFIG_PATH:
        return read_path(r, text);
    case ESEP_CONFIG_U64:
        return read_u64(r, text);
    case ESEP_CONFIG_DURATION:
        return read_duration(r, text);
    case ESEP_CONFIG_BOOL:
        return read_bool(r, text);
    default:
        ESEP_ASSERT(r->row->type == ESEP_CONFIG_KEY);
        return read_key(r, text);
    }
}

static void read_default(const struct reading *r)
{
    const char *text = r->row->fallback;
    if (r->row->type == ESEP_CONFIG_TEXTS || r->row->type == ESEP_CONFIG_NODE) {
        ESEP_ASSERT(text[0] == '\0');
        memset(r->at, 0, row_size(r->row));
        return;
    }
    ESEP_ASSERT(read_scalar(r, text));
}

static void read_row(const struct reading *r)
{
    if (r->row->type == ESEP_CONFIG_NODE) {
        memcpy(r->at, &r->node, sizeof r->node);
        return;
    }
    if (r->row->type == ESEP_CONFIG_TEXTS) {
        (void)read_texts(r);
        return;
    }
    if (esep_yaml_kind(r->node) != ESEP_YAML_SCALAR) {
        esep_complain(r->complaints, r->node, "\"%s\" must be one value (%s)", r->row->path,
                      types[r->row->type].name);
        return;
    }
    const char *text = esep_yaml_scalar(r->node);
    bool may_be_empty = r->row->fallback != NULL && r->row->fallback[0] == '\0';
    if (text[0] == '\0' && !may_be_empty)
        esep_complain(r->complaints, r->node, "\"%s\" is empty: give a value or leave the key out",
                      r->row->path);
    else if (text[0] == '\0')
        read_default(&(struct reading){r->row, NULL, r->file, r->complaints, r->at});
    else
        (void)read_scalar(r, text);
}

/* The keys that may stand below `prefix` ("" or "limits."), and what stands under each that is
 * itself a map. A NODE row's own keys are its owner's. */
static void check_keys(const struct esep_config_row *rows, size_t count, const char *prefix,
                       const struct esep_yaml_node *map, struct esep_complaints *complaints)
{
    char names[KEYS_MAX][64];
    bool folder[KEYS_MAX];
    const char *known[KEYS_MAX + 1] = {NULL};
    size_t known_count = 0, prefix_len = strlen(prefix);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(rows[i].path, prefix, prefix_len) != 0)
            continue;
        const char *name = rows[i].path + prefix_len;
        size_t len = strcspn(name, ".");
        bool seen = false;
        for (size_t k = 0; k < known_count && !seen; k++)
            seen = strlen(known[k]) == len && strncmp(known[k], name, len) == 0;
        if (seen)
            continue;
        ESEP_ASSERT(known_count < KEYS_MAX && len > 0 && len < sizeof names[0]);
        memcpy(names[known_count], name, len);
        names[known_count][len] = '\0';
        folder[known_count] = name[len] == '.';
        known[known_count] = names[known_count];
        known_count++;
    }
    esep_yaml_known(map, known, complaints);
    for (size_t k = 0; k < known_count; k++) {
        const struct esep_yaml_node *below = folder[k] ? esep_yaml_get(map, known[k]) : NULL;
        if (below == NULL)
            continue;
        char deeper[160];
        snprintf(deeper, sizeof deeper, "%s%s.", prefix, known[k]);
        if (esep_yaml_kind(below) == ESEP_YAML_MAP)
            check_keys(rows, count, deeper, below, complaints);
        else
            esep_complain(complaints, below, "\"%s%s\" must be a map of keys", prefix, known[k]);
    }
}

/* The value at a dotted path, or NULL; *ret_nearest: the innermost map that was there. */
static const struct esep_yaml_node *find(const struct esep_yaml_node *root, const char *path,
                                         const struct esep_yaml_node **ret_nearest)
{
    const struct esep_yaml_node *node = root;
    while (node != NULL && *path != '\0') {
        char name[64];
        size_t len = strcspn(path, ".");
        ESEP_ASSERT(len < sizeof name);
        memcpy(name, path, len);
        name[len] = '\0';
        *ret_nearest = node;
        node = esep_yaml_get(node, name);
        path += len + (path[len] == '.');
    }
    return node;
}

static void read_all(const struct esep_config_row *rows, size_t count, const char *file,
                     const struct esep_yaml_node *root, uint8_t *scratch,
                     struct esep_complaints *complaints)
{
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *where = root;
        const struct esep_yaml_node *node = find(root, rows[i].path, &where);
        struct reading r = {&rows[i], node, file, complaints, scratch + rows[i].offset};
        if (node != NULL)
            read_row(&r);
        else if (rows[i].fallback != NULL)
            read_default(&r);
        else
            esep_complain(complaints, where, "\"%s\" is missing: %s", rows[i].path, rows[i].help);
    }
}

enum esep_status esep_config_read(const char *file, const struct esep_config_row *rows,
                                  size_t count, void *ret_config, struct esep_yaml **ret_yaml,
                                  struct esep_complaints *complaints, struct esep_reason *reason)
{
    memset(complaints, 0, sizeof *complaints);
    size_t extent = 1;
    for (size_t i = 0; i < count; i++) {
        size_t size = row_size(&rows[i]);
        ESEP_ASSERT(size > 0 && (rows[i].size == size || rows[i].size == 0));
        if (rows[i].offset + size > extent)
            extent = rows[i].offset + size;
    }
    struct esep_yaml *yaml = NULL;
    enum esep_status status = esep_yaml_load(&yaml, file, complaints, reason);
    if (status == ESEP_INVALID)
        return esep_because(reason, status, "%s is not a config file", file);
    if (status != ESEP_OK)
        return status;
    uint8_t *scratch = calloc(1, extent);
    if (scratch == NULL) {
        esep_yaml_free(yaml);
        return esep_because(reason, ESEP_NOMEM, "%s: no memory to read it", file);
    }
    const struct esep_yaml_node *root = esep_yaml_root(yaml);
    if (esep_yaml_kind(root) == ESEP_YAML_MAP) {
        check_keys(rows, count, "", root, complaints);
        read_all(rows, count, file, root, scratch, complaints);
    } else {
        esep_complain(complaints, root, "a config file is a map of keys");
    }
    if (complaints->count == 0) {
        for (size_t i = 0; i < count; i++)
            memcpy((uint8_t *)ret_config + rows[i].offset, scratch + rows[i].offset,
                   row_size(&rows[i]));
        *ret_yaml = yaml;
    } else {
        esep_complaints_sort(complaints);
        esep_yaml_free(yaml);
        status = esep_because(reason, ESEP_INVALID, "%s: %zu mistakes in the config", file,
                              complaints->count);
    }
    free(scratch);
    return status;
}

enum esep_status esep_config_load(const char *file, const struct esep_config_row *rows,
                                  size_t count, void *config,
                                  void (*look)(void *config, const struct esep_yaml_node *root,
                                               struct esep_complaints *complaints),
                                  struct esep_reason *reason)
{
    struct esep_yaml *yaml = NULL;
    struct esep_complaints *complaints = calloc(1, sizeof *complaints);
    if (complaints == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to read %s", file);
    enum esep_status status =
        esep_config_read(file, rows, count, config, &yaml, complaints, reason);
    if (status == ESEP_OK && look != NULL)
        look(config, esep_yaml_root(yaml), complaints);
    if (complaints->count > 0) {
        esep_complaints_print(complaints);
        status = esep_because(reason, ESEP_INVALID, "%s: %zu errors; see above", file,
                              complaints->count);
    }
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == ESEP_CONFIG_NODE)
            memset((uint8_t *)config + rows[i].offset, 0, row_size(&rows[i]));
    esep_yaml_free(yaml);
    free(complaints);
    return status;
}

void esep_config_help(const struct esep_config_row *rows, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct esep_config_row *row = &rows[i];
        fprintf(out, "%s (%s", row->path, types[row->type].name);
        if (row->fallback == NULL)
            fprintf(out, ", must be given");
        else if (row->fallback[0] == '\0')
            fprintf(out, ", may be left out");
        else
            fprintf(out, ", else %s", row->fallback);
        if (row->min != 0 || row->max != 0) {
            char low[32], high[32];
            format_for(row, row->min, low);
            format_for(row, row->max, high);
            fprintf(out, ", %s to %s", low, high);
        }
        fprintf(out, ")\n    %s\n", row->help);
    }
}
