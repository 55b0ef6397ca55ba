/* bench/packing.c - what packing frames gains and costs: esep-bench-packing FILE...
 *
 * Each FILE is the plain text of one frame. Packs and unpacks each of them many times, and prints
 * one line: frames, their bytes, what they pack to, microseconds of CPU for a frame.
 * bench/packing calls it on frames of made-up reports, by language and by reports a frame.
 */
#include "wire/compress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#define TEXT_MAX ((size_t)1 << 20)
#define ROUNDS 200

struct sums {
    size_t frames, plain, packed;
    double pack_s, unpack_s;
};

static double cpu_seconds(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static enum esep_status read_file(const char *name, struct esep_buf *out)
{
    FILE *file = fopen(name, "rbe");
    esep_buf_clear(out);
    if (file == NULL)
        return ESEP_IO;
    out->len = fread(out->data, 1, out->cap, file);
    const bool whole = feof(file) != 0;
    return fclose(file) == 0 && whole ? ESEP_OK : ESEP_IO;
}

static enum esep_status measure(struct esep_compressor *c, struct esep_buf *plain,
                                struct esep_buf *packed, struct esep_buf *back, struct sums *sums)
{
    enum esep_status status = ESEP_OK;
    const double start = cpu_seconds();
    for (int i = 0; status == ESEP_OK && i < ROUNDS; i++) {
        esep_buf_clear(packed);
        status = esep_compress(c, esep_buf_slice(plain), packed);
    }
    const double middle = cpu_seconds();
    for (int i = 0; status == ESEP_OK && i < ROUNDS; i++)
        status = esep_decompress(c, esep_buf_slice(packed), TEXT_MAX, back);
    if (status == ESEP_OK && !esep_slice_equal(esep_buf_slice(plain), esep_buf_slice(back)))
        status = ESEP_CORRUPT;
    sums->unpack_s += (cpu_seconds() - middle) / ROUNDS;
    sums->pack_s += (middle - start) / ROUNDS;
    sums->frames++;
    sums->plain += plain->len;
    sums->packed += packed->len;
    return status;
}

int main(int argc, char **argv)
{
    struct esep_compressor *compressor = NULL;
    struct esep_buf plain, packed, back;
    struct sums sums = {0};
    esep_buf_init(&plain, TEXT_MAX);
    esep_buf_init(&packed, TEXT_MAX + ESEP_PACKED_OVERHEAD);
    esep_buf_init(&back, TEXT_MAX);
    if (argc < 2) {
        (void)fputs("usage: esep-bench-packing FILE...\n", stderr);
        return EX_USAGE;
    }
    enum esep_status status = esep_compressor_new(&compressor);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&plain, TEXT_MAX);
    for (int i = 1; status == ESEP_OK && i < argc; i++) {
        status = read_file(argv[i], &plain);
        if (status == ESEP_OK)
            status = measure(compressor, &plain, &packed, &back, &sums);
        if (status != ESEP_OK)
            (void)fprintf(stderr, "%s: %s\n", argv[i], esep_status_name(status));
    }
    if (status == ESEP_OK) {
        const double frames = (double)sums.frames;
        (void)printf("%zu frames, %.0f bytes each, packed %.0f (%.0f %%), %.0f us to pack, %.1f us "
                     "to unpack\n",
                     sums.frames, (double)sums.plain / frames, (double)sums.packed / frames,
                     100.0 * (double)sums.packed / (double)sums.plain, sums.pack_s / frames * 1e6,
                     sums.unpack_s / frames * 1e6);
    }
    esep_compressor_free(compressor);
    esep_buf_done(&plain);
    esep_buf_done(&packed);
    esep_buf_done(&back);
    return status == ESEP_OK ? 0 : EX_DATAERR;
}
