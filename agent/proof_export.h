/* agent/proof_export.h - what an office gives to a stranger: a report, and the proof of it, as
 * files.
 *
 * NAME.report is the entry as it was signed; NAME.tlog-proof (wire/proof.h) shows that the log held
 * it, NAME.promise.tlog-proof that the log held the promise of it, which may be earlier;
 * NAME.ingress-proof that a broker says so, which may be earlier still, and the log does not; each
 * file that the report names has NAME.file-N.tlog-proof. docs/verify.md tells a stranger what to do
 * with them. The proofs are made by the earliest head of the log that witnesses have
 * signed and the office has (witnessed.h), else by the newest.
 *
 * Nothing is written that does not hold: the chain from the report to what was signed is followed
 * again, and so is the path to the checkpoint's root. Files that are there already are not touched.
 */
#ifndef AGENT_PROOF_EXPORT_H
#define AGENT_PROOF_EXPORT_H

#include "agent/commands.h"

#define AGENT_PROOF_ENTRY_BYTES_MAX (1u << 20)

struct agent_proof_export {
    const char *name; /* of the files, without their endings */
    uint32_t epoch;
    uint64_t seq;
    const struct esep_receipt *receipt;  /* NULL: there is none yet */
    const struct esep_receipt *promise;  /* NULL: there was none, or none is kept */
    const struct agent_ingress *ingress; /* likewise */
};
struct agent_proof_exported {
    unsigned proofs;                     /* files of them that were written */
    unsigned witnesses;                  /* that the office knows and that signed the last's head */
    char vkey[ESEP_NOTE_VKEY_MAX];       /* the log's, of the last; "": there is none of the log */
    char broker[2 * ESEP_KEY_BYTES + 1]; /* the key of the broker's note; "": there is none */
};
/* ESEP_NOT_FOUND: nothing is proven yet, or what it takes is no longer kept. ESEP_CONFLICT: a file
 * of that name is there. */
ESEP_MUST_USE enum esep_status agent_proof_export(struct agent_desk *desk,
                                                  const struct agent_proof_export *what,
                                                  struct agent_proof_exported *ret,
                                                  struct esep_reason *reason);

/* A broker's note that the journal keeps, as it was verified when it came; the disk may have
 * changed it since. */
bool agent_ingress_holds(const struct agent_ingress *kept, struct esep_ingress *ret);
/* Of what->ingress alone: what NAME.ingress-proof and NAME.report would hold, put into buffers of
 * at most ESEP_PROOF_BYTES_MAX and AGENT_PROOF_ENTRY_BYTES_MAX. ESEP_NOT_FOUND, ESEP_CORRUPT,
 * ESEP_NOMEM.
 */
ESEP_MUST_USE enum esep_status agent_ingress_export(struct agent_desk *desk,
                                                    const struct agent_proof_export *what,
                                                    struct esep_buf *ret_proof,
                                                    struct esep_buf *ret_report,
                                                    struct esep_reason *reason);

/* A checkpoint as the log signed it, behind what out holds: a C2SP note. ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status agent_checkpoint_note(struct agent_desk *desk,
                                                     const struct agent_checkpoint *checkpoint,
                                                     struct esep_buf *out,
                                                     struct esep_note_key *ret_key);
/* The two signed heads, where the collector has shown this office two logs. ESEP_NOT_FOUND: it has
 * not. */
ESEP_MUST_USE enum esep_status agent_split_export(struct agent_desk *desk,
                                                  struct esep_buf *ret_seen,
                                                  struct esep_buf *ret_other,
                                                  struct esep_reason *reason);

#endif
