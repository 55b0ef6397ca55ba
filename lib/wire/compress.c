/* lib/wire/compress.c - zstd in fixed memory; see compress.h.
 *
 * The parameters are chosen for frames of a few KiB to 64 KiB: small tables, so that an old PC
 * spares the memory, and a search that an office at 64 kbit/s can well afford. zstd's static
 * contexts never allocate: where a frame needs larger tables than these, it says so, and the frame
 * travels as it is.
 */
#define ZSTD_STATIC_LINKING_ONLY /* contexts in memory that is ours */
#include "wire/compress.h"

#include <stdlib.h>
#include <zstd.h>

enum { FORM_PLAIN = 0, FORM_ZSTD = 1 };

static const ZSTD_compressionParameters parameters = {
    .windowLog = 17,
    .chainLog = 16,
    .hashLog = 15,
    .searchLog = 5,
    .minMatch = 4,
    .targetLength = 32,
    .strategy = ZSTD_lazy2,
};

struct esep_compressor {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    const ZSTD_CDict *pack_with;
    const ZSTD_DDict *unpack_with;
};

/* Made by the build from share/zstd/reports-1.dict. */
extern const uint8_t esep_dictionary_bytes[];
extern const size_t esep_dictionary_len;

struct esep_slice esep_dictionary(void)
{
    return esep_slice(esep_dictionary_bytes, esep_dictionary_len);
}

static size_t aligned(size_t size)
{
    return (size + 63) / 64 * 64;
}

enum esep_status esep_compressor_new(struct esep_compressor **ret)
{
    const struct esep_slice words = esep_dictionary();
    const size_t head = aligned(sizeof(struct esep_compressor));
    const size_t pack = aligned(ZSTD_estimateCCtxSize_usingCParams(parameters));
    const size_t unpack = aligned(ZSTD_estimateDCtxSize());
    const size_t pack_with =
        aligned(ZSTD_estimateCDictSize_advanced(words.len, parameters, ZSTD_dlm_byRef));
    const size_t unpack_with = aligned(ZSTD_estimateDDictSize(words.len, ZSTD_dlm_byRef));
    uint8_t *memory = calloc(1, head + pack + unpack + pack_with + unpack_with);
    if (memory == NULL)
        return ESEP_NOMEM;
    struct esep_compressor *c = (struct esep_compressor *)(void *)memory;
    uint8_t *at = memory + head;
    c->pack = ZSTD_initStaticCCtx(at, pack);
    at += pack;
    c->unpack = ZSTD_initStaticDCtx(at, unpack);
    at += unpack;
    c->pack_with = ZSTD_initStaticCDict(at, pack_with, words.data, words.len, ZSTD_dlm_byRef,
                                        ZSTD_dct_fullDict, parameters);
    at += pack_with;
    c->unpack_with = ZSTD_initStaticDDict(at, unpack_with, words.data, words.len, ZSTD_dlm_byRef,
                                          ZSTD_dct_fullDict);
    /* The estimates are zstd's own, and the dictionary is one. */
    ESEP_ASSERT(c->pack != NULL && c->unpack != NULL && c->pack_with != NULL &&
                c->unpack_with != NULL);
    *ret = c;
    return ESEP_OK;
}

void esep_compressor_free(struct esep_compressor *compressor)
{
    free(compressor);
}

enum esep_status esep_compress_not(struct esep_slice plain, struct esep_buf *out)
{
    enum esep_status status = esep_buf_reserve(out, ESEP_PACKED_OVERHEAD + plain.len);
    if (status != ESEP_OK)
        return status;
    out->data[out->len++] = FORM_PLAIN;
    if (plain.len > 0)
        memcpy(out->data + out->len, plain.data, plain.len);
    out->len += plain.len;
    return ESEP_OK;
}

enum esep_status esep_compress(struct esep_compressor *c, struct esep_slice plain,
                               struct esep_buf *out)
{
    enum esep_status status = esep_buf_reserve(out, ESEP_PACKED_OVERHEAD + plain.len);
    if (status != ESEP_OK)
        return status;
    uint8_t *at = out->data + out->len;
    size_t len = 0;
    /* Into no more than the text's own length: what does not fit there was not worth it. */
    if (plain.len > 0 && plain.len <= ESEP_PACKED_PLAIN_MAX)
        len = ZSTD_compress_usingCDict(c->pack, at + 1, plain.len, plain.data, plain.len,
                                       c->pack_with);
    if (len == 0 || ZSTD_isError(len) || len >= plain.len)
        return esep_compress_not(plain, out);
    at[0] = FORM_ZSTD;
    out->len += ESEP_PACKED_OVERHEAD + len;
    return ESEP_OK;
}

enum esep_status esep_packed_size(struct esep_slice packed, size_t plain_max, size_t *ret_plain)
{
    if (packed.len == 0 || packed.data[0] > FORM_ZSTD)
        return ESEP_INVALID;
    const uint8_t *text = packed.data + ESEP_PACKED_OVERHEAD;
    const size_t len = packed.len - ESEP_PACKED_OVERHEAD;
    unsigned long long plain = len;
    if (packed.data[0] == FORM_ZSTD) {
        plain = ZSTD_getFrameContentSize(text, len);
        /* One frame, up to the end; a "skippable" one has a size of 0. */
        if (plain == ZSTD_CONTENTSIZE_ERROR || plain == ZSTD_CONTENTSIZE_UNKNOWN || plain == 0 ||
            ZSTD_findFrameCompressedSize(text, len) != len)
            return ESEP_INVALID;
    }
    if (plain > plain_max)
        return ESEP_LIMIT;
    *ret_plain = (size_t)plain;
    return ESEP_OK;
}

enum esep_status esep_decompress(struct esep_compressor *c, struct esep_slice packed,
                                 size_t plain_max, struct esep_buf *out)
{
    size_t plain = 0;
    esep_buf_clear(out);
    enum esep_status status = esep_packed_size(packed, plain_max, &plain);
    if (status == ESEP_OK)
        status = esep_buf_reserve(out, plain);
    if (status != ESEP_OK || plain == 0)
        return status;
    const uint8_t *text = packed.data + ESEP_PACKED_OVERHEAD;
    const size_t len = packed.len - ESEP_PACKED_OVERHEAD;
    if (packed.data[0] == FORM_PLAIN)
        memcpy(out->data, text, plain);
    else if (ZSTD_decompress_usingDDict(c->unpack, out->data, plain, text, len, c->unpack_with) !=
             plain)
        return ESEP_INVALID;
    out->len = plain;
    return ESEP_OK;
}
