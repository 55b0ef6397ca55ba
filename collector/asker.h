/* collector/asker.h - requests to witnesses on their way, and what they said put on the disk, in a
 * thread of its own.
 *
 * The loop hands over a request and hears of its end from the loop; whatever a witness does
 * meanwhile (does not answer, answers without end, has no name any more) costs that thread time and
 * nobody else. What is to be kept goes the same way, since a sync may take as long.
 *
 * It decides nothing: what an answer means is cosigners.h. Called from the loop's thread alone.
 *
 * Invariant: of each number one request is under way at most, and of each file the newest bytes are
 * written last.
 */
#ifndef COLLECTOR_ASKER_H
#define COLLECTOR_ASKER_H

#include "collector/cosigners.h"

struct asker;
struct esep_loop;

/* The answer is borrowed for the call. */
typedef void asker_done_fn(void *context, size_t number, const struct cosigner_answer *answer);

/* done is called from the loop. The thread begins with the first request: what is given up by then
 * (io/sandbox.h) is given up for it, too. */
ESEP_MUST_USE enum esep_status asker_new(struct asker **ret, struct esep_loop *loop,
                                         int64_t timeout, asker_done_fn *done, void *context,
                                         struct esep_reason *reason);
/* Breaks off what is under way; what was to be kept is kept. NULL is fine. */
void asker_free(struct asker *asker);

/* number: below COSIGNERS_MAX, and with no request under way. url: the witness's, without
 * /add-checkpoint. ca_file: certificates that its own must lead to, read with each request, in
 * place of the machine's; "": those. body is copied. ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status asker_ask(struct asker *asker, size_t number, const char *url,
                                         const char *ca_file, struct esep_slice body);

#define ASKER_FILES_MAX 2
/* The bytes (copied) take the place of the file, whole and synced, some time after this. which:
 * below ASKER_FILES_MAX, always the same path. ESEP_NOMEM: they do not. */
ESEP_MUST_USE enum esep_status asker_keep(struct asker *asker, size_t which, const char *path,
                                          struct esep_slice bytes);
/* The last that could not be written, since this was asked last; 0: none. An errno. */
int asker_unkept(struct asker *asker);

#endif
