/* Is the folder synced that holds the name, and is a failure said? (What a power cut leaves is
 * asked by tests/power.) */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_folder_above),
        cmocka_unit_test(test_what_is_wrong),
    };
    if (mkdtemp(root) == NULL)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(root) == 0 ? failed : 1;
}
