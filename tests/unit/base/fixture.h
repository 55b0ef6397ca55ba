/* tests/unit/base/fixture.h - what several unit tests need: files and bytes from hex.
 *
 * A fixture that cannot be read is a failure of the test, with the path in the message; nothing is
 * skipped in silence.
 */
#ifndef ESEP_TEST_FIXTURE_H
#define ESEP_TEST_FIXTURE_H

#include "base/slice.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

/* The file's bytes, for the caller to release; path is absolute or below the source folder. */
static inline struct esep_buf fixture_file(const char *path)
{
    char full[1024];
    struct esep_buf buf;
    snprintf(full, sizeof full, "%s%s%s", path[0] == '/' ? "" : ESEP_SOURCE_DIR,
             path[0] == '/' ? "" : "/", path);
    esep_buf_init(&buf, (size_t)16 << 20);
    FILE *file = fopen(full, "rb");
    if (file == NULL)
        fail_msg("cannot read %s", full);
    uint8_t piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        assert_int_equal(esep_buf_put(&buf, piece, got), ESEP_OK);
    fclose(file);
    return buf;
}

/* Bytes from hex digits; white space between them is skipped. */
static inline struct esep_buf fixture_hex(const char *text, size_t len)
{
    struct esep_buf buf;
    esep_buf_init(&buf, len / 2 + 1);
    char pair[3] = {0};
    int have = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ' || text[i] == '\n')
            continue;
        pair[have++] = text[i];
        if (have == 2) {
            uint8_t byte = 0;
            assert_int_equal(esep_unhex(pair, &byte, 1), ESEP_OK);
            assert_int_equal(esep_buf_put(&buf, &byte, 1), ESEP_OK);
            have = 0;
        }
    }
    assert_int_equal(have, 0);
    return buf;
}

static inline void assert_hex(const void *data, size_t len, const char *want)
{
    char *got = malloc(2 * len + 1);
    assert_non_null(got);
    esep_hex(data, len, got);
    assert_string_equal(got, want);
    free(got);
}

#endif
