/* lib/io/plan_yaml_values.c - single values of a plan: codes, texts, days, words, and the table
 * walk. */
#include "io/plan_reader.h"

#include <stdio.h>

void *esep_plan_room(struct esep_plan_reader *reader, size_t bytes)
{
    void *room = esep_arena_alloc(reader->arena, bytes);
    if (room == NULL)
        reader->full = true;
    else
        memset(room, 0, bytes);
    return room;
}

char *esep_plan_keep(struct esep_plan_reader *reader, const char *text)
{
    char *copy = esep_arena_str(reader->arena, esep_slice_str(text));
    if (copy == NULL)
        reader->full = true;
    return copy;
}

const struct esep_yaml_node *esep_plan_at(const struct esep_yaml_node *map, const char *key)
{
    const struct esep_yaml_node *value = esep_yaml_get(map, key);
    return value != NULL ? value : map;
}

bool esep_plan_fields(struct esep_plan_reader *reader, const char *what,
                      const struct esep_yaml_node *node, const struct esep_plan_field *fields,
                      size_t count, void *target)
{
    if (esep_yaml_kind(node) != ESEP_YAML_MAP) {
        esep_complain(reader->complaints, node, "%s must be a map of keys", what);
        return false;
    }
    const char *known[ESEP_PLAN_KEYS_MAX + 1] = {NULL};
    ESEP_ASSERT(count <= ESEP_PLAN_KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        known[i] = fields[i].key;
    esep_yaml_known(node, known, reader->complaints);
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *value = esep_yaml_get(node, fields[i].key);
        if (value != NULL && fields[i].read != NULL)
            fields[i].read(reader, &fields[i], value, (uint8_t *)target + fields[i].offset);
        else if (value == NULL && fields[i].required)
            esep_complain(reader->complaints, node, "%s has no \"%s\"", what, fields[i].key);
    }
    return true;
}

const char *esep_plan_scalar(struct esep_plan_reader *reader, const char *key,
                             const struct esep_yaml_node *node)
{
    if (esep_yaml_kind(node) != ESEP_YAML_SCALAR) {
        esep_complain(reader->complaints, node, "\"%s\" must be a single value", key);
        return NULL;
    }
    const char *text = esep_yaml_scalar(node);
    if (text[strspn(text, " \t\r\n")] == '\0') {
        esep_complain(reader->complaints, node,
                      "\"%s\" is empty: give a value (a key that is not needed is left out)", key);
        return NULL;
    }
    return text;
}

size_t esep_plan_list(struct esep_plan_reader *reader, const char *key,
                      const struct esep_yaml_node *node, size_t max, bool may_be_empty)
{
    if (esep_yaml_kind(node) != ESEP_YAML_LIST) {
        esep_complain(reader->complaints, node, "\"%s\" must be a list", key);
        return 0;
    }
    size_t count = esep_yaml_count(node);
    if (count > max)
        esep_complain(reader->complaints, node, "\"%s\" has %zu items: at most %zu", key, count,
                      max);
    if (count == 0 && !may_be_empty)
        esep_complain(reader->complaints, node, "\"%s\" is an empty list", key);
    return count > max ? 0 : count;
}

bool esep_plan_is_code(const char *text, size_t max)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return text[0] >= 'a' && text[0] <= 'z' && text[len] == '\0' && len <= max;
}

int esep_plan_find(const char *const *codes, const char *code)
{
    for (int i = 0; codes[i] != NULL; i++)
        if (strcmp(codes[i], code) == 0)
            return i;
    return -1;
}

void esep_plan_unknown(struct esep_plan_reader *reader, const char *what, const char *code,
                       const char *const *codes, const struct esep_yaml_node *node)
{
    const char *nearest = esep_nearest(code, codes);
    if (nearest != NULL)
        esep_complain(reader->complaints, node,
                      "no %s has the code \"%.40s\": did you mean \"%s\"?", what, code, nearest);
    else
        esep_complain(reader->complaints, node, "no %s has the code \"%.40s\"", what, code);
}

void esep_plan_read_code(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                         const struct esep_yaml_node *node, void *at)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    if (text == NULL)
        return;
    if (!esep_plan_is_code(text, (size_t)field->max)) {
        esep_complain(
            reader->complaints, node,
            "\"%s\" is \"%.70s\": a code begins with a letter and has small Latin letters, "
            "digits and '-', at most %d",
            field->key, text, (int)field->max);
        return;
    }
    char *copy = esep_plan_keep(reader, text);
    if (copy != NULL)
        memcpy(at, &copy, sizeof copy);
}

