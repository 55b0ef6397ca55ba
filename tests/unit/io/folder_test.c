/* Is the folder synced that holds the name, and is a failure said? (What a power cut leaves is
 * asked by tests/power.) Does a file take another's place whole, and nobody else's? */
#include "io/folder.h"
#include "tests/unit/base/fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/esep-folder-XXXXXX";

static const char *below(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void test_the_folder_above(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("there"), 0700), 0);
    assert_true(esep_folder_sync(below("there")));
    /* What bears the name need not be there: its folder is what is synced. */
    assert_true(esep_folder_sync_above(below("there/file")));
    assert_true(esep_folder_sync_above(below("there/folder/")));
    assert_true(esep_folder_sync_above("a-name"));
    assert_true(esep_folder_sync_above("/a-name"));
    assert_int_equal(rmdir(below("there")), 0);
}

static void test_what_is_wrong(void **state)
{
    (void)state;
    assert_false(esep_folder_sync(below("absent")));
    assert_int_equal(errno, ENOENT);
    assert_false(esep_folder_sync_above(below("absent/file")));
    assert_int_equal(errno, ENOENT);
    char path[5000];
    memset(path, 'n', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_false(esep_folder_sync_above(path));
    assert_int_equal(errno, ENAMETOOLONG);
}

static void holds(const char *path, const char *text, mode_t mode)
{
    char found[64] = "";
    struct stat info;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    (void)fread(found, 1, sizeof found - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(found, text);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, mode);
}

static void test_a_file_takes_anothers_place(void **state)
{
    char path[256];
    char fresh[256];
    char aside[256];
    (void)state;
    snprintf(path, sizeof path, "%s", below("file"));
    snprintf(fresh, sizeof fresh, "%s", below("file.new"));
    snprintf(aside, sizeof aside, "%s", below("aside"));
    assert_true(esep_file_replace(path, 0600, ESEP_REPLACE_SYNCED, "one", 3));
    holds(path, "one", 0600);
    assert_true(esep_file_replace(path, 0600, ESEP_REPLACE_UNSYNCED, NULL, 0));
    holds(path, "", 0600);
    /* A draft that is open to others, or leads elsewhere, is not what is written into. */
    assert_true(esep_file_replace(aside, 0644, ESEP_REPLACE_UNSYNCED, "mine", 4));
    assert_int_equal(symlink(aside, fresh), 0);
    assert_true(esep_file_replace(path, 0600, ESEP_REPLACE_UNSYNCED, "secret", 6));
    holds(path, "secret", 0600);
    holds(aside, "mine", 0644);
    /* Where it fails, the old one is there, and errno says why. */
    assert_int_equal(mkdir(fresh, 0700), 0);
    assert_false(esep_file_replace(path, 0600, ESEP_REPLACE_SYNCED, "two", 3));
    assert_int_equal(errno, EEXIST);
    holds(path, "secret", 0600);
    assert_int_equal(rmdir(fresh), 0);
    assert_false(esep_file_replace(below("absent/file"), 0600, ESEP_REPLACE_SYNCED, "two", 3));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(aside), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_folder_above),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_a_file_takes_anothers_place),
    };
    if (mkdtemp(root) == NULL)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(root) == 0 ? failed : 1;
}
