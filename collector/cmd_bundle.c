/* collector/cmd_bundle.c - `bundle import`: what an office without a link sent on a stick.
 *
 * The whole file is looked through first, with the collector's key: cut, changed, out of order, of
 * another log, or not signed by the office that it names, it is refused before anything is taken.
 * Then it goes to the running daemon record by record (run_bundle.c), and what ingest answers
 * becomes the reply file: sealed envelopes for the office, WELCOME, receipts and mail, as its
 * daemon would have got them. Files come behind the entries (bundle_files.h). Where ingest served
 * the office by another way meanwhile, the file is brought again from its start: it may be imported
 * any number of times.
 */
#include "agent/bundle.h"
#include "agent/bundle_reply.h"
#include "collector/bundle_files.h"
#include "collector/commands.h"
#include "collector/export.h"
#include "io/control.h"
#include "io/keyfile.h"
#include "io/loop.h"
#include "wire/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((off_t)1 << 40)
#define FORGET_BYTES ((size_t)16 << 20)
#define CALL_TIMEOUT_MS 30000
#define TRIES 20
#define PATIENCE (120 * ESEP_SECOND) /* without any progress */
#define PAUSE_MS 20
#define OFFER_PATIENCE (60 * ESEP_SECOND)
#define KEEP_ALIVE (10 * ESEP_SECOND)
#define ROUNDS 5
#define WAIT_S 30u
#define WAIT_S_MAX 3600u

struct words {
    struct command_common common;
    const char *file;
    const char *reply;
    unsigned wait_s;
};

struct import {
    const struct collector_settings *settings;
    struct esep_slice file;
    struct esep_hash log_id;
    struct esep_commitment commitment;
    uint64_t first_seq;
    struct bundle_files files;
    size_t forgotten;
    char body[ESEP_BODY_CODE_MAX];
    uint8_t token[16];
    struct esep_buf request, answer;
    struct esep_arena arena;
    FILE *out;
    uint64_t frames;
    int64_t wait;     /* for witnesses, at most */
    bool asks;        /* for what they have signed, with each order */
    bool is_awaiting; /* a receipt in the reply is under no head that they have signed */
    bool is_witnessed;
    struct esep_reason *reason;
};

static enum esep_status map_file(const char *path, struct esep_slice *ret,
                                 struct esep_reason *reason)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return esep_because(reason, errno == ENOENT ? ESEP_NOT_FOUND : ESEP_IO, "%.150s: %s", path,
                            strerror(errno));
    void *bytes = MAP_FAILED;
    const bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    if (regular && info.st_size > 0 && info.st_size <= FILE_BYTES_MAX)
        bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (bytes == MAP_FAILED)
        return esep_because(reason, ESEP_INVALID, "%.150s: not a bundle file", path);
    *ret = esep_slice(bytes, (size_t)info.st_size);
    return ESEP_OK;
}

