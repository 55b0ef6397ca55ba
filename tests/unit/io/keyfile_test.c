/* tests/unit/io/keyfile_test.c - is a key file read only where nobody else could have read it, and
 * is one that exists never overwritten?
 */
#include "io/keyfile.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const all[] = {"sign", "box", "curve"};

static void path_of(void **state, const char *name, char out[512])
{
    (void)snprintf(out, 512, "%s/%s", (const char *)*state, name);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_what_is_created_is_read_back(void **state)
{
    char path[512];
    struct stat info;
    struct esep_keyfile made, read;
    struct esep_reason reason = {{0}};
    path_of(state, "new/keys", path); /* the last folder is made */
    esep_keyfile_generate(&made, all, 3);
    assert_int_equal(esep_keyfile_create(path, &made, &reason), ESEP_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_nlink, 1); /* no temporary name is left */
    assert_int_equal(esep_keyfile_read(path, &read, &reason), ESEP_OK);
    assert_int_equal(read.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(read.keys[i].kind, all[i]);
        assert_memory_equal(read.keys[i].secret, made.keys[i].secret, 32);
    }
    struct esep_keyfile other;
    esep_keyfile_generate(&other, all, 3);
    assert_memory_not_equal(other.keys[0].secret, made.keys[0].secret, 32);
    assert_int_equal(esep_keyfile_create(path, &other, &reason), ESEP_CONFLICT);
    assert_int_equal(esep_keyfile_read(path, &read, &reason), ESEP_OK);
    assert_memory_equal(read.keys[0].secret, made.keys[0].secret, 32);
}

/* What a crash left of an earlier creation: the keys under their passing name, alone or beside the
 * file that they became. One that is still written is not touched. */
static void test_wrecks_are_removed(void **state)
{
    char path[512], wreck[512], busy[512], other[512];
    struct esep_keyfile made;
    struct esep_reason reason = {{0}};
    path_of(state, "keys", path);
    path_of(state, ".keys.a1B2c3", wreck);
    path_of(state, ".keys.Busy00", busy);
    path_of(state, ".keys.of-somebody-else", other);
    write_text(wreck, "sign 00\n", 0600);
    write_text(busy, "sign 00\n", 0600);
    write_text(other, "mine\n", 0600);
    const int fd = open(busy, O_RDWR);
    assert_true(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
    esep_keyfile_generate(&made, all, 3);
    assert_int_equal(esep_keyfile_create(path, &made, &reason), ESEP_OK);
    assert_int_equal(access(wreck, F_OK), -1);
    assert_int_equal(access(busy, F_OK), 0);
    assert_int_equal(access(other, F_OK), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(link(path, wreck), 0);
    esep_keyfile_tidy(path);
    assert_int_equal(access(wreck, F_OK), -1);
    assert_int_equal(access(busy, F_OK), -1);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_keys_by_kind(void **state)
{
    (void)state;
    struct esep_keyfile keys;
    struct esep_sign_key sign;
    struct esep_box_key box;
    struct esep_curve_key curve;
    uint8_t signature[64];
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    esep_keyfile_generate(&keys, all, 2);
    assert_int_equal(esep_keyfile_curve(&keys, &curve), ESEP_NOT_FOUND);
    assert_int_equal(esep_keyfile_box(&keys, &box), ESEP_OK);
    assert_int_equal(esep_keyfile_sign(&keys, &sign), ESEP_OK);
    esep_sign(&sign, esep_slice_str("text"), signature);
    assert_true(esep_verify(sign.public, esep_slice_str("text"), signature));
}

static void test_a_file_others_could_read_is_refused(void **state)
{
    char path[512], other[512];
    struct esep_keyfile keys;
    struct esep_reason reason = {{0}};
    path_of(state, "keys", path);
    path_of(state, "link", other);
    assert_int_equal(esep_keyfile_read(path, &keys, &reason), ESEP_NOT_FOUND);
    esep_keyfile_generate(&keys, all, 3);
    assert_int_equal(esep_keyfile_create(path, &keys, &reason), ESEP_OK);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(esep_keyfile_read(path, &keys, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "0644"));
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(esep_keyfile_read(path, &keys, &reason), ESEP_OK);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(esep_keyfile_read(other, &keys, &reason), ESEP_DENIED);
    assert_int_equal(esep_keyfile_create(other, &keys, &reason), ESEP_CONFLICT);
    assert_int_equal(esep_keyfile_read((const char *)*state, &keys, &reason), ESEP_INVALID);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(esep_keyfile_read(path, &keys, &reason), ESEP_DENIED);
        assert_non_null(strstr(reason.text, "12345"));
    }
}

static void test_a_bad_line_is_named(void **state)
{
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "no key"},
        {"# nothing\n\n", "no key"},
        {"sign " HEX "\nsing " HEX "\n", ":2: the kind"},
        {"sign\n", ":1: a line is"},
        {"sign " HEX " x\n", ":1: a line is"},
        {"sign " HEX "00\n", "64 hex"},
        {"sign 0011\n", "64 hex"},
        {"sign " HEX "\n\nsign " HEX "\n", ":3: this kind is there twice"},
    };
    char path[512];
    struct esep_keyfile keys = {.count = 77};
    struct esep_reason reason = {{0}};
    path_of(state, "keys", path);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_text(path, rows[i].text, 0600);
        assert_int_equal(esep_keyfile_read(path, &keys, &reason), ESEP_INVALID);
        assert_non_null(strstr(reason.text, rows[i].says));
        assert_null(strstr(reason.text, "0011")); /* a reason never tells a secret */
        assert_int_equal(keys.count, 77);         /* untouched on failure */
    }
    write_text(path, "# ours\r\nbox\t" HEX "\r\n", 0600);
    assert_int_equal(esep_keyfile_read(path, &keys, &reason), ESEP_OK);
    assert_int_equal(keys.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_what_is_created_is_read_back),
        unit_test_in_folder(test_wrecks_are_removed),
        cmocka_unit_test(test_keys_by_kind),
        unit_test_in_folder(test_a_file_others_could_read_is_refused),
        unit_test_in_folder(test_a_bad_line_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
