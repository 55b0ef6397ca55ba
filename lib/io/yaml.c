/* lib/io/yaml.c - from libyaml's events to a tree with places.
 *
 * One pass over the events. Finished nodes wait on a stack (`pending`) until the list or map they
 * stand in ends; then they become its items. A container on the way carries `open`, which is how an
 * alias inside its own anchor is told. Everything lives in one arena whose size follows from the
 * file's, so a small file costs little and a large one has a bound.
 *
 * `expanded` counts a node and all below it, aliases unfolded: no reader of the tree can be made to
 * walk further than ESEP_YAML_NODES_MAX.
 */
#include "io/yaml.h"

#include "base/arena.h"
#include "io/yaml_node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

#define ANCHORS_MAX 1000

struct esep_yaml {
    struct esep_arena arena;
    const struct esep_yaml_node *root;
};

struct builder {
    struct esep_yaml *yaml;
    struct esep_complaints *complaints;
    const struct esep_yaml_node **pending;
    size_t pending_count;
    size_t pending_max;
    struct {
        struct esep_yaml_node *node;
        size_t base; /* where its items begin in pending */
    } frames[ESEP_YAML_DEPTH_MAX];
    size_t depth;
    struct {
        const char *name;
        const struct esep_yaml_node *node;
    } anchors[ANCHORS_MAX];
    size_t anchor_count;
    size_t nodes;
    bool second; /* a document was there already */
};

static int mark_line(yaml_mark_t mark)
{
    return (int)mark.line + 1;
}

static int mark_column(yaml_mark_t mark)
{
    return (int)mark.column + 1;
}

static enum esep_status refuse(struct builder *b, yaml_mark_t mark, const char *what)
{
    esep_complain_at(b->complaints, mark_line(mark), mark_column(mark), "%s", what);
    return ESEP_INVALID;
}

/* A finished node goes to its container, or is the root. */
static enum esep_status place(struct builder *b, const struct esep_yaml_node *node,
                              yaml_mark_t mark)
{
    if (b->depth == 0) {
        b->yaml->root = node;
        return ESEP_OK;
    }
    b->frames[b->depth - 1].node->expanded += node->expanded;
    if (b->frames[b->depth - 1].node->expanded > ESEP_YAML_NODES_MAX ||
        b->pending_count == b->pending_max)
        return refuse(b, mark, "too much: a file may unfold into 200000 values at most");
    b->pending[b->pending_count++] = node;
    return ESEP_OK;
}

static enum esep_status name_anchor(struct builder *b, const yaml_char_t *anchor,
                                    const struct esep_yaml_node *node, yaml_mark_t mark)
{
    if (anchor == NULL)
        return ESEP_OK;
    struct esep_slice name = esep_slice_str((const char *)anchor);
    for (size_t i = 0; i < b->anchor_count; i++)
        if (strcmp(b->anchors[i].name, (const char *)anchor) == 0)
            return refuse(b, mark, "this anchor's name was used before: choose another");
    if (b->anchor_count == ANCHORS_MAX)
        return refuse(b, mark, "too many anchors: 1000 at most");
    char *copy = esep_arena_str(&b->yaml->arena, name);
    if (copy == NULL)
        return ESEP_NOMEM;
    b->anchors[b->anchor_count].name = copy;
    b->anchors[b->anchor_count++].node = node;
    return ESEP_OK;
}

static enum esep_status new_node(struct builder *b, const yaml_event_t *event,
                                 enum esep_yaml_kind kind, struct esep_yaml_node **ret)
{
    if (++b->nodes > ESEP_YAML_NODES_MAX)
        return refuse(b, event->start_mark, "too long: a file may hold 200000 values at most");
    struct esep_yaml_node *node = esep_arena_alloc(&b->yaml->arena, sizeof *node);
    if (node == NULL)
        return ESEP_NOMEM;
    *node = (struct esep_yaml_node){.kind = kind,
                                    .line = mark_line(event->start_mark),
                                    .column = mark_column(event->start_mark),
                                    .width = -1,
                                    .text = "",
                                    .expanded = 1};
    *ret = node;
    return ESEP_OK;
}

