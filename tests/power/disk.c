/* tests/power/disk.c - what operations do to the model of a disk; see disk.h. */
#include "disk_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const power_style_names[POWER_STYLES] = {
    "nothing", "everything", "first", "some", "pages", "sectors", "but-one", "only-one"};

void *power_more(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    *cap = *cap * 2 + 16;
    array = realloc(array, *cap * size);
    if (array == NULL)
        abort();
    return array;
}

void power_bytes_resize(struct power_bytes *b, size_t len)
{
    if (len > b->cap) {
        b->cap = len + len / 2 + POWER_PAGE;
        b->bytes = realloc(b->bytes, b->cap);
        if (b->bytes == NULL)
            abort();
    }
    if (len > b->len)
        memset(b->bytes + b->len, 0, len - b->len);
    b->len = len;
}

void power_bytes_put(struct power_bytes *b, uint64_t offset, const uint8_t *data, size_t len)
{
    if (len == 0)
        return;
    if (offset + len > b->len)
        power_bytes_resize(b, (size_t)offset + len);
    memcpy(b->bytes + offset, data, len);
}

static size_t new_file(struct power_disk *disk, uint64_t number, bool folder)
{
    disk->files = power_more(disk->files, disk->file_count, &disk->file_cap, sizeof *disk->files);
    disk->files[disk->file_count] = (struct power_file){.number = number, .folder = folder};
    return disk->file_count++;
}

struct power_disk *power_disk_new(void)
{
    struct power_disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL)
        abort();
    (void)new_file(disk, 0, true);
    return disk;
}

static void drop_pieces(struct power_file *file)
{
    for (size_t i = 0; i < file->piece_count; i++)
        free(file->pieces[i].bytes);
    file->piece_count = 0;
}

void power_disk_free(struct power_disk *disk)
{
    if (disk == NULL)
        return;
    for (size_t i = 0; i < disk->file_count; i++) {
        drop_pieces(&disk->files[i]);
        free(disk->files[i].pieces);
        free(disk->files[i].flushed.bytes);
        free(disk->files[i].now.bytes);
    }
    free(disk->files);
    free(disk->flushed.names);
    free(disk->now.names);
    free(disk->changes);
    free(disk);
}

/* Names. */

static bool same_place(const struct power_name *a, const struct power_name *b)
{
    return a->parent == b->parent && strcmp(a->name, b->name) == 0;
}

static struct power_name *find_name(struct power_tree *tree, const struct power_name *place)
{
    for (size_t i = 0; i < tree->count; i++)
        if (same_place(&tree->names[i], place))
            return &tree->names[i];
    return NULL;
}

void power_tree_change(struct power_tree *tree, const struct power_change *change)
{
    if (change->gone.name[0] != 0) {
        struct power_name *gone = find_name(tree, &change->gone);
        if (gone != NULL && gone->file == change->gone.file)
            *gone = tree->names[--tree->count];
        else if (change->must_be_there)
            return;
    }
    if (change->come.name[0] == 0)
        return;
    struct power_name *there = find_name(tree, &change->come);
    if (there != NULL) {
        *there = change->come;
        return;
    }
    tree->names = power_more(tree->names, tree->count, &tree->cap, sizeof *tree->names);
    tree->names[tree->count++] = change->come;
}

/* A folder that nobody was seen to make was there before. */
static size_t old_folder(struct power_disk *disk, const struct power_name *place)
{
    struct power_change what = {.come = *place};
    what.come.file = new_file(disk, 0, true);
    power_tree_change(&disk->flushed, &what);
    power_tree_change(&disk->now, &what);
    return what.come.file;
}

