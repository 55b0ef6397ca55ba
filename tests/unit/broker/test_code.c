/* tests/unit/broker/test_code.c - does a code survive being read aloud, and is every slip found? */
#include "base/code.h"
#include "harness.h"

static const uint8_t sample[ESEP_CODE_BYTES] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x10, 0x32, 0x54,
                                                0x76, 0x98, 0xba, 0xdc, 0xfe, 0x5a, 0xa5, 0x03};

static void test_there_and_back(void **state)
{
    (void)state;
    uint8_t code[ESEP_CODE_BYTES];
    uint8_t back[ESEP_CODE_BYTES];
    char text[ESEP_CODE_TEXT_BYTES];
    for (unsigned i = 0; i < 512; i++) {
        for (size_t j = 0; j < sizeof code; j++) {
            code[j] = (uint8_t)(sample[j] * (i + 1) + i * j);
        }
        esep_code_format(code, text);
        assert_int_equal(strlen(text), ESEP_CODE_TEXT_BYTES - 1);
        assert_int_equal(esep_code_parse(text, back, NULL), ESEP_OK);
        assert_memory_equal(code, back, sizeof code);
    }
}

static void test_forgives_how_people_write(void **state)
{
    (void)state;
    const uint8_t zeroes[ESEP_CODE_BYTES] = {0};
    uint8_t back[ESEP_CODE_BYTES];
    assert_int_equal(esep_code_parse("  oooo OOOO-0000 oooo - 0000OOOO ooO", back, NULL), ESEP_OK);
    assert_memory_equal(back, zeroes, sizeof back);
    char text[ESEP_CODE_TEXT_BYTES];
    esep_code_format(sample, text);
    for (char *p = text; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p - 'A' + 'a');
        } else if (*p == '1') {
            *p = 'l';
        }
    }
    assert_int_equal(esep_code_parse(text, back, NULL), ESEP_OK);
    assert_memory_equal(back, sample, sizeof back);
    for (char *p = text; *p != '\0'; p++) {
        if (*p == 'l' || *p == '-') {
            *p = *p == 'l' ? 'i' : '\t';
        }
    }
    assert_int_equal(esep_code_parse(text, back, NULL), ESEP_OK);
    assert_memory_equal(back, sample, sizeof back);
}

/* Every letter replaced by every other, and every two neighbours swapped. */
static void test_every_single_slip_is_found(void **state)
{
    (void)state;
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char text[ESEP_CODE_TEXT_BYTES];
    uint8_t back[ESEP_CODE_BYTES];
    esep_code_format(sample, text);
    for (size_t i = 0; text[i] != '\0'; i++) {
        const char was = text[i];
        for (size_t j = 0; was != '-' && letters[j] != '\0'; j++) {
            text[i] = letters[j];
            assert_int_equal(esep_code_parse(text, back, NULL),
                             letters[j] == was ? ESEP_OK : ESEP_INVALID);
        }
        text[i] = was;
        for (size_t k = i + 1; was != '-' && text[k] != '\0'; k++) {
            if (text[k] == '-' || text[k] == was) {
                continue;
            }
            text[i] = text[k];
            text[k] = was;
            assert_int_equal(esep_code_parse(text, back, NULL), ESEP_INVALID);
            text[k] = text[i];
            text[i] = was;
        }
    }
}

static void test_says_what_is_wrong(void **state)
{
    (void)state;
    uint8_t back[ESEP_CODE_BYTES];
    struct esep_reason reason;
    assert_int_equal(esep_code_parse("", back, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "0 letters of 27"));
    assert_int_equal(esep_code_parse("7ZWA-0M*J", back, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "character 8"));
    assert_int_equal(esep_code_parse("7~", back, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "character 2"));
    assert_int_equal(esep_code_parse("0000-0000-0000-0000-0000-0000-0000-0", back, &reason),
                     ESEP_INVALID);
    assert_non_null(strstr(reason.text, "longer"));
}

/* 27 letters hold two bits more than a code has: such a text was never printed, even where its
 * check letter fits, and is not a second way to write a code. */
static void test_bits_behind_the_code_are_refused(void **state)
{
    (void)state;
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char text[ESEP_CODE_TEXT_BYTES];
    uint8_t back[ESEP_CODE_BYTES];
    esep_code_format(sample, text);
    const size_t check = strlen(text) - 1;
    const size_t last = check - 1;
    const size_t value = (size_t)(strchr(letters, text[last]) - letters);
    assert_int_equal(value & 3, 0);
    for (size_t bits = 1; bits < 4; bits++) {
        text[last] = letters[value | bits];
        for (size_t i = 0; i < 32; i++) {
            text[check] = letters[i];
            assert_int_equal(esep_code_parse(text, back, NULL), ESEP_INVALID);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_forgives_how_people_write),
        cmocka_unit_test(test_every_single_slip_is_found),
        cmocka_unit_test(test_says_what_is_wrong),
        cmocka_unit_test(test_bits_behind_the_code_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
