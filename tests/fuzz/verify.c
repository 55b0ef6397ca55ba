/* tests/fuzz/verify.c - a stranger's proof, for the report and keys of docs/verify.md's example.
 *
 * Properties: nothing but a proof of the very leaf of the example is accepted, since nobody else
 * has the keys; what esep-verify finds well formed, the project's own readers read in the same way,
 * but for control characters of two bytes, which signed-note allows and they take in no text; a
 * refusal says which step and why.
 */
#include "base/text.h"
#include "fuzz.h"
#include "verify/receipt.h"
#include "wire/checkpoint.h"

#define LOG                                                                                        \
    "esep.log/3f300f2c01dc44e8d3c6e537d39429d9bdb29b9ee52cccf519d238bd75d4fb2d"                    \
    "+574e01e1+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define WITNESS "witness.example+3176bd45+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define REPORT "a report's bytes, as they were signed"
/* The first bytes of the leaf's hash in the tree. */
static const uint8_t leaf_hash[8] = {0x8f, 0x98, 0x71, 0x56, 0xaf, 0xf6, 0x7a, 0xb9};

static struct verify_proof scratch;

/* Both readers of the same text. */
static void compare_forms(struct esep_slice bytes)
{
    struct esep_proof proof;
    struct esep_note note;
    struct esep_checkpoint checkpoint;
    struct verify_note other;
    struct esep_buf extra;
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    enum esep_status status = esep_proof_parse(bytes, &extra, &proof, NULL);
    if (status != ESEP_NOMEM) {
        FUZZ_CHECK(status == ESEP_OK);
        FUZZ_CHECK(proof.index == scratch.index && proof.path.count == scratch.path_count);
        FUZZ_CHECK(esep_slice_equal(proof.extra, esep_slice(scratch.extra, scratch.extra_len)));
        FUZZ_CHECK(esep_note_parse(proof.note, &note, NULL) == ESEP_OK);
        FUZZ_CHECK(esep_checkpoint_parse(note.text, &checkpoint, NULL) == ESEP_OK);
        FUZZ_CHECK(verify_note_parse(scratch.note, &other) == NULL);
        FUZZ_CHECK(checkpoint.size == other.size && strlen(checkpoint.origin) == other.origin.len);
        FUZZ_CHECK(memcmp(checkpoint.root.bytes, other.root.bytes, sizeof other.root.bytes) == 0);
    }
    esep_buf_done(&extra);
}

/* Nobody has the secret of this broker's key: whatever comes is refused, for a reason. */
static void as_a_note(const struct verify_request *receipt, struct verify_bytes bytes,
                      const struct verify_subject *subject)
{
    static struct verify_proof other;
    struct verify_request request = *receipt;
    struct verify_verdict verdict;
    request.has_broker = true;
    memset(request.broker_key, 0x5b, sizeof request.broker_key);
    verify_receipt(&request, bytes, subject, &other, &verdict);
    FUZZ_CHECK(verdict.step != VERIFY_PASSED && verdict.detail != NULL);
    FUZZ_CHECK(verify_exit(&verdict) == 65);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t tag[16] = "esep/content/v1";
    struct verify_request request = {.witness_count = 1, .has_due = true, .due_us = 1};
    struct verify_verdict verdict;
    if (esep_crypto_init() != ESEP_OK)
        return 0;
    FUZZ_CHECK(verify_key_parse(LOG, &request.logs[0]) == NULL);
    request.log_count = 1;
    FUZZ_CHECK(verify_key_parse(WITNESS, &request.witnesses[0]) == NULL);
    const struct verify_bytes parts[] = {{tag, sizeof tag}, verify_text(REPORT)};
    const struct verify_subject subject = {verify_sha256(parts + 1, 1), verify_sha256(parts, 2),
                                           parts[1].len};
    verify_receipt(&request, verify_bytes(data, size), &subject, &scratch, &verdict);
    if ((verdict.step == VERIFY_PASSED || verdict.step > VERIFY_STEP_NOTE) &&
        esep_utf8_valid(esep_slice(data, size)))
        compare_forms(esep_slice(data, size));
    FUZZ_CHECK((verdict.step == VERIFY_PASSED) == (verify_exit(&verdict) != 65));
    FUZZ_CHECK((verdict.step == VERIFY_PASSED) == (verdict.detail == NULL));
    as_a_note(&request, verify_bytes(data, size), &subject);
    if (verdict.step == VERIFY_PASSED) {
        struct verify_parts held;
        const uint8_t zero = 0;
        FUZZ_CHECK(verdict.outcome == VERIFY_LATE); /* in 1970 nothing was in time */
        FUZZ_CHECK(verify_parts_parse(verify_bytes(scratch.extra, scratch.extra_len), &held) ==
                   NULL);
        const struct verify_bytes leaf[] = {{&zero, 1}, {held.leaf, VERIFY_LEAF_BYTES}};
        struct verify_hash hash = verify_sha256(leaf, 2);
        FUZZ_CHECK(memcmp(hash.bytes, leaf_hash, sizeof leaf_hash) == 0);
    }
    return 0;
}
