/* tests/fuzz/compress.c - a packed text from a stranger, and the input packed and unpacked again.
 *
 * Properties: what is refused leaves nothing and makes nothing ready; what is taken has the size
 * that was told before, within the limit; what is packed comes back.
 */
#include "wire/compress.h"

#include "fuzz.h"

#define PLAIN_MAX 65536u

static struct esep_compressor *compressor;

static void from_a_stranger(struct esep_slice packed)
{
    struct esep_buf out;
    size_t size = SIZE_MAX;
    esep_buf_init(&out, PLAIN_MAX);
    enum esep_status sized = esep_packed_size(packed, PLAIN_MAX, &size);
    enum esep_status status = esep_decompress(compressor, packed, PLAIN_MAX, &out);
    FUZZ_CHECK(status == ESEP_OK || status == ESEP_INVALID || status == ESEP_LIMIT);
    FUZZ_CHECK(sized == ESEP_OK ? size <= PLAIN_MAX : out.cap == 0 && status == sized);
    FUZZ_CHECK(status == ESEP_OK ? out.len == size : out.len == 0);
    esep_buf_done(&out);
}

static void there_and_back(struct esep_slice plain)
{
    struct esep_buf packed, back;
    esep_buf_init(&packed, plain.len + ESEP_PACKED_OVERHEAD);
    esep_buf_init(&back, plain.len);
    FUZZ_CHECK(esep_compress(compressor, plain, &packed) == ESEP_OK);
    FUZZ_CHECK(esep_decompress(compressor, esep_buf_slice(&packed), plain.len, &back) == ESEP_OK);
    FUZZ_CHECK(esep_slice_equal(esep_buf_slice(&back), plain));
    esep_buf_done(&packed);
    esep_buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (compressor == NULL)
        FUZZ_CHECK(esep_compressor_new(&compressor) == ESEP_OK);
    from_a_stranger(esep_slice(data, size));
    there_and_back(esep_slice(data, size));
    return 0;
}
