/* verify/log.c - see log.h. */
#include "verify/log.h"

#include "verify/say_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define TILE_HASHES 256
#define PATH_BYTES 4096
#define BUNDLE_MAX (TILE_HASHES * (2 + VERIFY_LEAF_BYTES))

/* A head that must be on the way: of the log itself, of a proof, or kept. */
struct head {
    const char *name;
    uint64_t size;
    struct verify_hash root;
    bool has_leaf; /* a proof's: at index stands this hash */
    uint64_t index;
    struct verify_hash leaf;
};
struct reading {
    const struct verify_options *options;
    const char *folder;
    bool has_entries;
    size_t head_count;
    struct head heads[VERIFY_HEADS_MAX + 1];
    struct verify_hash level[64]; /* of those subtrees that the count so far has a bit for */
    uint64_t count;
    struct verify_hash tile[TILE_HASHES];
    uint8_t bundle[BUNDLE_MAX + 1];
    const char *fault;
    const char *fault_name; /* a file, or NULL */
    uint64_t fault_at;      /* an entry */
};

static bool fail(struct reading *r, const char *fault, const char *name, uint64_t at)
{
    r->fault = fault;
    r->fault_name = name;
    r->fault_at = at;
    return false;
}

static struct verify_hash hash_of(uint8_t prefix, struct verify_bytes one, struct verify_bytes two)
{
    const struct verify_bytes parts[] = {{&prefix, 1}, one, two};
    return verify_sha256(parts, 3);
}

static struct verify_bytes bytes_of(const struct verify_hash *hash)
{
    return verify_bytes(hash->bytes, VERIFY_HASH_BYTES);
}

static void append(struct reading *r, struct verify_hash hash)
{
    unsigned level = 0;
    for (; r->count >> level & 1; level++)
        hash = hash_of(1, bytes_of(&r->level[level]), bytes_of(&hash));
    r->level[level] = hash;
    r->count++;
}

static struct verify_hash root_so_far(const struct reading *r)
{
    struct verify_hash root;
    bool has_root = false;
    if (r->count == 0)
        return verify_sha256(NULL, 0);
    for (unsigned level = 0; level < 64; level++) {
        if ((r->count >> level & 1) == 0)
            continue;
        root = has_root ? hash_of(1, bytes_of(&r->level[level]), bytes_of(&root)) : r->level[level];
        has_root = true;
    }
    return root;
}

/* Reads up to `room` bytes of a file. ENOENT is an answer. */
static int read_whole(const char *name, uint8_t *out, size_t room, size_t *ret_len)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return errno;
    *ret_len = fread(out, 1, room, file);
    int why = ferror(file) != 0 ? errno : 0;
    (void)fclose(file);
    return why;
}

/* "x001/x234/067" for 1234067. */
static void tile_name(const struct reading *r, const char *kind, uint64_t number, unsigned width,
                      char out[PATH_BYTES])
{
    char digits[80] = "";
    char part[80];
    (void)snprintf(digits, sizeof digits, "%03u", (unsigned)(number % 1000));
    for (number /= 1000; number > 0; number /= 1000) {
        (void)snprintf(part, sizeof part, "x%03u/%.60s", (unsigned)(number % 1000), digits);
        memcpy(digits, part, sizeof digits);
    }
    int len = snprintf(out, PATH_BYTES, "%.3900s/tile/%s/%s", r->folder, kind, digits);
    if (width < TILE_HASHES)
        (void)snprintf(out + len, PATH_BYTES - (size_t)len, ".p/%u", width);
}

/* The first `width` of a tile's: its own partial file, or the full one if the log has grown. */
static bool read_tile(const struct reading *r, const char *kind, uint64_t number, unsigned width,
                      uint8_t *out, size_t room, size_t *ret_len)
{
    char name[PATH_BYTES];
    tile_name(r, kind, number, width, name);
    if (read_whole(name, out, room, ret_len) == 0)
        return true;
    tile_name(r, kind, number, TILE_HASHES, name);
    return width < TILE_HASHES && read_whole(name, out, room, ret_len) == 0;
}

