/* tests/unit/wire/golden.h - bytes by name out of a golden file (lines of "name hex").
 *
 * golden.py wrote the files from the headers alone, with another language's cryptography: so a test
 * against them asks whether the code does what the headers promise to auditors.
 */
#ifndef ESEP_TEST_GOLDEN_H
#define ESEP_TEST_GOLDEN_H

#include "../base/fixture.h"

static inline void assert_golden(const char *path, const char *name, const void *data, size_t len)
{
    struct esep_buf file = fixture_file(path);
    size_t name_len = strlen(name);
    assert_int_equal(esep_buf_put(&file, "", 1), ESEP_OK);
    for (char *line = (char *)file.data; *line != '\0';) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        if (strncmp(line, name, name_len) == 0 && line[name_len] == ' ') {
            *end = '\0';
            assert_hex(data, len, line + name_len + 1);
            esep_buf_done(&file);
            return;
        }
        line = end + 1;
    }
    fail_msg("%s: no %s", path, name);
}

#endif