/* Walks the names of now. false: no such name can be. place->file: the file there, or SIZE_MAX. */
static bool look_up(struct power_disk *disk, const char *path, struct power_name *place)
{
    *place = (struct power_name){.file = 0};
    while (path != NULL && *path != 0) {
        size_t len = strcspn(path, "/");
        if (len >= POWER_NAME_MAX)
            return false;
        if (place->file == SIZE_MAX)
            place->file = old_folder(disk, place);
        place->parent = place->file;
        memcpy(place->name, path, len);
        place->name[len] = 0;
        const struct power_name *found = find_name(&disk->now, place);
        place->file = found != NULL ? found->file : SIZE_MAX;
        path += len;
        path += strspn(path, "/");
    }
    return true;
}

static void change(struct power_disk *disk, const struct power_change *what)
{
    disk->changes =
        power_more(disk->changes, disk->change_count, &disk->change_cap, sizeof *disk->changes);
    disk->changes[disk->change_count++] = *what;
    power_tree_change(&disk->now, what);
}

static void add_name(struct power_disk *disk, const char *path, size_t file)
{
    struct power_change what = {{0}, {0}, false};
    if (!look_up(disk, path, &what.come))
        return;
    what.come.file = file;
    change(disk, &what);
}

static void rename_file(struct power_disk *disk, const char *from, const char *to)
{
    struct power_change what = {.must_be_there = true};
    if (!look_up(disk, from, &what.gone) || what.gone.file == SIZE_MAX ||
        !look_up(disk, to, &what.come))
        return;
    what.come.file = what.gone.file;
    change(disk, &what);
}

static void remove_name(struct power_disk *disk, const char *path)
{
    struct power_change what = {.must_be_there = true};
    if (look_up(disk, path, &what.gone) && what.gone.file != SIZE_MAX)
        change(disk, &what);
}

/* Changes that touch the folder reach the disk, in their order. */
static void sync_folder(struct power_disk *disk, const char *path)
{
    struct power_name place;
    size_t kept = 0;
    if (!look_up(disk, path, &place) || place.file == SIZE_MAX)
        return;
    for (size_t i = 0; i < disk->change_count; i++) {
        const struct power_change *c = &disk->changes[i];
        if ((c->gone.name[0] != 0 && c->gone.parent == place.file) ||
            (c->come.name[0] != 0 && c->come.parent == place.file))
            power_tree_change(&disk->flushed, c);
        else
            disk->changes[kept++] = *c;
    }
    disk->change_count = kept;
}

/* Bytes. */

/* A number may be used again after its file is gone: the youngest has it. */
static struct power_file *by_number(struct power_disk *disk, uint64_t number)
{
    for (size_t i = disk->file_count; i > 1; i--)
        if (disk->files[i - 1].number == number)
            return &disk->files[i - 1];
    return NULL;
}

static struct power_piece *add_piece(struct power_disk *disk, struct power_file *file)
{
    file->pieces =
        power_more(file->pieces, file->piece_count, &file->piece_cap, sizeof *file->pieces);
    struct power_piece *piece = &file->pieces[file->piece_count++];
    *piece = (struct power_piece){.op = disk->ops};
    return piece;
}

static void write_file(struct power_disk *disk, struct power_file *file, uint64_t offset,
                       struct esep_slice data)
{
    power_bytes_put(&file->now, offset, data.data, data.len);
    for (size_t at = 0; at < data.len;) {
        size_t len = POWER_PAGE - (size_t)((offset + at) % POWER_PAGE);
        if (len > data.len - at)
            len = data.len - at;
        struct power_piece *piece = add_piece(disk, file);
        piece->offset = offset + at;
        piece->len = len;
        piece->bytes = malloc(len);
        if (piece->bytes == NULL)
            abort();
        memcpy(piece->bytes, data.data + at, len);
        at += len;
    }
}

static void truncate_file(struct power_disk *disk, struct power_file *file, uint64_t len)
{
    power_bytes_resize(&file->now, (size_t)len);
    struct power_piece *piece = add_piece(disk, file);
    piece->length = true;
    piece->offset = len;
}

static bool within(const struct power_piece *piece, const struct power_op *op)
{
    return op->size == 0 || piece->length ||
           (piece->offset < op->offset + op->size && piece->offset + piece->len > op->offset);
}

