/* tests/power/cut_main.c - esep-power-cut: disks that a power cut would have left, from a record.
 *
 *   esep-power-cut --base FOLDER --record FILE --list
 *       one line for each operation: its number, the record's length after it, what it was
 *   esep-power-cut --base FOLDER --record FILE --at N --data STYLE --names STYLE --seed S --out TO
 *       the disk after operation N: base is the folder as it was when the record began
 */
#include "oplog.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

struct words {
    const char *base, *record, *out;
    enum power_style data, names;
    uint64_t at;
    struct esep_prng prng;
    bool list;
};

static enum power_style style_of(const char *word, struct argp_state *state)
{
    for (int i = 0; i < POWER_STYLES; i++)
        if (strcmp(word, power_style_names[i]) == 0)
            return (enum power_style)i;
    argp_error(state, "'%s' is no style", word);
    return POWER_NOTHING;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *w = state->input;
    switch (key) {
    case 'b':
        w->base = value;
        return 0;
    case 'r':
        w->record = value;
        return 0;
    case 'o':
        w->out = value;
        return 0;
    case 'd':
        w->data = style_of(value, state);
        return 0;
    case 'n':
        w->names = style_of(value, state);
        return 0;
    case 'a':
        w->at = strtoull(value, NULL, 10);
        return 0;
    case 's':
        w->prng.state = strtoull(value, NULL, 10) * 0x9e3779b97f4a7c15u;
        return 0;
    case 'l':
        w->list = true;
        return 0;
    case ARGP_KEY_END:
        if (w->record == NULL || (!w->list && w->out == NULL))
            argp_error(state, "--record, and --list or --out, are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *kind_name(enum power_kind kind)
{
    static const char *const names[] = {"?",      "open",   "create",      "mkdir", "link",
                                        "rename", "unlink", "rmdir",       "write", "truncate",
                                        "sync",   "lost",   "sync-folder", "mark"};
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

static void list_op(const struct power_oplog *log, uint64_t number, const struct power_op *op)
{
    printf("%llu %zu %s %llu %llu %zu %s %s\n", (unsigned long long)number, log->at,
           kind_name(op->kind), (unsigned long long)op->file, (unsigned long long)op->offset,
           op->data.len, op->name, op->name2);
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"base", 'b', "FOLDER", 0, "the folder when the record began (default: empty)", 0},
        {"record", 'r', "FILE", 0, "the record", 0},
        {"list", 'l', NULL, 0, "list the operations", 0},
        {"at", 'a', "N", 0, "cut after operation N", 0},
        {"data", 'd', "STYLE", 0, "what is there of unflushed bytes", 0},
        {"names", 'n', "STYLE", 0, "what is there of unflushed names", 0},
        {"seed", 's', "S", 0, "draws", 0},
        {"out", 'o', "TO", 0, "the new folder", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Makes the disks that a power cut may leave. Styles: nothing, everything, first, "
               "some, pages, sectors, but-one, only-one."};
    struct words w = {.at = UINT64_MAX};
    struct power_oplog log;
    struct power_op op;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &w);
    if (!power_oplog_open(&log, w.record)) {
        perror(w.record);
        return EXIT_FAILURE;
    }
    struct power_disk *disk = power_disk_new();
    if (w.base != NULL)
        power_disk_load(disk, w.base);
    for (uint64_t number = 1; number <= w.at && power_oplog_next(&log, &op); number++) {
        if (w.list)
            list_op(&log, number, &op);
        else
            power_disk_apply(disk, &op);
    }
    if (!w.list)
        power_disk_image(disk, w.data, w.names, &w.prng, w.out);
    power_disk_free(disk);
    power_oplog_close(&log);
    return EXIT_SUCCESS;
}
