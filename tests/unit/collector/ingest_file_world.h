/* tests/unit/collector/ingest_file_world.h - ingest's world with a folder of files and an office
 * that sends them: what stands there is bytes that follow from their place, so that each one is
 * checked as it is written. */
#ifndef TESTS_INGEST_FILE_WORLD_H
#define TESTS_INGEST_FILE_WORLD_H

#include "ingest_world.h"

#define PIECE 1024u
#define WINDOW (4 * PIECE)
#define SIZE (10 * PIECE + 100)
#define PLACES 6u

/* A folder of files in memory: partial ones by office, whole ones by hash. */
struct part {
    struct views_file file;
    uint64_t held;
};
struct folder {
    struct part parts[32];
    size_t part_count;
    struct esep_hash whole[32];
    size_t whole_count;
    struct part *open[PLACES];
    enum collector_effect_kind fails; /* the next effect of this kind ... */
    enum esep_status with;            /* ... is answered so, */
    uint64_t held;                    /* with so many bytes, */
    unsigned times;                   /* so often */
    bool hold;                        /* answers to WRITE wait */
    size_t asked[COLLECTOR_EFFECT_FILE_GONE + 1];
    uint64_t written; /* bytes, however often */
};
struct field {
    struct ingest g;
    struct folder folder;
    struct sim_office *o;
};

void field_limits(struct collector_config *config);
void field_start_with(struct field *f, void (*change)(struct collector_config *config));
void field_end(struct field *f);
struct views_file field_file(const struct sim_office *o, uint8_t first, uint64_t size);
char *field_text(const char *s);
void field_report(struct field *f, struct sim_office *o, uint8_t first, size_t count,
                  uint64_t size);
void field_offer_of(struct field *f, struct sim_office *o, const struct views_file *files,
                    size_t count);
void field_offer(struct field *f, const struct views_file *file);
void field_gone(struct field *f, const struct views_file *file);
void field_lose(struct field *f, const struct views_file *file);
void field_chunk(struct field *f, const struct views_file *file, uint64_t offset, size_t len);
const struct sim_heard *field_state_of(const struct field *f);
void field_send_to(struct field *f, const struct views_file *file, uint64_t until);
void field_assert_state(const struct field *f, uint64_t offset, uint64_t through, bool again);
void field_assert_refused(const struct field *f, Esep__V1__RefusalReason reason);
void field_start(struct field *f);

#endif