/* A bundle is entries, each behind its length in two bytes; they must be those of the hashes. */
static bool check_bundle(struct reading *r, uint64_t number, unsigned width)
{
    size_t len = 0;
    if (!read_tile(r, "entries", number, width, r->bundle, sizeof r->bundle, &len))
        return fail(r, "entries are missing", NULL, number * TILE_HASHES);
    size_t at = 0;
    for (unsigned i = 0; i < width; i++) {
        size_t size = len - at >= 2 ? (size_t)r->bundle[at] << 8 | r->bundle[at + 1] : SIZE_MAX;
        if (size > len - at - 2)
            return fail(r, "entries are cut short", NULL, number * TILE_HASHES + i);
        struct verify_hash hash =
            hash_of(0, verify_bytes(r->bundle + at + 2, size), verify_bytes(NULL, 0));
        if (!verify_hash_equal(&hash, &r->tile[i]))
            return fail(r, "an entry is not the one of its hash", NULL, number * TILE_HASHES + i);
        at += 2 + size;
    }
    return true;
}

static int by_size(const void *a, const void *b)
{
    const struct head *one = a;
    const struct head *other = b;
    return (one->size > other->size) - (one->size < other->size);
}

/* The heads whose size is reached; *next is the first of those that are left. */
static bool check_heads(struct reading *r, size_t *next)
{
    for (; *next < r->head_count && r->heads[*next].size == r->count; (*next)++) {
        struct verify_hash root = root_so_far(r);
        if (!verify_hash_equal(&root, &r->heads[*next].root))
            return fail(r, "the hashes do not lead to this head's root", r->heads[*next].name,
                        r->count);
    }
    return true;
}

static bool check_leaves(struct reading *r, uint64_t first, unsigned width)
{
    for (size_t i = 0; i < r->head_count; i++) {
        const struct head *head = &r->heads[i];
        if (head->has_leaf && head->index >= first && head->index - first < width &&
            !verify_hash_equal(&head->leaf, &r->tile[head->index - first]))
            return fail(r, "another entry stands where this receipt's is", head->name, head->index);
    }
    return true;
}

static bool check_all(struct reading *r, uint64_t size)
{
    size_t next = 0;
    size_t len = 0;
    qsort(r->heads, r->head_count, sizeof *r->heads, by_size);
    if (!check_heads(r, &next))
        return false;
    for (uint64_t number = 0; r->count < size; number++) {
        uint64_t left = size - r->count;
        unsigned width = left < TILE_HASHES ? (unsigned)left : TILE_HASHES;
        if (!read_tile(r, "0", number, width, r->tile[0].bytes, sizeof r->tile, &len) ||
            len < width * sizeof *r->tile)
            return fail(r, "hashes are missing", NULL, r->count);
        if (!check_leaves(r, r->count, width) ||
            (r->has_entries && !check_bundle(r, number, width)))
            return false;
        for (unsigned i = 0; i < width; i++) {
            append(r, r->tile[i]);
            if (!check_heads(r, &next))
                return false;
        }
    }
    return next == r->head_count ||
           fail(r, "this head is newer than the log's", r->heads[next].name, r->heads[next].size);
}

static const char *check_signed(const struct verify_request *request,
                                const struct verify_note *note, bool with_witnesses)
{
    int64_t time_s = 0;
    size_t witnessed = 0;
    if (verify_log_signed(request, note) != NULL)
        return "this head is not signed by the log's key";
    for (size_t i = 0; i < request->witness_count; i++) {
        enum verify_signed is = verify_note_signed(note, &request->witnesses[i], &time_s);
        if (is == VERIFY_BAD)
            return "a witness's signature does not fit this head";
        witnessed += is == VERIFY_GOOD;
    }
    return with_witnesses && witnessed < request->quorum ? "too few witnesses have signed this head"
                                                         : NULL;
}