/* A page goes to the disk as a whole, as it is now; with it everything that waited for it. */
static void flush_page(struct power_file *file, uint64_t page)
{
    uint64_t from = page * POWER_PAGE;
    if (from < file->now.len) {
        size_t len = file->now.len - (size_t)from;
        power_bytes_put(&file->flushed, from, file->now.bytes + from,
                        len < POWER_PAGE ? len : POWER_PAGE);
    }
    size_t kept = 0;
    for (size_t i = 0; i < file->piece_count; i++) {
        struct power_piece *piece = &file->pieces[i];
        if (!piece->length && piece->offset / POWER_PAGE == page)
            free(piece->bytes);
        else
            file->pieces[kept++] = *piece;
    }
    file->piece_count = kept;
}

static void flush_lengths(struct power_file *file)
{
    size_t kept = 0;
    for (size_t i = 0; i < file->piece_count; i++)
        if (!file->pieces[i].length)
            file->pieces[kept++] = file->pieces[i];
    file->piece_count = kept;
}

/* A length that shrank and grew again left zeros behind: the present bytes are the truth of every
 * page, so the flushed ones are cut to the present length before pages are copied. */
static void sync_file(struct power_file *file, const struct power_op *op)
{
    bool more = true;
    bool resized = false;
    for (size_t i = 0; i < file->piece_count; i++)
        resized |= file->pieces[i].length;
    while (more) {
        more = false;
        for (size_t i = 0; i < file->piece_count && !more; i++) {
            const struct power_piece *piece = &file->pieces[i];
            more = !piece->length && !piece->lost && within(piece, op);
            if (more)
                flush_page(file, piece->offset / POWER_PAGE);
        }
    }
    flush_lengths(file);
    if (file->flushed.len > file->now.len)
        power_bytes_resize(&file->flushed, file->now.len);
    if (resized && op->size == 0) {
        power_bytes_resize(&file->flushed, 0);
        power_bytes_put(&file->flushed, 0, file->now.bytes, file->now.len);
    }
}

static void lose(struct power_file *file, const struct power_op *op)
{
    for (size_t i = 0; i < file->piece_count; i++)
        if (within(&file->pieces[i], op))
            file->pieces[i].lost = true;
}

static void bind_number(struct power_disk *disk, const struct power_op *op)
{
    struct power_name place;
    if (!look_up(disk, op->name, &place) || place.file == SIZE_MAX)
        return;
    for (size_t i = 1; i < disk->file_count; i++)
        if (disk->files[i].number == op->file)
            disk->files[i].number = 0;
    disk->files[place.file].number = op->file;
}

static void apply_bytes(struct power_disk *disk, const struct power_op *op)
{
    struct power_file *file = by_number(disk, op->file);
    if (file == NULL)
        return;
    if (op->kind == POWER_WRITE)
        write_file(disk, file, op->offset, op->data);
    else if (op->kind == POWER_TRUNCATE)
        truncate_file(disk, file, op->offset);
    else if (op->kind == POWER_SYNC)
        sync_file(file, op);
    else
        lose(file, op);
}

void power_disk_apply(struct power_disk *disk, const struct power_op *op)
{
    struct power_name place;
    disk->ops++;
    switch (op->kind) {
    case POWER_OPEN:
        bind_number(disk, op);
        break;
    case POWER_CREATE:
    case POWER_MKDIR:
        add_name(disk, op->name, new_file(disk, op->file, op->kind == POWER_MKDIR));
        break;
    case POWER_LINK:
        if (look_up(disk, op->name, &place) && place.file != SIZE_MAX)
            add_name(disk, op->name2, place.file);
        break;
    case POWER_RENAME:
        rename_file(disk, op->name, op->name2);
        break;
    case POWER_UNLINK:
    case POWER_RMDIR:
        remove_name(disk, op->name);
        break;
    case POWER_SYNC_FOLDER:
        sync_folder(disk, op->name);
        break;
    case POWER_MARK:
        break;
    default:
        apply_bytes(disk, op);
        break;
    }
}

