/* agent/proof_export.c - see proof_export.h. */
#include "agent/proof_export.h"

#include "agent/holds.h"
#include "agent/tree.h"
#include "agent/witnessed.h"
#include "io/folder.h"
#include "wire/proof.h"
#include "wire/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define SAID_SEQ 56
#define SAID_HEAD 64

struct export
{
    struct agent_desk *desk;
    const struct agent_proof_export *what;
    struct agent_proof_exported *done;
    struct esep_reason *reason;
    struct esep_buf entry;
    struct esep_hash head_before;
    struct esep_hash head; /* after the entry */
};

static enum esep_status write_file(const struct export *x, const char *ending,
                                   struct esep_slice bytes)
{
    char path[PATH_BYTES];
    int len = snprintf(path, sizeof path, "%s%s", x->what->name, ending);
    if (len < 0 || (size_t)len >= sizeof path)
        return esep_because(x->reason, ESEP_INVALID, "--proof: the name is too long");
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return esep_because(
            x->reason, errno == EEXIST ? ESEP_CONFLICT : ESEP_IO,
            errno == EEXIST ? "%s is there already: take another name" : "%s cannot be made", path);
    bool good = true;
    for (size_t at = 0; good && at < bytes.len;) {
        const ssize_t put = write(fd, bytes.data + at, bytes.len - at);
        good = put > 0 || (put < 0 && errno == EINTR);
        at += put > 0 ? (size_t)put : 0;
    }
    good = good && fsync(fd) == 0;
    if (close(fd) == 0 && good && esep_folder_sync_above(path))
        return ESEP_OK;
    const int why = errno;
    (void)unlink(path);
    return esep_because(x->reason, why == ENOSPC ? ESEP_LIMIT : ESEP_IO, "%s cannot be written: %s",
                        path, strerror(why));
}

enum esep_status agent_checkpoint_note(struct agent_desk *desk,
                                       const struct agent_checkpoint *checkpoint,
                                       struct esep_buf *out, struct esep_note_key *ret_key)
{
    char origin[ESEP_ORIGIN_MAX + 1];
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    char line[ESEP_NOTE_LINE_MAX];
    uint8_t public_key[ESEP_KEY_BYTES];
    if (!agent_log_signed(desk, checkpoint, public_key)) /* its note will not verify */
        memcpy(public_key, desk->settings->log_key, sizeof public_key);
    esep_log_origin(&desk->identity.log_id, checkpoint->generation, origin);
    enum esep_status status = esep_note_key(ret_key, origin, ESEP_NOTE_ED25519, public_key, NULL);
    if (status != ESEP_OK)
        return status;
    const size_t len = esep_checkpoint_text(origin, checkpoint->size, &checkpoint->root, text);
    (void)esep_note_line(ret_key, checkpoint->signature, line);
    status = esep_buf_put(out, text, len);
    if (status == ESEP_OK)
        status = esep_buf_put(out, "\n", 1);
    return status == ESEP_OK ? esep_buf_put(out, line, strlen(line)) : status;
}

enum esep_status agent_split_export(struct agent_desk *desk, struct esep_buf *ret_seen,
                                    struct esep_buf *ret_other, struct esep_reason *reason)
{
    struct agent_checkpoint other;
    struct agent_checkpoint seen;
    struct esep_note_key key;
    enum esep_status status = journal_split(&desk->journal, &other, &seen, reason);
    if (status != ESEP_OK)
        return status;
    status = agent_checkpoint_note(desk, &seen, ret_seen, &key);
    if (status == ESEP_OK)
        status = agent_checkpoint_note(desk, &other, ret_other, &key);
    return status == ESEP_OK ? status : esep_because(reason, status, "no memory for two notes");
}

/* The head that proves most, and the path to it. */
static enum esep_status find_head(const struct export *x, const struct agent_proof *proof,
                                  struct agent_cosigned *ret, struct esep_merkle_path *ret_path)
{
    struct agent_witnessed witnessed;
    enum esep_status status =
        agent_witnessed(x->desk, proof->generation, proof->index, &witnessed, x->reason);
    if (status == ESEP_OK) {
        *ret = witnessed.head;
        status = journal_audit(&x->desk->journal, proof, &ret->checkpoint, ret_path, x->reason);
        x->done->witnesses = (unsigned)witnessed.known;
    }
    if (status == ESEP_NOT_FOUND) {
        *ret = (struct agent_cosigned){.len = 0};
        x->done->witnesses = 0;
        status = journal_audit(&x->desk->journal, proof, &ret->checkpoint, ret_path, x->reason);
    }
    return status;
}