/* A control character would be refused when the packed plan is read again. */
static bool has_control(const char *text, bool lines)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        bool line_end = *p == '\n' || *p == '\r' || *p == '\t';
        if ((*p < 0x20 && !(lines && line_end)) || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
            return true;
    }
    return false;
}

static void read_string(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                        const struct esep_yaml_node *node, void *at, bool lines)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    if (text == NULL)
        return;
    if (strlen(text) > (size_t)field->max)
        esep_complain(reader->complaints, node, "\"%s\" is too long: %zu bytes, at most %d",
                      field->key, strlen(text), (int)field->max);
    else if (has_control(text, lines))
        esep_complain(reader->complaints, node,
                      lines ? "\"%s\" holds a control character"
                            : "\"%s\" must be one line, without control characters",
                      field->key);
    else {
        char *copy = esep_plan_keep(reader, text);
        if (copy != NULL)
            memcpy(at, &copy, sizeof copy);
    }
}

void esep_plan_read_line(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                         const struct esep_yaml_node *node, void *at)
{
    read_string(reader, field, node, at, false);
}

void esep_plan_read_prose(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                          const struct esep_yaml_node *node, void *at)
{
    read_string(reader, field, node, at, true);
}

void esep_plan_read_text(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                         const struct esep_yaml_node *node, void *at)
{
    static const struct esep_plan_field languages[] = {
        {"kk", true, esep_plan_read_line, offsetof(Esep__V1__Text, kk), 0, ESEP_PLAN_LINE_MAX,
         NULL},
        {"ru", true, esep_plan_read_line, offsetof(Esep__V1__Text, ru), 0, ESEP_PLAN_LINE_MAX,
         NULL},
        {"en", true, esep_plan_read_line, offsetof(Esep__V1__Text, en), 0, ESEP_PLAN_LINE_MAX,
         NULL},
    };
    if (esep_yaml_kind(node) != ESEP_YAML_MAP) {
        esep_complain(reader->complaints, node, "\"%s\" must be a map of kk, ru and en",
                      field->key);
        return;
    }
    char what[32];
    snprintf(what, sizeof what, "\"%s\"", field->key);
    Esep__V1__Text *text = esep_plan_room(reader, sizeof *text);
    if (text == NULL)
        return;
    esep__v1__text__init(text);
    if (ESEP_PLAN_FIELDS(reader, what, node, languages, text))
        memcpy(at, &text, sizeof text);
}

void esep_plan_read_day(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                        const struct esep_yaml_node *node, void *at)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    if (text == NULL)
        return;
    esep_day day;
    if (esep_day_parse(text, &day) != ESEP_OK)
        esep_complain(reader->complaints, node,
                      "\"%s\" is \"%.40s\", which is no day: write 2013-01-31", field->key, text);
    else if (day == 0)
        esep_complain(reader->complaints, node, "\"%s\" cannot be 1970-01-01", field->key);
    else
        memcpy(at, &day, sizeof day);
}

void esep_plan_read_bool(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                         const struct esep_yaml_node *node, void *at)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    if (text == NULL)
        return;
    protobuf_c_boolean value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0)
        esep_complain(reader->complaints, node, "\"%s\" is \"%.40s\": write true or false",
                      field->key, text);
    else
        memcpy(at, &value, sizeof value);
}

void esep_plan_read_uint(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                         const struct esep_yaml_node *node, void *at)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    if (text == NULL)
        return;
    int64_t value = 0;
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; i < digits && digits <= 9; i++)
        value = value * 10 + (text[i] - '0');
    if (digits == 0 || digits > 9 || text[digits] != '\0' || value < field->min ||
        value > field->max) {
        esep_complain(reader->complaints, node,
                      "\"%s\" is \"%.40s\": write a whole number from %d to %d", field->key, text,
                      (int)field->min, (int)field->max);
        return;
    }
    uint32_t number = (uint32_t)value;
    memcpy(at, &number, sizeof number);
}

void esep_plan_read_word(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                         const struct esep_yaml_node *node, void *at)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    if (text == NULL)
        return;
    char all[128] = "";
    for (const struct esep_plan_word *w = field->words; w->word != NULL; w++) {
        if (strcmp(w->word, text) == 0) {
            memcpy(at, &w->value, sizeof w->value);
            return;
        }
        size_t used = strlen(all);
        if (used + strlen(w->word) + 2 < sizeof all) {
            all[used] = ' ';
            memcpy(all + used + 1, w->word, strlen(w->word) + 1);
        }
    }
    esep_complain(reader->complaints, node, "\"%s\" is \"%.40s\": it may be one of%s", field->key,
                  text, all);
}