size_t power_disk_pending(const struct power_disk *disk)
{
    size_t pending = disk->change_count;
    for (size_t i = 0; i < disk->file_count; i++)
        pending += disk->files[i].piece_count;
    return pending;
}

static bool is_dirty(const struct power_file *file, uint64_t page)
{
    for (size_t i = 0; i < file->piece_count; i++)
        if (!file->pieces[i].length && !file->pieces[i].lost &&
            file->pieces[i].offset / POWER_PAGE == page)
            return true;
    return false;
}

static void evict_page(struct power_file *file, uint64_t page, bool there, const char *path)
{
    uint64_t from = page * POWER_PAGE;
    if (!there && from < file->now.len) {
        size_t len =
            file->now.len - (size_t)from < POWER_PAGE ? file->now.len - (size_t)from : POWER_PAGE;
        memset(file->now.bytes + from, 0, len);
        if (from < file->flushed.len)
            memcpy(file->now.bytes + from, file->flushed.bytes + from,
                   file->flushed.len - (size_t)from < len ? file->flushed.len - (size_t)from : len);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || pwrite(fd, file->now.bytes + from, len, (off_t)from) != (ssize_t)len)
            abort();
        (void)close(fd);
    }
    flush_page(file, page);
}

static void evict_file(struct power_file *file, struct esep_prng *prng, const char *path)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < file->piece_count && !more; i++) {
            uint64_t page = file->pieces[i].offset / POWER_PAGE;
            more = file->pieces[i].lost && !file->pieces[i].length && !is_dirty(file, page);
            if (more)
                evict_page(file, page, (esep_prng_next(prng) & 1) != 0, path);
        }
    }
}

void power_disk_evict(struct power_disk *disk, struct esep_prng *prng, const char *folder)
{
    for (size_t i = 0; i < disk->now.count; i++) {
        char path[1024];
        const struct power_name *name = &disk->now.names[i];
        (void)snprintf(path, sizeof path, "%s/%s", folder, name->name);
        if (name->parent == 0 && !disk->files[name->file].folder)
            evict_file(&disk->files[name->file], prng, path);
    }
}

/* From a folder. */

static void load_bytes(struct power_file *file, const char *path, size_t len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    power_bytes_resize(&file->flushed, len);
    power_bytes_resize(&file->now, len);
    size_t at = 0;
    ssize_t got = 1;
    while (fd >= 0 && at < len && (got = read(fd, file->flushed.bytes + at, len - at)) > 0)
        at += (size_t)got;
    if (fd < 0 || at < len) {
        perror(path);
        abort();
    }
    (void)close(fd);
    if (len > 0)
        memcpy(file->now.bytes, file->flushed.bytes, len);
}

static void load_folder(struct power_disk *disk, size_t parent, const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        abort();
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[1024];
        struct stat info;
        struct power_change what = {.come = {.parent = parent}};
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            lstat(path, &info) != 0 || !(S_ISDIR(info.st_mode) || S_ISREG(info.st_mode)))
            continue;
        if (strlen(entry->d_name) >= sizeof what.come.name)
            continue;
        memcpy(what.come.name, entry->d_name, strlen(entry->d_name) + 1);
        what.come.file = new_file(disk, info.st_ino, S_ISDIR(info.st_mode));
        power_tree_change(&disk->now, &what);
        power_tree_change(&disk->flushed, &what);
        if (S_ISDIR(info.st_mode))
            load_folder(disk, what.come.file, path);
        else
            load_bytes(&disk->files[what.come.file], path, (size_t)info.st_size);
    }
    (void)closedir(dir);
}

void power_disk_load(struct power_disk *disk, const char *folder)
{
    load_folder(disk, 0, folder);
}