/* Index, path and note of a proof, by the earliest head that a witness has signed, else by the
 * newest; the note is put into `note`. */
static enum esep_status make_place(const struct export *x, const struct agent_proof *proof,
                                   struct esep_buf *note, struct esep_proof *ret)
{
    struct agent_cosigned head;
    struct esep_note_key key;
    struct esep_note signed_head;
    *ret = (struct esep_proof){.index = proof->index};
    enum esep_status status = find_head(x, proof, &head, &ret->path);
    if (status != ESEP_OK)
        return status;
    const struct agent_checkpoint *checkpoint = &head.checkpoint;
    status = agent_checkpoint_note(x->desk, checkpoint, note, &key);
    if (status == ESEP_OK)
        status = esep_buf_put(note, head.lines, head.len);
    if (status != ESEP_OK)
        return esep_because(x->reason, status, "no memory for a proof");
    ret->note = esep_buf_slice(note);
    const struct esep_hash leaf = esep_merkle_leaf(esep_slice(proof->leaf, sizeof proof->leaf));
    if (esep_note_parse(ret->note, &signed_head, NULL) != ESEP_OK ||
        esep_note_verify(&signed_head, &key, NULL, NULL) != ESEP_OK ||
        !esep_merkle_audit_verify(&leaf, proof->index, checkpoint->size, &checkpoint->root,
                                  &ret->path))
        return esep_because(x->reason, ESEP_CORRUPT,
                            "the proof of log entry %llu does not hold: the journal's disk, or "
                            "log_key in the config, is not what it was",
                            (unsigned long long)proof->index);
    esep_note_key_format(&key, x->done->vkey);
    return ESEP_OK;
}

/* Content hashes of the entries behind the report, up to the last of the statement. */
struct behind {
    struct esep_hash *hashes;
    uint64_t next;
    uint64_t through;
    size_t count;
    struct esep_hash head;
};

static bool take_behind(void *context, const struct agent_entry *entry)
{
    struct behind *b = context;
    if (entry->seq != b->next || entry->seq > b->through)
        return false;
    b->hashes[b->count] = esep_content_hash(entry->bytes);
    b->head = esep_chain_link(&b->head, entry->seq, &b->hashes[b->count]);
    b->count++;
    b->next++;
    return true;
}

static enum esep_status collect_behind(const struct export *x, const uint8_t *statement,
                                       struct behind *b)
{
    const struct agent_proof_export *what = x->what;
    b->through = esep_be64(statement + SAID_SEQ);
    b->next = what->seq + 1;
    b->head = x->head;
    if (b->through < what->seq || b->through - what->seq > ESEP_PROOF_AFTER_MAX)
        return esep_because(x->reason, ESEP_NOT_FOUND,
                            "more than %d entries stand between entry %u/%llu and what was signed",
                            ESEP_PROOF_AFTER_MAX, what->epoch, (unsigned long long)what->seq);
    b->hashes = calloc((size_t)(b->through - what->seq) + 1, sizeof *b->hashes);
    if (b->hashes == NULL)
        return ESEP_NOMEM;
    enum esep_status status = ESEP_OK;
    if (b->through > what->seq)
        status =
            journal_entries(&x->desk->journal, what->epoch, b->next, take_behind, b, x->reason);
    if (status == ESEP_OK && (b->next != b->through + 1 ||
                              memcmp(b->head.bytes, statement + SAID_HEAD, ESEP_HASH_BYTES) != 0))
        status = esep_because(x->reason, ESEP_NOT_FOUND,
                              "entries up to %u/%llu, which were signed with this one, are no "
                              "longer kept",
                              what->epoch, (unsigned long long)b->through);
    return status;
}

static void fill_report(const struct export *x, const uint8_t *statement, const uint8_t *key,
                        const struct behind *behind, struct esep_proof_report *ret)
{
    memcpy(ret->statement, statement, sizeof ret->statement);
    memcpy(ret->key, key, sizeof ret->key);
    ret->head_before = x->head_before;
    ret->after = behind->hashes;
    ret->after_count = behind->count;
}

