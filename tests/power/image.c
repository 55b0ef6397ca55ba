/* tests/power/image.c - one of the disks that a cut may leave, as a folder; see disk.h. */
#include "disk_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Which of `count` changes are there: drawn once for each file and once for the names. */
struct choice {
    enum power_style style;
    struct esep_prng *prng;
    uint64_t at; /* FIRST, BUT_ONE, ONLY_ONE */
    uint64_t op; /* the change last asked for, and the answer: all of a write goes one way */
    bool last;
};

static struct choice choose(enum power_style style, size_t count, struct esep_prng *prng)
{
    struct choice c = {.style = style, .prng = prng, .op = UINT64_MAX};
    if (count > 0)
        c.at = esep_prng_below(prng, count);
    return c;
}

static bool coin(struct choice *c)
{
    return (esep_prng_next(c->prng) & 1) != 0;
}

static bool is_there(struct choice *c, uint64_t place, uint64_t op)
{
    switch (c->style) {
    case POWER_NOTHING:
        return false;
    case POWER_EVERYTHING:
    case POWER_SECTORS:
        return true;
    case POWER_FIRST:
        return place <= c->at;
    case POWER_BUT_ONE:
        return place != c->at;
    case POWER_ONLY_ONE:
        return place == c->at;
    case POWER_PAGES:
        return coin(c);
    default:
        if (op != c->op) {
            c->op = op;
            c->last = coin(c);
        }
        return c->last;
    }
}

/* Writes a piece: whole, or sector by sector, or its length alone. */
static void put_piece(struct power_bytes *to, const struct power_piece *piece, struct choice *c,
                      bool torn)
{
    if (!torn) {
        power_bytes_put(to, piece->offset, piece->bytes, piece->len);
        return;
    }
    if (esep_prng_below(c->prng, 8) == 0 && piece->offset + piece->len > to->len)
        power_bytes_resize(to, (size_t)piece->offset + piece->len);
    for (size_t at = 0; at < piece->len;) {
        size_t len = POWER_SECTOR - (size_t)((piece->offset + at) % POWER_SECTOR);
        if (len > piece->len - at)
            len = piece->len - at;
        if (coin(c))
            power_bytes_put(to, piece->offset + at, piece->bytes + at, len);
        at += len;
    }
}

static void compose(const struct power_file *file, enum power_style style, struct esep_prng *prng,
                    struct power_bytes *to)
{
    struct choice c = choose(style, file->piece_count, prng);
    power_bytes_put(to, 0, file->flushed.bytes, file->flushed.len);
    for (size_t i = 0; i < file->piece_count; i++) {
        const struct power_piece *piece = &file->pieces[i];
        if (!is_there(&c, i, piece->op))
            continue;
        if (piece->length)
            power_bytes_resize(to, (size_t)piece->offset);
        else
            put_piece(to, piece, &c, style == POWER_SECTORS || (style == POWER_FIRST && i == c.at));
    }
}

static void write_bytes(const char *path, const struct power_bytes *bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t at = 0;
    ssize_t put = 0;
    while (fd >= 0 && at < bytes->len && (put = write(fd, bytes->bytes + at, bytes->len - at)) > 0)
        at += (size_t)put;
    if (fd < 0 || at < bytes->len) {
        perror(path);
        abort();
    }
    (void)close(fd);
}

struct making {
    const struct power_disk *disk;
    struct power_tree tree;
    enum power_style style;
    struct esep_prng *prng;
};

static void make_folder(struct making *m, size_t folder, const char *path, int depth)
{
    if (mkdir(path, 0700) != 0 || depth > 8) {
        perror(path);
        abort();
    }
    for (size_t i = 0; i < m->tree.count; i++) {
        const struct power_name *name = &m->tree.names[i];
        char below[1024];
        if (name->parent != folder)
            continue;
        const struct power_file *file = &m->disk->files[name->file];
        (void)snprintf(below, sizeof below, "%s/%s", path, name->name);
        if (file->folder) {
            make_folder(m, name->file, below, depth + 1);
            continue;
        }
        struct power_bytes bytes = {0};
        compose(file, m->style, m->prng, &bytes);
        write_bytes(below, &bytes);
        free(bytes.bytes);
    }
}

void power_disk_image(const struct power_disk *disk, enum power_style data, enum power_style names,
                      struct esep_prng *prng, const char *to)
{
    struct making m = {.disk = disk, .style = data, .prng = prng};
    struct choice c = choose(names, disk->change_count, prng);
    for (size_t i = 0; i < disk->flushed.count; i++) {
        const struct power_change there = {.come = disk->flushed.names[i]};
        power_tree_change(&m.tree, &there);
    }
    for (size_t i = 0; i < disk->change_count; i++)
        if (is_there(&c, i, i))
            power_tree_change(&m.tree, &disk->changes[i]);
    make_folder(&m, 0, to, 0);
    free(m.tree.names);
}

void power_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[1024];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (unlink(path) != 0)
            power_remove(path);
    }
    (void)closedir(dir);
    (void)rmdir(folder);
}