/* By whom it is: the office's key as the log has it now. */
static enum esep_status check_office(struct import *x, const struct agent_bundle_reader *reader,
                                     const struct esep_hash *log_id)
{
    struct collector_state state = {.log = NULL};
    enum esep_status status = collector_state_open(&state, x->settings, true, x->reason);
    if (status != ESEP_OK)
        return status;
    const struct views_office *office = views_office(state.views, reader->commitment.office);
    if (office == NULL)
        status = esep_because(x->reason, ESEP_DENIED, "bundle: no office %u is enrolled here",
                              reader->commitment.office);
    else if (office->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        status = esep_because(x->reason, ESEP_DENIED, "bundle: the key of office %u was revoked",
                              office->office);
    else if (!agent_bundle_verify(reader, log_id, office->sign_key))
        status = esep_because(x->reason, ESEP_INVALID, "bundle: not signed by the key of office %u",
                              office->office);
    else
        memcpy(x->body, office->body, sizeof x->body);
    collector_state_close(&state);
    return status;
}

static enum esep_status log_of(const struct collector_settings *settings, struct esep_hash *ret,
                               struct esep_reason *reason)
{
    struct collector_state state = {.log = NULL};
    const enum esep_status status = collector_state_open(&state, settings, true, reason);
    if (status == ESEP_OK)
        *ret = state.log->log_id;
    collector_state_close(&state);
    return status;
}

static enum esep_status open_reader(struct import *x, struct agent_bundle_reader *ret)
{
    struct esep_keyfile keys;
    struct esep_box_key seal_key;
    enum esep_status status = esep_keyfile_read(x->settings->keys, &keys, x->reason);
    if (status == ESEP_OK)
        status = esep_keyfile_box(&keys, &seal_key);
    esep_wipe(&keys, sizeof keys);
    if (status == ESEP_OK)
        status = agent_bundle_open(ret, x->file, &seal_key, &x->log_id, x->reason);
    esep_wipe(&seal_key, sizeof seal_key);
    x->forgotten = 0;
    return status;
}

/* Of what was read nothing need stay in memory, however long the file is. */
static void forget(struct import *x, const struct agent_bundle_reader *reader)
{
    const size_t at = (size_t)(reader->record.data - x->file.data) / FORGET_BYTES * FORGET_BYTES;
    if (at <= x->forgotten)
        return;
    (void)madvise((void *)(uintptr_t)(x->file.data + x->forgotten), at - x->forgotten,
                  MADV_DONTNEED);
    x->forgotten = at;
    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\rfile: %zu of %zu MB ", at >> 20, x->file.len >> 20);
}

/* The whole file, before any of it is taken. */
static enum esep_status look_through(struct import *x)
{
    struct agent_bundle_reader reader;
    struct agent_bundle_piece piece;
    const Esep__V1__Batch *batch = NULL;
    enum esep_status status = log_of(x->settings, &x->log_id, x->reason);
    if (status == ESEP_OK)
        status = open_reader(x, &reader);
    if (status != ESEP_OK)
        return status;
    x->commitment = reader.commitment;
    x->first_seq = reader.first_seq;
    status = check_office(x, &reader, &x->log_id);
    while (status == ESEP_OK)
        status = agent_bundle_next(&reader, &batch, x->reason);
    if (status == ESEP_NOT_FOUND)
        status = ESEP_OK;
    while (status == ESEP_OK) {
        status = agent_bundle_next_piece(&reader, &piece, x->reason);
        forget(x, &reader);
    }
    agent_bundle_close(&reader);
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

static enum esep_status keep_frames(struct import *x, const Esep__V1__BundleReply *said)
{
    for (size_t i = 0; i < said->n_frames; i++) {
        uint8_t length[4];
        esep_be32_put(length, (uint32_t)said->frames[i].len);
        if (fwrite(length, sizeof length, 1, x->out) != 1 ||
            fwrite(said->frames[i].data, said->frames[i].len, 1, x->out) != 1)
            return esep_because(x->reason, ESEP_LIMIT, "the reply cannot be written: %s",
                                strerror(errno));
        x->frames++;
    }
    return ESEP_OK;
}

/* One order, one answer, its frames in the reply file. ESEP_AGAIN: all of it from the start. */
static enum esep_status ask(struct import *x, struct esep_slice record, bool end,
                            Esep__V1__BundleReply *ret)
{
    uint8_t nonce[16];
    const ProtobufCMessage *message = NULL;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__BundleOrder bundle = ESEP__V1__BUNDLE_ORDER__INIT;
    esep_random(nonce, sizeof nonce);
    order.nonce = esep_pb(nonce, sizeof nonce);
    order.what_case = ESEP__V1__ORDER__WHAT_BUNDLE;
    order.bundle = &bundle;
    bundle.import = esep_pb(x->token, sizeof x->token);
    bundle.record = esep_pb(record.data, record.len);
    bundle.end = end;
    bundle.witnessed = x->asks;
    esep_buf_clear(&x->request);
    enum esep_status status = esep_pack(&order.base, &x->request);
    if (status == ESEP_OK)
        status = esep_control_call(x->settings->control, esep_buf_slice(&x->request),
                                   CALL_TIMEOUT_MS, &x->answer, x->reason);
    if (status == ESEP_AGAIN) /* the import does not begin anew for it */
        return esep_because(x->reason, ESEP_IO, "%.200s", x->reason->text);
    esep_arena_reset(&x->arena);
    if (status == ESEP_OK)
        status = esep_unpack(&esep__v1__order_reply__descriptor, esep_buf_slice(&x->answer),
                             &x->arena, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__OrderReply *said = (const Esep__V1__OrderReply *)message;
    if (said->bundle != NULL && said->bundle->restart)
        return ESEP_AGAIN;
    if (end)
        return ESEP_OK;
    if (!said->ok || said->bundle == NULL)
        return esep_because(x->reason, ESEP_INVALID, "refused: %.200s", said->text);
    *ret = *said->bundle;
    return keep_frames(x, said->bundle);
}

static void pause_a_little(void)
{
    const struct timespec wait = {.tv_nsec = PAUSE_MS * 1000000L};
    (void)nanosleep(&wait, NULL);
}

/* Until it is taken, in whatever pieces the credit allows. */
static enum esep_status hand_over(struct import *x, struct esep_slice record)
{
    const int64_t until = esep_monotonic() + PATIENCE;
    Esep__V1__BundleReply said = {.again = true};
    enum esep_status status = ESEP_OK;
    while (status == ESEP_OK && said.again) {
        status = ask(x, record, false, &said);
        if (status == ESEP_OK && said.again && esep_monotonic() > until)
            return esep_because(x->reason, ESEP_IO, "ingest takes nothing more: look at its log");
        if (status == ESEP_OK && said.again)
            pause_a_little();
    }
    return status;
}

static enum esep_status wait_for_all(struct import *x)
{
    int64_t until = esep_monotonic() + PATIENCE;
    uint64_t held = 0, frames = x->frames;
    for (;;) {
        Esep__V1__BundleReply said;
        const enum esep_status status = ask(x, esep_slice(NULL, 0), false, &said);
        if (status != ESEP_OK)
            return status;
        if (said.settled && !said.more && said.held >= x->commitment.seq)
            return ESEP_OK;
        if (said.held > held || x->frames > frames)
            until = esep_monotonic() + PATIENCE;
        held = said.held;
        frames = x->frames;
        if (esep_monotonic() > until)
            return esep_because(x->reason, ESEP_IO, "ingest does not come to an end: see its log");
        if (!said.more)
            pause_a_little();
    }
}

/* What came is in the log; witnesses are asked for a newer head each few seconds. Where they are
 * away the next stick brings it. */
static enum esep_status wait_for_witnesses(struct import *x)
{
    const int64_t until = esep_monotonic() + x->wait;
    Esep__V1__BundleReply said;
    enum esep_status status = ESEP_OK;
    x->asks = true;
    do {
        status = ask(x, esep_slice(NULL, 0), false, &said);
        for (unsigned i = 0; status == ESEP_OK && said.awaits_witness && i < ROUNDS; i++)
            pause_a_little();
    } while (status == ESEP_OK && (said.more || (said.awaits_witness && esep_monotonic() < until)));
    x->asks = false;
    x->is_awaiting = status == ESEP_OK && said.awaits_witness;
    x->is_witnessed = status == ESEP_OK && said.witnessed;
    return status;
}

/* The reply begins anew. */
static enum esep_status begin_reply(struct import *x)
{
    esep_random(x->token, sizeof x->token);
    x->frames = 0;
    if (fseek(x->out, 0, SEEK_SET) != 0 || ftruncate(fileno(x->out), 0) != 0 ||
        fwrite(AGENT_REPLY_MAGIC, strlen(AGENT_REPLY_MAGIC), 1, x->out) != 1 ||
        fwrite(x->file.data + strlen(AGENT_BUNDLE_MAGIC), AGENT_BUNDLE_SALT_BYTES, 1, x->out) != 1)
        return esep_because(x->reason, ESEP_LIMIT, "the reply cannot be written: %s",
                            strerror(errno));
    return ESEP_OK;
}

static enum esep_status bring_entries(struct import *x, struct agent_bundle_reader *reader)
{
    const Esep__V1__Batch *batch = NULL;
    enum esep_status status = ESEP_OK;
    do {
        status = hand_over(x, reader->record); /* the head's, then each BATCH's */
        if (status == ESEP_OK)
            status = agent_bundle_next(reader, &batch, x->reason);
    } while (status == ESEP_OK);
    return status == ESEP_NOT_FOUND ? wait_for_all(x) : status;
}

/* Ingest reads the file, logs it, and says so to the office; or refuses, to the office alone. */
static enum esep_status offer(struct import *x, struct bundle_files *files,
                              const struct agent_file *file, struct esep_slice record)
{
    const int64_t until = esep_monotonic() + OFFER_PATIENCE;
    const uint64_t before = x->frames;
    Esep__V1__BundleReply said;
    enum esep_status status = hand_over(x, record);
    while (status == ESEP_OK && (x->frames == before || !bundle_files_logged(files, file))) {
        if (esep_monotonic() > until) {
            bundle_files_refuse(files, file, "ingest did not take it now: import the file again");
            return ESEP_OK;
        }
        pause_a_little();
        status = ask(x, esep_slice(NULL, 0), false, &said);
    }
    files->taken += status == ESEP_OK;
    return status;
}

static enum esep_status bring_files(struct import *x, struct agent_bundle_reader *reader)
{
    struct bundle_files *files = &x->files;
    struct agent_bundle_piece piece;
    Esep__V1__BundleReply said;
    int64_t said_at = esep_monotonic();
    bundle_files_close(files);
    enum esep_status status =
        bundle_files_open(files, x->settings, x->commitment.office, x->reason);
    while (status == ESEP_OK &&
           (status = agent_bundle_next_piece(reader, &piece, x->reason)) == ESEP_OK) {
        forget(x, reader);
        if (piece.data.len > 0)
            status = bundle_files_piece(files, &piece, x->reason);
        else
            status = bundle_files_end(files, &piece, x->reason);
        if (status == ESEP_OK && piece.data.len == 0 && files->wanted)
            status = offer(x, files, &piece.file, reader->record);
        if (status == ESEP_OK && esep_monotonic() - said_at > KEEP_ALIVE) {
            said_at = esep_monotonic();
            status = ask(x, esep_slice(NULL, 0), false, &said);
        }
    }
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

static enum esep_status bring(struct import *x)
{
    struct agent_bundle_reader reader;
    Esep__V1__BundleReply unused;
    static const uint8_t end[4];
    enum esep_status status = begin_reply(x);
    if (status == ESEP_OK)
        status = open_reader(x, &reader);
    if (status != ESEP_OK)
        return status;
    status = bring_entries(x, &reader);
    if (status == ESEP_OK && reader.files > 0)
        status = bring_files(x, &reader);
    if (status == ESEP_OK)
        status = wait_for_witnesses(x);
    agent_bundle_close(&reader);
    struct esep_reason kept = *x->reason;
    (void)!ask(x, esep_slice(NULL, 0), true, &unused);
    *x->reason = kept;
    if (status == ESEP_OK && fwrite(end, sizeof end, 1, x->out) != 1)
        status =
            esep_because(x->reason, ESEP_LIMIT, "the reply cannot be written: %s", strerror(errno));
    return status;
}

static enum esep_status import_all(struct import *x, const struct words *words)
{
    struct export_file reply;
    enum esep_status status = look_through(x);
    if (status != ESEP_OK)
        return status;
    status = export_file_begin(&reply, words->reply, x->reason);
    if (status != ESEP_OK)
        return status;
    x->out = reply.out;
    status = ESEP_AGAIN;
    for (int i = 0; status == ESEP_AGAIN && i < TRIES; i++) {
        if (i > 0)
            pause_a_little();
        status = bring(x);
    }
    if (status == ESEP_AGAIN)
        status = esep_because(x->reason, ESEP_AGAIN,
                              "the office is being served by another way just now: import the file "
                              "again");
    if (status == ESEP_OK)
        return export_file_end(&reply, x->reason);
    export_file_drop(&reply);
    return status;
}

static int say(const struct import *x, const struct words *words)
{
    if (words->common.json)
        return esep_json_print(json_pack(
            "{s:s, s:i, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:s}", "format",
            "esep-bundle-import/1", "office", (int)x->commitment.office, "body", x->body, "epoch",
            (int)x->commitment.epoch, "first_seq", (json_int_t)x->first_seq, "through_seq",
            (json_int_t)x->commitment.seq, "frames", (json_int_t)x->frames, "files",
            (json_int_t)x->files.taken, "files_refused", (json_int_t)x->files.refused, "files_text",
            x->files.why.text, "witnessed", (int)x->is_witnessed, "reply", words->reply));
    (void)printf(
        "entries %llu to %llu of office %u (%s) are in the log; the answer is in %s: carry "
        "it back, and there esep-agent bundle import\n",
        (unsigned long long)x->first_seq, (unsigned long long)x->commitment.seq,
        x->commitment.office, x->body, words->reply);
    if (x->is_witnessed)
        (void)printf("with the answer goes what witnesses have signed of it\n");
    if (x->is_awaiting)
        (void)fprintf(stderr, "esep-collector: no witness has signed it yet: the next answer to "
                              "this office brings that\n");
    if (x->files.taken > 0)
        (void)printf("%llu files came with them\n", (unsigned long long)x->files.taken);
    if (x->files.refused > 0)
        (void)fprintf(stderr, "esep-collector: %s: %llu files were not taken; the first is %s\n",
                      words->file, (unsigned long long)x->files.refused, x->files.why.text);
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'r':
        words->reply = value;
        return 0;
    case 'w': {
        char *end = NULL;
        const unsigned long seconds = strtoul(value, &end, 10);
        if (value[0] < '0' || value[0] > '9' || *end != '\0' || seconds > WAIT_S_MAX)
            argp_error(state, "--wait takes seconds, from 0 to %u", WAIT_S_MAX);
        words->wait_s = (unsigned)seconds;
        return 0;
    }
    case ARGP_KEY_ARG:
        if (state->arg_num == 0 && strcmp(value, "import") == 0)
            return 0;
        if (state->arg_num != 1)
            argp_error(state, "bundle import FILE --reply FILE");
        words->file = value;
        return 0;
    case ARGP_KEY_END:
        if (words->file == NULL || words->reply == NULL)
            argp_error(state, "bundle import FILE --reply FILE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int collector_cmd_bundle(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"reply", 'r', "FILE", 0, "where the answer for the office goes", 0},
        {"wait", 'w', "SECONDS", 0, "for witnesses to sign what came, at most (30)", 0},
        {0}};
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "import FILE",
        .doc = "Takes in what an office wrote with esep-agent bundle export, through the running "
               "daemon, as if it had come over the network, and writes the answer to be carried "
               "back. The same file may be imported any number of times.",
        .children = children};
    struct words words = {.wait_s = WAIT_S};
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct import x = {.reason = &reason};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    x.wait = (int64_t)words.wait_s * ESEP_SECOND;
    esep_buf_init(&x.request, 1u << 20);
    esep_buf_init(&x.answer, 2u << 20);
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    x.settings = settings;
    if (status == ESEP_OK)
        status = esep_arena_init(&x.arena, 8u << 20);
    if (status == ESEP_OK)
        status = map_file(words.file, &x.file, &reason);
    if (status == ESEP_OK)
        status = import_all(&x, &words);
    /* Whoever brings several must know which one it is about. */
    const struct esep_reason said = reason;
    if (status != ESEP_OK && settings != NULL &&
        strncmp(said.text, words.file, strlen(words.file)) != 0)
        (void)esep_because(&reason, status, "%.80s: %.170s", words.file, said.text);
    const int rc = status == ESEP_OK ? say(&x, &words) : collector_fail(status, &reason);
    bundle_files_close(&x.files);
    if (x.file.data != NULL)
        (void)munmap((void *)(uintptr_t)x.file.data, x.file.len);
    esep_arena_done(&x.arena);
    esep_buf_done(&x.request);
    esep_buf_done(&x.answer);
    collector_settings_free(settings);
    return rc;
}
