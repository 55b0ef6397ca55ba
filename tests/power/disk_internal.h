/* tests/power/disk_internal.h - the model's insides, shared by disk.c (what happens to it) and
 * image.c (what may be left of it). */
#ifndef TESTS_POWER_DISK_INTERNAL_H
#define TESTS_POWER_DISK_INTERNAL_H

#include "disk.h"

#define POWER_PAGE 4096u
#define POWER_SECTOR 512u
#define POWER_NAME_MAX 128u

/* A part of a write within one page, or a new length. */
struct power_piece {
    uint64_t op; /* of which operation: counts on */
    bool length; /* offset is the new length */
    bool lost;   /* its sync failed: clean, and perhaps not on the disk */
    uint64_t offset;
    size_t len;
    uint8_t *bytes;
};

struct power_bytes {
    uint8_t *bytes;
    size_t len, cap;
};

struct power_file {
    uint64_t number;
    bool folder;
    struct power_bytes flushed, now;
    struct power_piece *pieces;
    size_t piece_count, piece_cap;
};

/* Of a folder: parent and file are places in the table of files; 0 is the root. */
struct power_name {
    size_t parent, file;
    char name[POWER_NAME_MAX];
};
struct power_tree {
    struct power_name *names;
    size_t count, cap;
};

/* A change of names: takes away `gone`, then adds `come`; either may be absent (name empty). */
struct power_change {
    struct power_name gone, come;
    bool must_be_there; /* a rename needs its old name */
};

struct power_disk {
    struct power_file *files;
    size_t file_count, file_cap;
    struct power_tree flushed, now;
    struct power_change *changes;
    size_t change_count, change_cap;
    uint64_t ops;
};

void *power_more(void *array, size_t count, size_t *cap, size_t size);
void power_bytes_put(struct power_bytes *b, uint64_t offset, const uint8_t *data, size_t len);
void power_bytes_resize(struct power_bytes *b, size_t len);
void power_tree_change(struct power_tree *tree, const struct power_change *change);

#endif
