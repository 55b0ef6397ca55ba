/* collector/cosigners_file.h - what is kept of the witnesses, beside the store: two files.
 *
 * RUN_WITNESSES (JSON, esep-witnesses/1) says of each witness what it cosigned last, and how asking
 * it goes; `status` and the page's metrics read it, and ingest goes on from it after a restart. A
 * cosignature in it counts only where it verifies again; one that is lost is asked for again.
 * RUN_COSIGNED is the newest head that a quorum has cosigned, as a C2SP note.
 *
 * Both are written whole (asker.h). Their absence is no fault: nothing was cosigned yet.
 */
#ifndef COLLECTOR_COSIGNERS_FILE_H
#define COLLECTOR_COSIGNERS_FILE_H

#include "collector/cosigners.h"

#include <jansson.h>

#define RUN_WITNESSES "witnesses"
#define RUN_COSIGNED "cosigned"
#define COSIGNERS_FILE_BYTES_MAX (64u * 1024u)

/* Into out, which is cleared. ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status cosigners_file_write(const struct cosigners *set,
                                                    struct esep_buf *out);
/* What the file of this store says; NULL: nothing that can be read. */
json_t *cosigners_file_read(const char *store);
/* Takes from it what concerns a witness of the set and verifies. */
void cosigners_file_recall(struct cosigners *set, const json_t *file);
/* The note of a head, signed by the log and with the lines of all who cosigned it, into out, which
 * is cleared. ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status cosigners_note(const struct cosigners *set,
                                              const struct cosigners_head *head,
                                              struct esep_buf *out);

#endif