static enum esep_status on_scalar(struct builder *b, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (event->data.scalar.tag != NULL)
        return refuse(b, event->start_mark, "tags (!…) are not read here: write the plain value");
    if (memchr(value, '\0', len) != NULL)
        return refuse(b, event->start_mark, "this text holds a zero byte");
    struct esep_yaml_node *node = NULL;
    enum esep_status status = new_node(b, event, ESEP_YAML_SCALAR, &node);
    if (status != ESEP_OK)
        return status;
    node->text = esep_arena_str(&b->yaml->arena, esep_slice(value, len));
    if (node->text == NULL)
        return ESEP_NOMEM;
    if (event->start_mark.line == event->end_mark.line)
        node->width = (int)(event->end_mark.column - event->start_mark.column);
    status = name_anchor(b, event->data.scalar.anchor, node, event->start_mark);
    return status != ESEP_OK ? status : place(b, node, event->start_mark);
}

static enum esep_status on_start(struct builder *b, const yaml_event_t *event,
                                 enum esep_yaml_kind kind, const yaml_char_t *anchor,
                                 const yaml_char_t *tag)
{
    if (tag != NULL)
        return refuse(b, event->start_mark, "tags (!…) are not read here: write the plain value");
    if (b->depth == ESEP_YAML_DEPTH_MAX)
        return refuse(b, event->start_mark,
                      "too deep: 32 lists and maps inside each other at most");
    struct esep_yaml_node *node = NULL;
    enum esep_status status = new_node(b, event, kind, &node);
    if (status == ESEP_OK)
        status = name_anchor(b, anchor, node, event->start_mark);
    if (status != ESEP_OK)
        return status;
    node->open = true;
    b->frames[b->depth].node = node;
    b->frames[b->depth].base = b->pending_count;
    b->depth++;
    return ESEP_OK;
}

static enum esep_status on_end(struct builder *b, const yaml_event_t *event)
{
    ESEP_ASSERT(b->depth > 0);
    struct esep_yaml_node *node = b->frames[b->depth - 1].node;
    size_t base = b->frames[b->depth - 1].base;
    size_t count = b->pending_count - base;
    if (node->kind == ESEP_YAML_MAP && count / 2 > ESEP_YAML_KEYS_MAX)
        return refuse(b, event->start_mark, "too many keys in one map: 256 at most");
    node->items = esep_arena_alloc(&b->yaml->arena, (count + 1) * sizeof *node->items);
    if (node->items == NULL)
        return ESEP_NOMEM;
    if (count > 0)
        memcpy(node->items, b->pending + base, count * sizeof *node->items);
    node->count = count;
    node->open = false;
    b->pending_count = base;
    b->depth--;
    return place(b, node, event->start_mark);
}

static enum esep_status on_alias(struct builder *b, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    for (size_t i = 0; i < b->anchor_count; i++) {
        if (strcmp(b->anchors[i].name, name) != 0)
            continue;
        if (b->anchors[i].node->open)
            return refuse(b, event->start_mark, "this alias stands inside its own anchor");
        return place(b, b->anchors[i].node, event->start_mark);
    }
    esep_complain_at(b->complaints, mark_line(event->start_mark), mark_column(event->start_mark),
                     "no anchor \"&%s\" stands before this alias", name);
    return ESEP_INVALID;
}

static enum esep_status on_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->second)
            return refuse(b, event->start_mark,
                          "a second document begins here: one file, one document");
        b->second = true;
        return ESEP_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, event, ESEP_YAML_LIST, event->data.sequence_start.anchor,
                        event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, event, ESEP_YAML_MAP, event->data.mapping_start.anchor,
                        event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b, event);
    case YAML_ALIAS_EVENT:
        return on_alias(b, event);
    default:
        return ESEP_OK;
    }
}

/* Where byte `offset` of the text stands, for errors that libyaml tells by the byte. */
static void complain_at_byte(struct esep_complaints *complaints, struct esep_slice text,
                             size_t offset, const char *problem)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        if (text.data[i] == '\n') {
            line++;
            column = 1;
        } else if ((text.data[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    esep_complain_at(complaints, line, column, "not UTF-8 text: %s", problem);
}

static enum esep_status parser_failed(struct builder *b, const yaml_parser_t *parser,
                                      struct esep_slice text)
{
    if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL)
        return ESEP_NOMEM;
    if (parser->error == YAML_READER_ERROR)
        complain_at_byte(b->complaints, text, parser->problem_offset, parser->problem);
    else if (parser->context != NULL)
        esep_complain_at(b->complaints, mark_line(parser->problem_mark),
                         mark_column(parser->problem_mark),
                         "not YAML: %s (%s that began in line %d)", parser->problem,
                         parser->context, mark_line(parser->context_mark));
    else
        esep_complain_at(b->complaints, mark_line(parser->problem_mark),
                         mark_column(parser->problem_mark), "not YAML: %s", parser->problem);
    return ESEP_INVALID;
}

static enum esep_status build(struct builder *b, yaml_parser_t *parser, struct esep_slice text)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return parser_failed(b, parser, text);
        bool last = event.type == YAML_STREAM_END_EVENT;
        enum esep_status status = on_event(b, &event);
        yaml_event_delete(&event);
        if (status != ESEP_OK)
            return status;
        if (last)
            break;
    }
    if (b->yaml->root != NULL)
        return ESEP_OK;
    esep_complain_at(b->complaints, 1, 1, "the file is empty");
    return ESEP_INVALID;
}

