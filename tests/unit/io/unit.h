/* tests/unit/io/unit.h - cmocka, and a folder of one's own for each test. */
#ifndef ESEP_TESTS_IO_UNIT_H
#define ESEP_TESTS_IO_UNIT_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

/* cmocka's setup and teardown: *state is the folder's path. */
static inline int unit_folder(void **state)
{
    const char *base = getenv("TMPDIR");
    char *path = malloc(256);
    if (path == NULL)
        return -1;
    (void)snprintf(path, 256, "%s/esep-test-XXXXXX", base != NULL ? base : P_tmpdir);
    *state = path;
    return mkdtemp(path) != NULL ? 0 : -1;
}

static inline int unit_remove(const char *path, const struct stat *unused, int kind,
                              struct FTW *place)
{
    (void)unused, (void)kind, (void)place;
    return remove(path);
}

static inline int unit_folder_gone(void **state)
{
    const int rc = nftw(*state, unit_remove, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    free(*state);
    return rc;
}

#define unit_test_in_folder(f) cmocka_unit_test_setup_teardown(f, unit_folder, unit_folder_gone)
#endif
