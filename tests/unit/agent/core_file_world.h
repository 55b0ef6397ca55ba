/* tests/unit/agent/core_file_world.h - the model's side of files: what it has of each, how it
 * behaves.
 *
 * A file's bytes follow from its hash and their place (office_file_byte), and each that comes is
 * held against that. */
#ifndef TEST_CORE_FILE_WORLD_H
#define TEST_CORE_FILE_WORLD_H

#include "core_world.h"

#define TEST(name) static void name(void **state)
#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = world_new(42);                                                               \
    depot = (struct depot){.window = 1 << 20};                                                     \
    w->model.on_file = depot_on_file
#define KIB ((uint64_t)1024)
#define SIZE (100 * KIB + 10)
#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name

/* The collector's side: what it has of each file, and how it behaves. */
struct depot {
    struct kept {
        struct agent_file file;
        uint64_t have;
        bool receipted;
    } kept[64];
    size_t count;
    uint64_t window;
    Esep__V1__RefusalReason refuses; /* OFFER */
    uint32_t retry_after_ms;
    unsigned forgets; /* so many chunks: "offer it first" */
    bool mute;        /* says nothing */
    bool mute_receipts;
    bool wrong_key, wrong_office, no_proof;
    uint64_t gone;
    uint64_t offers, offered, chunks, bytes, longest;
};
extern struct depot depot;
struct kept *depot_kept_of(const struct agent_file *file);
void depot_say_state(struct world *w, const struct agent_file *file, uint64_t offset,
                     uint64_t through, bool again);
void depot_say_no(struct world *w, const struct agent_file *file, Esep__V1__RefusalReason reason,
                  uint32_t retry_after_ms);
void depot_say_lacking(struct world *w, const struct agent_file *file);
void depot_say_receipt(struct world *w, const struct agent_file *file);
void depot_answer(struct world *w, const struct kept *k, bool again);
void depot_on_file(struct world *w, Esep__V1__Kind kind, const ProtobufCMessage *message);
struct agent_file depot_file_of(uint8_t first, uint64_t size);
struct agent_file_view depot_view_of(const struct world *w, size_t i);
void depot_start_with(struct world *w, const struct agent_file *file);

#endif
