/* agent/batch_text.h - the bytes of a Batch, written straight from borrowed entries.
 *
 * Same bytes as protobuf-c would pack (a test holds it to that), without a message in between: one
 * copy from the entry to the plain text that is sealed. Used by the uplink and by bundles.
 */
#ifndef AGENT_BATCH_TEXT_H
#define AGENT_BATCH_TEXT_H

#include "esep/v1/wire.pb-c.h"
#include "wire/statement.h"

#define AGENT_BATCH_COMMITMENT_MAX 192u /* the message with its tag and length */
#define AGENT_BATCH_FIRST_MAX 11u       /* first_seq likewise */
/* What a BATCH frame costs beside its entries: envelope, seal, first_seq, commitment. */
#define AGENT_BATCH_OVERHEAD                                                                       \
    (64u + ESEP_SEAL_BYTES + AGENT_BATCH_FIRST_MAX + AGENT_BATCH_COMMITMENT_MAX)

/* Bytes of an entry in the Batch. */
size_t agent_batch_cost(struct esep_slice entry);
/* All append to out, whose room the caller has reserved. */
void agent_batch_put_first(struct esep_buf *out, uint64_t first_seq);
void agent_batch_put_entry(struct esep_buf *out, struct esep_slice entry);
void agent_batch_put_commitment(struct esep_buf *out, const struct esep_commitment *commitment);

#endif