bool agent_ingress_holds(const struct agent_ingress *kept, struct esep_ingress *ret)
{
    const struct esep_hash content =
        esep_content_hash(esep_slice(kept->statement, sizeof kept->statement));
    return esep_ingress_unpack(esep_slice(kept->note, sizeof kept->note), ret) == ESEP_OK &&
           esep_ingress_verify(ret) && esep_hash_equal(&ret->content, &content);
}

static enum esep_status make_ingress(const struct export *x, struct esep_buf *out)
{
    const struct agent_ingress *kept = x->what->ingress;
    struct esep_proof_report report = {.after = NULL};
    struct behind behind = {.hashes = NULL};
    struct esep_ingress note;
    enum esep_status status = collect_behind(x, kept->statement, &behind);
    if (status == ESEP_OK && !agent_ingress_holds(kept, &note))
        status =
            esep_because(x->reason, ESEP_CORRUPT,
                         "the broker's note on entry %u/%llu does not hold: the journal's disk "
                         "is not what it was",
                         kept->epoch, (unsigned long long)kept->seq);
    if (status == ESEP_OK) {
        fill_report(x, kept->statement, kept->key, &behind, &report);
        status = esep_proof_write_ingress(&report, kept->note, out);
    }
    if (status == ESEP_OK)
        esep_hex(note.broker_key, ESEP_KEY_BYTES, x->done->broker);
    free(behind.hashes);
    return status;
}

static enum esep_status export_ingress(const struct export *x)
{
    struct esep_buf out;
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    enum esep_status status = make_ingress(x, &out);
    if (status == ESEP_OK)
        status = write_file(x, ".ingress-proof", esep_buf_slice(&out));
    x->done->proofs += status == ESEP_OK;
    esep_buf_done(&out);
    return status;
}

static enum esep_status export_report(const struct export *x, const struct esep_receipt *receipt,
                                      const char *ending)
{
    struct esep_proof_report report = {.after = NULL};
    struct agent_proof proof;
    struct behind behind = {.hashes = NULL};
    struct esep_proof place;
    struct esep_buf note;
    struct esep_buf out;
    esep_buf_init(&note, ESEP_NOTE_BYTES_MAX);
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    enum esep_status status = journal_proof(&x->desk->journal, receipt, &proof, x->reason);
    if (status == ESEP_OK)
        status = collect_behind(x, proof.statement, &behind);
    if (status == ESEP_OK)
        status = make_place(x, &proof, &note, &place);
    if (status == ESEP_OK) {
        memcpy(report.leaf, proof.leaf, sizeof report.leaf);
        fill_report(x, proof.statement, proof.key, &behind, &report);
        status = esep_proof_write_report(&place, &report, &out);
    }
    if (status == ESEP_OK)
        status = write_file(x, ending, esep_buf_slice(&out));
    x->done->proofs += status == ESEP_OK;
    free(behind.hashes);
    esep_buf_done(&out);
    esep_buf_done(&note);
    return status;
}

/* NOT_FOUND where the file, or its receipt, is not there yet: that is no failure of the report's.
 */
static enum esep_status export_file(const struct export *x, const Esep__V1__AttachmentRef *ref,
                                    size_t number)
{
    struct agent_file file = {.size_bytes = ref->size_bytes};
    struct agent_proof proof;
    struct esep_proof place;
    struct esep_buf note;
    struct esep_buf out;
    char ending[64];
    if (ref->sha256.len != ESEP_HASH_BYTES)
        return ESEP_NOT_FOUND;
    memcpy(file.sha256.bytes, ref->sha256.data, ESEP_HASH_BYTES);
    esep_buf_init(&note, ESEP_NOTE_BYTES_MAX);
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    enum esep_status status = journal_file_proof(&x->desk->journal, &file, &proof, x->reason);
    if (status == ESEP_OK)
        status = make_place(x, &proof, &note, &place);
    if (status == ESEP_OK)
        status = esep_proof_write_file(&place, proof.leaf, proof.statement, &out);
    (void)snprintf(ending, sizeof ending, ".file-%zu.tlog-proof", number);
    if (status == ESEP_OK)
        status = write_file(x, ending, esep_buf_slice(&out));
    x->done->proofs += status == ESEP_OK;
    esep_buf_done(&out);
    esep_buf_done(&note);
    return status;
}

