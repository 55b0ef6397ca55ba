/* tests/fuzz/period.c - a period as somebody wrote it, and an enrolment code as somebody typed it.
 *
 * Properties: what is read as a period is a list of windows, in order and inside the plan's years;
 * what is refused has a reason and a place inside the text. A code that is read is the one that is
 * printed.
 */
#include "domain/period.h"

#include "base/code.h"
#include "fuzz.h"

#include <string.h>

#define WINDOWS_MAX 32

static void check_period(const char *text)
{
    struct esep_window windows[WINDOWS_MAX];
    struct esep_reason reason = {.text = ""};
    size_t count = 0;
    size_t offset = 0;
    if (esep_period_parse(text, 2012, 2016, windows, WINDOWS_MAX, &count, &offset, &reason) !=
        ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0');
        FUZZ_CHECK(offset <= strlen(text));
        return;
    }
    FUZZ_CHECK(count > 0 && count <= WINDOWS_MAX);
    FUZZ_CHECK(windows[0].start >= esep_day_from_civil(2012, 1, 1));
    FUZZ_CHECK(windows[count - 1].end <= esep_day_from_civil(2016, 12, 31));
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(windows[i].start <= windows[i].end);
        FUZZ_CHECK(i == 0 || windows[i - 1].end < windows[i].start);
    }
}

static void check_code(const char *text)
{
    uint8_t code[ESEP_CODE_BYTES];
    uint8_t again[ESEP_CODE_BYTES];
    char printed[ESEP_CODE_TEXT_BYTES];
    struct esep_reason reason = {.text = ""};
    if (esep_code_parse(text, code, &reason) != ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0');
        return;
    }
    esep_code_format(code, printed);
    FUZZ_CHECK(esep_code_parse(printed, again, NULL) == ESEP_OK);
    FUZZ_CHECK(memcmp(code, again, sizeof code) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    if (size >= sizeof text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_period(text);
    check_code(text);
    return 0;
}
