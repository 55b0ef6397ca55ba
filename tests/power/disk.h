/* tests/power/disk.h - what a disk may hold after the power has gone.
 *
 * A model of one file system below a folder: what has been flushed, and, beside it, every change
 * since. It is fed operation by operation (record.h makes them), and at any moment it can be asked
 * for an image: a folder as it might be found after a cut right now. Everything flushed is in every
 * image. Of the rest any part may be: whole writes, single pages, single sectors of 512 bytes, a
 * file's length without its bytes, a new name without its file's content, or none of it.
 *
 * Rules, the strict reading of POSIX: fsync of a file keeps its bytes and its length, not its name;
 * fsync of a folder keeps the names in it. Renaming is one step, before or after. After a failed
 * fsync the pages are clean and perhaps not on the disk: a later fsync of others does not bring
 * them there; writing them again does.
 *
 * It decides nothing about what is right: it makes images, somebody else opens them.
 */
#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

#include "base/crypto.h"
#include "base/slice.h"

enum power_kind {
    POWER_OPEN = 1, /* an existing file is opened to write: `file` is at `name` */
    POWER_CREATE,   /* a new, empty file */
    POWER_MKDIR,
    POWER_LINK,   /* name2 becomes another name of name */
    POWER_RENAME, /* name becomes name2 */
    POWER_UNLINK,
    POWER_RMDIR,
    POWER_WRITE,    /* data at offset */
    POWER_TRUNCATE, /* to offset */
    POWER_SYNC,     /* what is dirty of the file in [offset, offset + size), size 0: all */
    POWER_LOST,     /* the same was to be synced, and failed */
    POWER_SYNC_FOLDER,
    POWER_MARK, /* a word of whoever watches, in name */
};

/* Names are relative to the folder; files go by the number that the kernel gives them. */
struct power_op {
    enum power_kind kind;
    uint64_t file;
    uint64_t offset;
    uint64_t size;
    const char *name;
    const char *name2;
    struct esep_slice data;
};

struct power_disk;
struct power_disk *power_disk_new(void);
void power_disk_free(struct power_disk *disk);
/* Takes what is in a folder as flushed. Numbers are those of that folder's files. */
void power_disk_load(struct power_disk *disk, const char *folder);
void power_disk_apply(struct power_disk *disk, const struct power_op *op);
/* Changes that are not flushed: pieces of writes, lengths, names. */
size_t power_disk_pending(const struct power_disk *disk);
/* Pages whose sync failed are clean, so they may be dropped from memory and read again: those that
 * nobody wrote to since are now as they are on the disk, with what the failed sync brought there or
 * without it. Changes the files of `folder`, which the model follows, accordingly. */
void power_disk_evict(struct power_disk *disk, struct esep_prng *prng, const char *folder);

enum power_style {
    POWER_NOTHING,    /* of what is not flushed */
    POWER_EVERYTHING, /* as after kill -9 */
    POWER_FIRST,      /* some of the first changes, the last of them torn */
    POWER_SOME,       /* any of the changes */
    POWER_PAGES,      /* any of the pages */
    POWER_SECTORS,    /* any of the sectors */
    POWER_BUT_ONE,
    POWER_ONLY_ONE,
    POWER_STYLES
};
extern const char *const power_style_names[POWER_STYLES];

/* Makes `to` (which must not exist) an image. `names` is the style for names, in which pages and
 * sectors mean any of the changes. */
void power_disk_image(const struct power_disk *disk, enum power_style data, enum power_style names,
                      struct esep_prng *prng, const char *to);
/* Deletes a folder with all that is in it. */
void power_remove(const char *folder);

#endif