static enum esep_status parse_with(struct esep_yaml *yaml, struct esep_slice text,
                                   struct esep_complaints *complaints)
{
    /* Each node needs at least a byte of the file, but for the empty values that "?" stands for. */
    size_t nodes = 3 * text.len + 8;
    if (nodes > ESEP_YAML_NODES_MAX)
        nodes = ESEP_YAML_NODES_MAX + 1;
    struct builder *b = calloc(1, sizeof *b);
    yaml_parser_t parser;
    enum esep_status status = ESEP_NOMEM;
    if (b == NULL)
        return ESEP_NOMEM;
    b->yaml = yaml;
    b->complaints = complaints;
    b->pending_max = nodes;
    b->pending = calloc(nodes, sizeof(const struct esep_yaml_node *));
    /* Beside its node, each value takes a text or a list (aligned to 16) and a place in a list. */
    size_t room = nodes * (sizeof(struct esep_yaml_node) + 64) + 2 * text.len;
    if (b->pending == NULL || esep_arena_init(&yaml->arena, room) != ESEP_OK ||
        !yaml_parser_initialize(&parser))
        goto fail;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.len);
    status = build(b, &parser, text);
    yaml_parser_delete(&parser);
fail:
    free(b->pending);
    free(b);
    return status;
}

enum esep_status esep_yaml_parse(struct esep_yaml **ret, const char *name, struct esep_slice text,
                                 struct esep_complaints *complaints)
{
    (void)snprintf(complaints->file, sizeof complaints->file, "%s", name);
    if (text.len > ESEP_YAML_BYTES_MAX) {
        esep_complain_at(complaints, 1, 1, "the file is too large: 4 MiB at most");
        return ESEP_INVALID;
    }
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) /* Notepad's mark */
        text = esep_slice(text.data + 3, text.len - 3);
    if (text.data == NULL)
        text = esep_slice("", 0);
    struct esep_yaml *yaml = calloc(1, sizeof *yaml);
    if (yaml == NULL)
        return ESEP_NOMEM;
    enum esep_status status = parse_with(yaml, text, complaints);
    if (status != ESEP_OK) {
        esep_yaml_free(yaml);
        return status;
    }
    *ret = yaml;
    return ESEP_OK;
}

static enum esep_status read_file(const char *path, struct esep_buf *buf,
                                  struct esep_reason *reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return esep_because(reason, errno == ENOENT ? ESEP_NOT_FOUND : ESEP_IO, "%s: %s", path,
                            strerror(errno));
    enum esep_status status = ESEP_OK;
    while (status == ESEP_OK && buf->len <= ESEP_YAML_BYTES_MAX) {
        size_t room = buf->max - buf->len < 65536 ? buf->max - buf->len : 65536;
        status = esep_buf_reserve(buf, room);
        if (status != ESEP_OK)
            break;
        ssize_t got = read(fd, buf->data + buf->len, room);
        if (got == 0)
            break;
        if (got > 0)
            buf->len += (size_t)got;
        else if (errno != EINTR)
            status = esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
    }
    close(fd);
    return status;
}

enum esep_status esep_yaml_load(struct esep_yaml **ret, const char *path,
                                struct esep_complaints *complaints, struct esep_reason *reason)
{
    struct esep_buf buf;
    esep_buf_init(&buf, ESEP_YAML_BYTES_MAX + 1); /* one more shows that it is too large */
    enum esep_status status = read_file(path, &buf, reason);
    if (status == ESEP_OK)
        status = esep_yaml_parse(ret, path, esep_buf_slice(&buf), complaints);
    esep_buf_done(&buf);
    if (status == ESEP_NOMEM)
        return esep_because(reason, status, "%s: no memory to read it", path);
    return status;
}

void esep_yaml_free(struct esep_yaml *yaml)
{
    if (yaml == NULL)
        return;
    esep_arena_done(&yaml->arena);
    free(yaml);
}

const struct esep_yaml_node *esep_yaml_root(const struct esep_yaml *yaml)
{
    return yaml->root;
}
