/* tests/unit/collector/ingest_world.h - ingest with everything around it played: disk, broker,
 * office.
 *
 * A scenario is a list of calls. The world's log in memory is the disk: a STORE effect stays
 * pending until the test commits it, so that a test can ask what left before. Frames to connections
 * are opened by the scripted office whose connection it is, and kept as what was said to it.
 * Offices use lib/wire directly and know nothing of the agent's code.
 *
 * The plan is that of views_world.h; time stands still unless the test moves world.now.
 */
#ifndef TESTS_INGEST_WORLD_H
#define TESTS_INGEST_WORLD_H

#include "collector/collector.h"
#include "esep/v1/link.pb-c.h"
#include "signing.h"
#include "views_world.h"
#include "wire/receipt.h"
#include "wire/session.h"

#define SIM_ENTRIES_MAX 20000
#define SIM_HEARD_MAX 4096
/* Room for what a frame unpacks to: protobuf-c's structs are 44 times their bytes at most. */
#define INGEST_UNPACKED_BYTES(frame) (4096 + 64 * (frame).len)

struct sim_heard {
    Esep__V1__Kind kind;
    struct esep_receipt receipt;
    bool promised; /* a promise came along: */
    struct esep_receipt promise;
    uint64_t credit;
    struct {
        Esep__V1__RefusalReason reason;
        uint64_t counter;
        uint32_t epoch;
        uint64_t seq;
        bool is_signed;
        char text[256];
    } refusal;
    struct {
        uint32_t epoch;
        uint64_t seq;
        struct esep_hash head;
        uint64_t mail_last;
        uint64_t checkpoint_size;
        char body[32];
    } welcome;
    struct {
        uint64_t number, offset, total, index;
        uint32_t type, verdict;
        size_t len;
        bool more;
    } mail;
    uint64_t pong_mail_last;
    uint32_t rotated_epoch;
    uint32_t features; /* of WELCOME */
    struct {
        struct esep_hash sha256;
        uint64_t offset, through;
        bool again, lacking;
        Esep__V1__RefusalReason refusal;
        uint32_t retry_after_ms;
    } file;
    struct esep_evidence evidence;
    struct {
        uint32_t office;
        char body[32];
        bool accepted;
    } enrolled;
    struct {
        bool ok;
        bool denied;
        char text[256];
        uint64_t index;
        size_t offices;
        bool more;
        uint32_t first_office, first_state;
        size_t first_bodies;
    } order;
};

struct ingest;
struct sim_office {
    struct esep_sign_key sign;
    uint8_t curve[32];
    uint32_t number;
    uint32_t epoch;
    uint64_t first_held;        /* as HELLO says */
    uint64_t seq;               /* written */
    struct esep_hash *chain;    /* [0] is the start */
    struct esep_slice *entries; /* [1] is the first */
    struct esep_session session;
    uint32_t link;
    uint64_t conn;
    bool online;
    bool no_features;        /* of the old make */
    const uint8_t *rotating; /* what HELLO says of the key that follows; NULL: nothing */
    struct sim_heard *heard;
    size_t heard_count;
    struct esep_buf last_frame;                           /* as sent */
    void (*hear)(void *context, struct esep_slice frame); /* instead of the script */
    void *hear_context;
    struct sim_office *next;
};

struct ingest {
    struct world world;
    struct collector *core;
    struct collector_config config;
    struct signing signing;
    struct esep_hash log_id;
    struct sim_office *offices;
    uint64_t conns;
    uint8_t draws;
    bool auto_commit;
    const struct collector_batch *pending; /* STORE not yet answered */
    uint64_t pending_token;
    bool hold_mail;
    uint64_t mail_token;    /* of the reading that is held */
    struct sim_heard reply; /* to the newest local order */
    size_t replies;
    uint64_t delivers[64];
    size_t deliver_count;
    size_t link_messages[8]; /* LinkUp by case */
    size_t roster_entries, roster_parts;
    bool roster_last, roster_whole;
    uint32_t roster_admission[64]; /* by office, as the broker was last told */
    uint32_t roster_key[256];      /* by the first byte of a key: its admission, likewise */
    size_t operators_told;
    /* Carries out a FILE_ effect; what it returns is answered, where answered is left true. */
    enum esep_status (*on_file)(void *context, const struct collector_effect *effect,
                                uint64_t *ret_held, bool *answered);
    void *file_context;
    bool lookup_fails; /* of files */
    bool (*file_there)(void *file_context,
                       const struct views_file *file); /* NULL: what is logged */
    bool lacking;                                      /* the shell looks */
};