static enum esep_status export_files(const struct export *x)
{
    struct esep_arena arena = {0};
    const ProtobufCMessage *message = NULL;
    enum esep_status status = esep_arena_init(&arena, AGENT_PROOF_ENTRY_BYTES_MAX);
    if (status == ESEP_OK && esep_unpack(&esep__v1__journal_entry__descriptor,
                                         esep_buf_slice(&x->entry), &arena, &message) == ESEP_OK) {
        const Esep__V1__JournalEntry *entry = (const Esep__V1__JournalEntry *)message;
        const bool is_report = entry->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
        for (size_t i = 0; status == ESEP_OK && is_report && i < entry->report->n_attachments;
             i++) {
            status = export_file(x, entry->report->attachments[i], i + 1);
            if (status == ESEP_NOT_FOUND)
                status = ESEP_OK;
        }
    }
    esep_arena_done(&arena);
    return status;
}

/* The entry, the head before it and the one that it leads to. */
static enum esep_status load_entry(struct export *x)
{
    const struct agent_proof_export *what = x->what;
    const struct journal_identity *me = &x->desk->identity;
    struct esep_hash stored;
    enum esep_status status =
        journal_entry(&x->desk->journal, what->epoch, what->seq, &stored, &x->entry, x->reason);
    if (status != ESEP_OK)
        return status;
    if (what->seq == 1) {
        struct agent_proof proof; /* names the key of that time, which the chain begins with */
        if (what->ingress != NULL)
            memcpy(proof.key, what->ingress->key, sizeof proof.key);
        else
            status = journal_proof(&x->desk->journal,
                                   what->receipt != NULL ? what->receipt : what->promise, &proof,
                                   x->reason);
        if (status != ESEP_OK)
            return status;
        x->head_before = esep_chain_start(&me->log_id, me->office, what->epoch, proof.key);
    } else {
        struct esep_buf before;
        esep_buf_init(&before, AGENT_PROOF_ENTRY_BYTES_MAX);
        status = journal_entry(&x->desk->journal, what->epoch, what->seq - 1, &x->head_before,
                               &before, x->reason);
        esep_buf_done(&before);
        if (status != ESEP_OK)
            return status;
    }
    x->head = esep_chain_step(&x->head_before, what->seq, esep_buf_slice(&x->entry));
    if (!esep_hash_equal(&x->head, &stored))
        return esep_because(x->reason, ESEP_CORRUPT,
                            "entry %u/%llu does not follow from the one before it", what->epoch,
                            (unsigned long long)what->seq);
    return ESEP_OK;
}

enum esep_status agent_proof_export(struct agent_desk *desk, const struct agent_proof_export *what,
                                    struct agent_proof_exported *ret, struct esep_reason *reason)
{
    struct export x = {.desk = desk, .what = what, .done = ret, .reason = reason};
    *ret = (struct agent_proof_exported){0};
    if (what->receipt == NULL && what->promise == NULL && what->ingress == NULL)
        return esep_because(reason, ESEP_NOT_FOUND, "no receipt of entry %u/%llu has come yet",
                            what->epoch, (unsigned long long)what->seq);
    esep_buf_init(&x.entry, AGENT_PROOF_ENTRY_BYTES_MAX);
    enum esep_status status = load_entry(&x);
    if (status == ESEP_OK)
        status = write_file(&x, ".report", esep_buf_slice(&x.entry));
    if (status == ESEP_OK && what->receipt != NULL)
        status = export_report(&x, what->receipt, ".tlog-proof");
    if (status == ESEP_OK && what->promise != NULL)
        status = export_report(&x, what->promise, ".promise.tlog-proof");
    if (status == ESEP_OK && what->ingress != NULL)
        status = export_ingress(&x);
    if (status == ESEP_OK)
        status = export_files(&x);
    esep_buf_done(&x.entry);
    return status;
}

enum esep_status agent_ingress_export(struct agent_desk *desk,
                                      const struct agent_proof_export *what,
                                      struct esep_buf *ret_proof, struct esep_buf *ret_report,
                                      struct esep_reason *reason)
{
    struct agent_proof_exported done = {0};
    struct export x = {.desk = desk, .what = what, .done = &done, .reason = reason};
    ESEP_ASSERT(what->ingress != NULL);
    esep_buf_init(&x.entry, AGENT_PROOF_ENTRY_BYTES_MAX);
    enum esep_status status = load_entry(&x);
    if (status == ESEP_OK)
        status = make_ingress(&x, ret_proof);
    if (status == ESEP_OK)
        status = esep_buf_put(ret_report, x.entry.data, x.entry.len);
    esep_buf_done(&x.entry);
    return status;
}