/* A checkpoint, or a proof that holds one. 0 or the code to end with; a fault is no code. */
static int add_head(struct reading *r, const char *name, bool is_log)
{
    static uint8_t bytes[VERIFY_PROOF_MAX + 1];
    static struct verify_proof proof;
    struct verify_parts parts;
    struct verify_note note;
    size_t len = 0;
    errno = read_whole(name, bytes, sizeof bytes, &len);
    if (errno != 0)
        return verify_cannot_read(name);
    struct verify_bytes rest = verify_bytes(bytes, len);
    struct head *head = &r->heads[r->head_count];
    *head = (struct head){.name = name};
    if (!is_log && len > 8 && memcmp(bytes, "c2sp.org", 8) == 0) {
        if (verify_proof_parse(rest, &proof) != NULL ||
            verify_parts_parse(verify_bytes(proof.extra, proof.extra_len), &parts) != NULL) {
            (void)fail(r, "this is no proof", name, 0);
            return 0;
        }
        head->has_leaf = true;
        head->index = proof.index;
        head->leaf = hash_of(0, verify_bytes(parts.leaf, VERIFY_LEAF_BYTES), verify_bytes(NULL, 0));
        rest = proof.note;
    }
    const char *why = verify_note_parse(rest, &note);
    if (why == NULL)
        why = check_signed(&r->options->request, &note, is_log);
    if (why == NULL && head->has_leaf && head->index >= note.size)
        why = "its entry is not in its own tree";
    if (why != NULL)
        (void)fail(r, why, name, 0);
    head->size = note.size;
    head->root = note.root;
    r->head_count++;
    return 0;
}

static void say(const struct reading *r, uint64_t size)
{
    enum verify_language language = r->options->language;
    if (r->options->is_json) {
        (void)printf("{\"esep_verify_log\":1,\"exit\":%d,\"size\":%" PRIu64
                     ",\"heads\":%zu,\"entries\":%s,\"fault\":",
                     r->fault != NULL ? EX_DATAERR : 0, size, r->head_count,
                     r->has_entries ? "true" : "false");
        (void)printf(r->fault != NULL ? "\"%s\"}\n" : "null}\n", r->fault);
        return;
    }
    (void)printf("%s\n",
                 verify_word(r->fault != NULL ? WORD_LOG_BROKEN : WORD_LOG_WHOLE, language));
    if (r->fault != NULL) {
        (void)printf("(%s; %s%s%" PRIu64 ")\n", r->fault,
                     r->fault_name != NULL ? r->fault_name : "", r->fault_name != NULL ? ", " : "",
                     r->fault_at);
        return;
    }
    (void)printf("%s: %s\n%s: %" PRIu64 "\n%s: %zu\n%s\n", verify_word(WORD_LOG, language),
                 r->options->request.logs[0].name, verify_word(WORD_LOG_ENTRIES, language), size,
                 verify_word(WORD_LOG_HEADS, language), r->head_count - 1,
                 verify_word(r->has_entries ? WORD_LOG_READ : WORD_LOG_HASHES, language));
}

int verify_log(const struct verify_options *options, int count, char **files)
{
    static struct reading r;
    static char name[PATH_BYTES];
    char probe[PATH_BYTES];
    size_t len = 0;
    if (options->request.log_count == 0)
        return verify_wrong("--log", "is missing: whose log is it? --help says more");
    if (count < 1 || count > VERIFY_HEADS_MAX + 1 || strlen(files[0]) > 3000)
        return verify_wrong("FOLDER", "give the log's folder, and at most 256 heads or proofs");
    r.options = options;
    r.folder = files[0];
    (void)snprintf(name, sizeof name, "%s/checkpoint", r.folder);
    int ended = add_head(&r, name, true);
    uint64_t size = r.heads[0].size;
    for (int i = 1; ended == 0 && r.fault == NULL && i < count; i++)
        ended = add_head(&r, files[i], false);
    if (ended != 0)
        return ended;
    (void)snprintf(probe, sizeof probe, "%s/tile/entries", r.folder);
    int why = read_whole(probe, r.bundle, 1, &len);
    r.has_entries = why != ENOENT;
    if (r.fault == NULL)
        (void)check_all(&r, size);
    say(&r, size);
    return r.fault != NULL ? EX_DATAERR : 0;
}