void ingest_start(struct ingest *g, void (*change)(struct collector_config *config));
void ingest_end(struct ingest *g);
/* A new core over the same disk, as after a crash: views come from the rows. */
void ingest_restart(struct ingest *g);
void ingest_set_files(struct ingest *g);
/* The log's answer to collector_set_lookup. */
enum esep_status ingest_lookup(void *context, uint32_t office, uint32_t epoch, uint64_t seq,
                               uint64_t *ret_index, struct esep_leaf *ret_leaf);
/* ... to collector_set_files; the world sets it where it starts a core and on_file is there. */
enum esep_status ingest_file_lookup(void *context, const struct views_file *file,
                                    struct collector_file_known *ret);
void ingest_pump(struct ingest *g);
void ingest_commit(struct ingest *g, enum esep_status status);
/* The batch reaches the disk, and the process dies before it knows. */
void ingest_store_silently(struct ingest *g);
void ingest_join(struct ingest *g, uint32_t link);
void ingest_link_down(struct ingest *g, uint32_t link, const Esep__V1__LinkDown *message);
/* The log, replayed, gives the rows that are stored. */
void ingest_assert_replay(struct ingest *g);
size_t ingest_log_count(const struct ingest *g, Esep__V1__LogType type);

/* An office with keys of its own, put into the log as active before the core starts reading ... */
struct sim_office *sim_new(struct ingest *g);                      /* keys only */
struct sim_office *sim_active(struct ingest *g, const char *body); /* enrolled by code, active */
struct sim_office *sim_copy(struct ingest *g, const struct sim_office *of); /* a cloned disk */
void sim_write(struct sim_office *o, struct ingest *g, const char *key);
void sim_write_bytes(struct sim_office *o, struct ingest *g, const void *bytes, size_t len);
void sim_new_epoch(struct sim_office *o, struct ingest *g);
struct esep_commitment sim_commit(const struct sim_office *o, const struct ingest *g, uint64_t seq);
void sim_connect(struct sim_office *o, struct ingest *g); /* a new connection at the broker */
void sim_send(struct sim_office *o, struct ingest *g, const void *frame, size_t len);
/* A session's keys; a message of the test's own, as its first frame or a later one. */
void sim_begin(struct sim_office *o, struct ingest *g);
void sim_seal(struct sim_office *o, struct ingest *g, Esep__V1__Kind kind, bool first,
              const ProtobufCMessage *message);
void sim_hello(struct sim_office *o, struct ingest *g); /* connects, HELLO at the present head */
void sim_hello_as(struct sim_office *o, struct ingest *g, const struct esep_commitment *c);
void sim_batch(struct sim_office *o, struct ingest *g, uint64_t first, uint64_t last, bool head);
void sim_batch_with(struct sim_office *o, struct ingest *g, uint64_t first, uint64_t last,
                    const struct esep_commitment *c);
void sim_pull(struct sim_office *o, struct ingest *g, uint64_t through);
void sim_ping(struct sim_office *o, struct ingest *g);
void sim_ping_through(struct sim_office *o, struct ingest *g, uint64_t through);
void sim_enrol(struct sim_office *o, struct ingest *g, const uint8_t code[16]);
/* Signed by the operator whose seed is given. */
void sim_order(struct sim_office *o, struct ingest *g, uint8_t operator_seed,
               const Esep__V1__Order *order);
void ingest_order(struct ingest *g, const Esep__V1__Order *order); /* local */
/* Over the accounts' socket; the actor is the account. */
void ingest_account_order(struct ingest *g, const char *account, const Esep__V1__Order *order);
void ingest_code(struct ingest *g, const char *body, const uint8_t code[16], bool accept,
                 esep_time expires);

size_t sim_count(const struct sim_office *o, Esep__V1__Kind kind);
const struct sim_heard *sim_last(const struct sim_office *o, Esep__V1__Kind kind); /* or fails */
bool sim_refused(const struct sim_office *o, Esep__V1__RefusalReason reason);
void sim_forget(struct sim_office *o);

#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name
#define KIND(name) ESEP__V1__KIND__KIND_##name
#define LOG(name) ESEP__V1__LOG_TYPE__LOG_TYPE_##name

#endif
