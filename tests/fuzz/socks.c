/* tests/fuzz/socks.c - a proxy that says anything, in any pieces.
 *
 * The first byte: whether we have a login, which kind of address we name, how long the pieces are.
 * Properties: no more is taken than came; once the way is open or refused nothing more is said;
 * a refusal has a reason; the same bytes in one piece, or as long as the conversation allows, come
 * to the same end.
 */
#include "wire/socks.h"

#include "fuzz.h"

struct course {
    enum esep_status status;
    size_t taken;
    size_t said;
};

static struct course listen_to(struct esep_slice bytes, uint8_t how, size_t piece)
{
    static const enum esep_socks_kind kinds[] = {ESEP_SOCKS_IPV4, ESEP_SOCKS_NAME, ESEP_SOCKS_IPV6,
                                                 ESEP_SOCKS_NAME};
    static const uint8_t lens[] = {4, 1, 16, 255};
    const struct esep_socks_login login = {.user_len = (uint8_t)(how | 1), .password_len = 255};
    const struct esep_socks_target target = {
        .kind = kinds[how >> 1 & 3], .len = lens[how >> 1 & 3], .port = how};
    struct course course = {.status = ESEP_AGAIN};
    struct esep_socks s;
    struct esep_socks_said said;
    esep_socks_begin(&s, &target, how & 1 ? &login : NULL, &said);
    course.said = said.len;
    while (course.status == ESEP_AGAIN && course.taken < bytes.len) {
        struct esep_reason reason = {""};
        size_t taken = SIZE_MAX;
        /* A proxy that waits for us says one word at a time. */
        const size_t left = bytes.len - course.taken;
        const size_t len = left < piece ? left : piece;
        course.status =
            esep_socks_hear(&s, esep_slice(bytes.data + course.taken, len), &taken, &said, &reason);
        FUZZ_CHECK(taken > 0 && taken <= len);
        FUZZ_CHECK(course.status == ESEP_AGAIN || said.len == 0);
        FUZZ_CHECK(course.status == ESEP_AGAIN || course.status == ESEP_OK ||
                   course.status == ESEP_DENIED || course.status == ESEP_INVALID);
        FUZZ_CHECK((reason.text[0] != '\0') ==
                   (course.status == ESEP_DENIED || course.status == ESEP_INVALID));
        FUZZ_CHECK((s.stage == ESEP_SOCKS_OPEN) == (course.status == ESEP_OK));
        course.taken += taken;
        course.said += said.len;
    }
    esep_socks_done(&s);
    return course;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const struct esep_slice bytes = esep_slice(data + 1, size - 1);
    const struct course one = listen_to(bytes, data[0], 1);
    const struct course some = listen_to(bytes, data[0], 1 + (data[0] >> 3));
    /* A piece that runs into a word that was not asked for is the one way to differ. */
    if (some.status != ESEP_INVALID) {
        FUZZ_CHECK(one.status == some.status);
        FUZZ_CHECK(one.taken == some.taken && one.said == some.said);
    }
    return 0;
}
