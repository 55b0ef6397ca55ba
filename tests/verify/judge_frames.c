/* tests/verify/judge_frames.c - esep-verify's verdicts on tens of thousands of receipts, without a
 * file for each.
 *
 *   judge_frames OPTION... < FRAMES
 *
 * The options are esep-verify's. A frame is a length of 4 bytes and so many bytes; a proof's frame
 * and a report's follow each other. A line of JSON for each pair.
 */
#include "verify/options.h"

#include <sodium.h>
#include <stdlib.h>

#define FRAME_MAX (VERIFY_PROOF_MAX + 1)

static bool read_frame(uint8_t *out, struct verify_bytes *ret)
{
    uint8_t head[4];
    if (fread(head, 1, sizeof head, stdin) != sizeof head)
        return false;
    size_t len = verify_be32(head);
    if (len > FRAME_MAX || fread(out, 1, len, stdin) != len)
        abort();
    *ret = verify_bytes(out, len);
    return true;
}

int main(int argc, char **argv)
{
    static struct verify_options options = {.language = VERIFY_EN};
    static struct verify_proof scratch;
    static uint8_t proof_bytes[FRAME_MAX];
    static uint8_t data_bytes[FRAME_MAX];
    struct verify_bytes proof;
    struct verify_bytes data;
    int first = 0;
    if (sodium_init() < 0 || verify_options_read(&options, argc, argv, &first) != 0)
        return 64;
    while (read_frame(proof_bytes, &proof)) {
        static const uint8_t tag[16] = "esep/content/v1";
        struct verify_verdict verdict;
        if (!read_frame(data_bytes, &data))
            abort();
        const struct verify_bytes parts[] = {{tag, sizeof tag}, data};
        const struct verify_subject subject = {verify_sha256(&data, 1), verify_sha256(parts, 2),
                                               data.len};
        verify_receipt(&options.request, proof, &subject, &scratch, &verdict);
        verify_say_json(stdout, &options.request, &verdict);
    }
    return fflush(stdout) == 0 ? 0 : 74;
}
