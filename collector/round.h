/* collector/round.h - a round of the verification in the background, and what ingest hears of it.
 *
 * LMDB believes its pages, so whoever reads one that is damaged in its structure may die of it, or
 * never come to an end. Rounds are therefore read by processes of their own (round_keeper.c):
 *
 *   ingest ── starts once, before it gives up its rights ──> keeper ── forks for each round ──>
 * reader ^                                                       │ │ └───────────── lines over one
 * pipe ─────────────────────┴──────────────────────────────────┘
 *
 * The reader says where it is before each step, and at the end what it found; how a reader ended
 * that said no end, the keeper says. Neither writes anything else, holds a key or hears a word.
 *
 * A line is ASCII but for its text: "at entries 128 4096", "at files 12", "ok 4096 12",
 * "damaged 4096 12 TEXT", "unread 4096 12 TEXT", "signal 7", "exit 1". The reader has read what a
 * disk made of the log: its lines are a stranger's. What is no such line is passed over; they
 * decide what operators are told, and nothing else.
 *
 * struct round_seen is what ingest has heard, and keeps beside the store for its next start.
 */
#ifndef COLLECTOR_ROUND_H
#define COLLECTOR_ROUND_H

#include "base/slice.h"
#include "base/time.h"

#define ROUND_FD 3           /* where keeper and reader find the pipe */
#define ROUND_LINE_BYTES 400 /* with its end */
#define ROUND_STEP_ENTRIES 16

enum round_kind {
    ROUND_AT_ENTRIES, /* a step begins there; of so many */
    ROUND_AT_FILES,   /* so many are read */
    ROUND_OK,         /* the round is over: entries, files */
    ROUND_DAMAGED,
    ROUND_UNREAD, /* it could not be read */
    ROUND_SIGNAL, /* the reader ended by a signal: which one */
    ROUND_EXIT,   /* … with a status, and said nothing */
};
struct round_line {
    enum round_kind kind;
    uint64_t first;
    uint64_t second;         /* not of AT_FILES, SIGNAL, EXIT */
    struct esep_reason text; /* of DAMAGED, UNREAD */
};
/* With its end, NUL behind it; the text is cut, and made fit for a line. */
size_t round_line_write(const struct round_line *line, char ret[ROUND_LINE_BYTES]);
/* Without its end. ESEP_INVALID: none of ours. */
ESEP_MUST_USE enum esep_status round_line_parse(struct esep_slice line, struct round_line *ret);

/* Bytes into lines; those that are too long are passed over whole. */
struct round_ear {
    size_t len;
    bool deaf; /* till the end of this one */
    char line[ROUND_LINE_BYTES];
};
/* Takes from bytes up to the end of a line. false: there is none; all of them were taken. */
ESEP_MUST_USE bool round_ear_hear(struct round_ear *ear, struct esep_slice *bytes,
                                  struct round_line *ret);

struct round_seen {
    uint64_t rounds; /* that ended since ingest started */
    uint64_t broken; /* of those, whose reader died of it */
    /* Of the last one that ended, of before the start, too. */
    bool known;
    bool died;
    esep_time ended_at;
    enum esep_status status; /* ESEP_CORRUPT: damaged; others: it could not be read */
    struct esep_reason reason;
    uint64_t entries;
    uint64_t files;
    /* Where this one is. */
    bool begun;
    uint64_t at; /* of the entries */
    uint64_t of;
    bool in_files; /* past the entries */
    uint64_t file;
};
/* true: a round is over. now: by the clock that operators are told. */
bool round_heard(struct round_seen *seen, const struct round_line *line, esep_time now);
/* In how long the first round after a start may begin: at once, but a reader that died is not sent
 * to the same page again before `every` is over, however often ingest is started. */
esep_time round_first_in(const struct round_seen *seen, esep_time every, esep_time now);

/* STORE/round: what the last one found. ESEP_IO: errno says why. */
ESEP_MUST_USE enum esep_status round_remember(const char *store, const struct round_seen *seen);
/* Nothing there, or nothing that is ours: nothing is known. */
void round_recall(const char *store, struct round_seen *ret);

/* round_keeper.c: the keeper, and in children of it the readers, until nobody holds the other end
 * of the pipe at ROUND_FD. Only reads the store and the files that settings name. Returns an exit
 * status. */
struct collector_settings;
int round_keep(const struct collector_settings *settings, esep_time first_in);

#endif
