/* Does unpacking stay within its budget, and does no string get past the check, at any depth? */
#include "../base/fixture.h"
#include "esep/v1/link.pb-c.h"
#include "esep/v1/report.pb-c.h"
#include "esep/v1/wire.pb-c.h"
#include "wire/unpack.h"

static struct esep_arena arena;

static int start(void **state)
{
    (void)state;
    return esep_arena_init(&arena, 1 << 20) == ESEP_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    esep_arena_done(&arena);
    return 0;
}

static bool slow_valid(struct esep_slice text)
{
    for (size_t i = 0; i < text.len;) {
        const uint8_t *p = text.data + i;
        size_t need = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        uint32_t code = need == 1 ? p[0] : p[0] & (0xffu >> (need + 1));
        if ((p[0] & 0xc0) == 0x80 || p[0] >= 0xf8 || text.len - i < need)
            return false;
        for (size_t k = 1; k < need; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (p[k] & 0x3f);
        }
        if (code < least[need] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return false;
        if ((code < 0x20 && code != '\t' && code != '\r' && code != '\n') ||
            (code >= 0x7f && code < 0xa0))
            return false;
        i += need;
    }
    return true;
}

static void test_utf8_against_the_definition(void **state)
{
    (void)state;
    /* Every pair of bytes, and every two bytes behind each three- and four-byte lead, at each
     * place in the eight bytes that are looked at together. */
    uint8_t text[16];
    for (unsigned place = 0; place < 10; place++) {
        for (unsigned pair = 0; pair < 65536; pair++) {
            memset(text, 'a', sizeof text);
            text[place] = (uint8_t)(pair >> 8);
            text[place + 1] = (uint8_t)pair;
            struct esep_slice slice = esep_slice(text, sizeof text);
            if (esep_utf8_valid(slice) != slow_valid(slice))
                fail_msg("%02x at %u", pair, place);
        }
    }
    for (unsigned lead = 0xe0; lead < 0x100; lead++) {
        for (unsigned pair = 0; pair < 65536; pair++) {
            const uint8_t bytes[] = {(uint8_t)lead, (uint8_t)(pair >> 8), (uint8_t)pair, 0x80};
            for (size_t len = 1; len <= 4; len++) {
                struct esep_slice slice = esep_slice(bytes, len);
                if (esep_utf8_valid(slice) != slow_valid(slice))
                    fail_msg("%02x %04x of %zu", lead, pair, len);
            }
        }
    }
}

static void test_utf8_random_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "Есеп ", "қағаздағы", "₸",        "report", "\n", "\xf0\x9f\x93\x84",
        "ә",     "\x7f",      "\xc2\x85", "\xd0"};
    uint32_t seed = 12345;
    for (int round = 0; round < 20000; round++) {
        char text[256] = "";
        size_t len = 0;
        for (int i = 0; i < 12; i++) {
            seed = seed * 1664525 + 1013904223;
            /* the last three pieces are invalid and rare */
            unsigned pick = (seed >> 16) % 200;
            const char *piece = pieces[pick < 197 ? pick % 7 : pick - 190];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
        }
        assert_int_equal(esep_utf8_valid(esep_slice(text, len)), slow_valid(esep_slice(text, len)));
    }
    assert_true(esep_utf8_valid(esep_slice(NULL, 0)));
    assert_false(esep_utf8_valid(esep_slice("a\0b", 3)));
    assert_true(esep_utf8_valid(esep_slice("\xf0\x90\x80\x80", 4)));
    assert_false(esep_utf8_valid(esep_slice("\xf0\x90\x80", 3)));
    assert_false(esep_utf8_valid(esep_slice("\xf0\x90\x80x", 4)));
}

static enum esep_status unpack(const ProtobufCMessageDescriptor *descriptor,
                               const ProtobufCMessage *message, const ProtobufCMessage **ret)
{
    struct esep_buf bytes;
    esep_buf_init(&bytes, 1 << 16);
    assert_int_equal(esep_pack(message, &bytes), ESEP_OK);
    esep_arena_reset(&arena);
    enum esep_status status = esep_unpack(descriptor, esep_buf_slice(&bytes), &arena, ret);
    esep_buf_done(&bytes);
    return status;
}

#define INDICATORS 3

struct sample {
    Esep__V1__JournalEntry entry;
    Esep__V1__Report report;
    Esep__V1__Indicator indicators[INDICATORS];
    Esep__V1__Indicator *indicator_list[INDICATORS];
    Esep__V1__Person preparer;
};

static char fine[] = "Акимат, 10 % of ₸";
static char obligation[] = "kz-1347-2012/13/moj/2013";

static void make_sample(struct sample *s)
{
    esep__v1__journal_entry__init(&s->entry);
    esep__v1__report__init(&s->report);
    esep__v1__person__init(&s->preparer);
    s->entry.nonce = esep_pb("0123456789abcdef", 16);
    s->entry.written_at_us = 1357000000000000;
    s->entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    s->entry.report = &s->report;
    s->report.obligation = obligation;
    s->report.narrative = fine;
    s->report.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
    s->report.percent = 40;
    s->report.preparer = &s->preparer;
    s->preparer.name = fine;
    s->report.n_indicators = INDICATORS;
    s->report.indicators = s->indicator_list;
    for (size_t i = 0; i < INDICATORS; i++) {
        esep__v1__indicator__init(&s->indicators[i]);
        s->indicators[i].name = fine;
        s->indicator_list[i] = &s->indicators[i];
    }
}

static void test_a_report_comes_through(void **state)
{
    (void)state;
    struct sample s;
    const ProtobufCMessage *message = NULL;
    make_sample(&s);
    assert_int_equal(unpack(&esep__v1__journal_entry__descriptor, &s.entry.base, &message),
                     ESEP_OK);
    const Esep__V1__JournalEntry *entry = (const void *)message;
    assert_int_equal(entry->body_case, ESEP__V1__JOURNAL_ENTRY__BODY_REPORT);
    assert_string_equal(entry->report->narrative, fine);
    assert_int_equal(entry->report->percent, 40);
    assert_int_equal(entry->report->n_indicators, INDICATORS);
    assert_string_equal(entry->report->indicators[2]->name, fine);
    assert_string_equal(entry->report->obstacles, "");
}

static void test_bad_text_at_every_depth(void **state)
{
    (void)state;
    static char bad[] = "bad \x1b[2J";
    static char cut[] = "cut \xd0";
    char *const texts[] = {bad, cut};
    for (size_t t = 0; t < 2; t++) {
        for (int place = 0; place < 4; place++) {
            struct sample s;
            const ProtobufCMessage *message = NULL;
            make_sample(&s);
            if (place == 0)
                s.report.obligation = texts[t];
            if (place == 1)
                s.preparer.name = texts[t];
            if (place == 2)
                s.indicators[INDICATORS - 1].unit = texts[t];
            if (place == 3)
                s.report.next_steps = texts[t];
            assert_int_equal(unpack(&esep__v1__journal_entry__descriptor, &s.entry.base, &message),
                             ESEP_INVALID);
            assert_null(message);
        }
    }
}

static void test_hidden_text_behind_a_nul(void **state)
{
    (void)state;
    /* Withdrawal{obligation = "ab\0cd"}: in C only "ab" would be seen. */
    static const uint8_t bytes[] = {0x0a, 5, 'a', 'b', 0, 'c', 'd'};
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&arena);
    assert_int_equal(esep_unpack(&esep__v1__withdrawal__descriptor, esep_slice(bytes, sizeof bytes),
                                 &arena, &message),
                     ESEP_INVALID);
    assert_null(message);
}

static void test_a_chosen_member_alone_is_looked_at(void **state)
{
    (void)state;
    /* JournalEntry{withdrawal, then report}: the last one of a oneof counts. */
    static const uint8_t bytes[] = {0x22, 3, 0x0a, 1, 'w', 0x1a, 3, 0x0a, 1, 'r'};
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&arena);
    assert_int_equal(esep_unpack(&esep__v1__journal_entry__descriptor,
                                 esep_slice(bytes, sizeof bytes), &arena, &message),
                     ESEP_OK);
    const Esep__V1__JournalEntry *entry = (const void *)message;
    assert_int_equal(entry->body_case, ESEP__V1__JOURNAL_ENTRY__BODY_REPORT);
    assert_string_equal(entry->report->obligation, "r");
}

static void test_nothing_is_a_message_too(void **state)
{
    (void)state;
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&arena);
    assert_int_equal(
        esep_unpack(&esep__v1__ping__descriptor, esep_slice(NULL, 0), &arena, &message), ESEP_OK);
    assert_non_null(message);
}

static void test_field_number_zero(void **state)
{
    (void)state;
    /* Found by the fuzzer: tag 0 in two bytes is an unknown field to protobuf-c. */
    static const uint8_t bytes[] = {0x12, 3, 0x80, 0, 2};
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&arena);
    assert_int_equal(esep_unpack(&esep__v1__link_down__descriptor, esep_slice(bytes, sizeof bytes),
                                 &arena, &message),
                     ESEP_INVALID);
}

static void test_truncations(void **state)
{
    (void)state;
    struct sample s;
    struct esep_buf bytes;
    make_sample(&s);
    esep_buf_init(&bytes, 1 << 16);
    assert_int_equal(esep_pack(&s.entry.base, &bytes), ESEP_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        const ProtobufCMessage *message = NULL;
        uint8_t *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, bytes.data, len);
        esep_arena_reset(&arena);
        enum esep_status status = esep_unpack(&esep__v1__journal_entry__descriptor,
                                              esep_slice(exact, len), &arena, &message);
        assert_true(status == ESEP_OK || status == ESEP_INVALID);
        free(exact);
    }
    esep_buf_done(&bytes);
}

static void test_the_budget_holds(void **state)
{
    (void)state;
    /* Ten thousand empty indicators: two bytes each on the wire, much more in memory. */
    uint8_t *bytes = malloc(20000);
    struct esep_arena small;
    const ProtobufCMessage *message = NULL;
    assert_non_null(bytes);
    for (size_t i = 0; i < 10000; i++) {
        bytes[2 * i] = 0x3a;
        bytes[2 * i + 1] = 0;
    }
    assert_int_equal(esep_arena_init(&small, 64 << 10), ESEP_OK);
    assert_int_equal(
        esep_unpack(&esep__v1__report__descriptor, esep_slice(bytes, 20000), &small, &message),
        ESEP_LIMIT);
    assert_null(message);
    esep_arena_done(&small);
    /* Every budget from nothing on: a refusal or the message, never a crash. */
    struct sample s;
    struct esep_buf packed;
    bool fitted = false;
    make_sample(&s);
    esep_buf_init(&packed, 1 << 16);
    assert_int_equal(esep_pack(&s.entry.base, &packed), ESEP_OK);
    for (size_t size = 0; size < 4096; size += 16) {
        assert_int_equal(esep_arena_init(&small, size), ESEP_OK);
        enum esep_status status = esep_unpack(&esep__v1__journal_entry__descriptor,
                                              esep_buf_slice(&packed), &small, &message);
        assert_int_equal(status, fitted || status == ESEP_OK ? ESEP_OK : ESEP_LIMIT);
        fitted = status == ESEP_OK;
        esep_arena_done(&small);
    }
    assert_true(fitted);
    esep_buf_done(&packed);
    free(bytes);
}

static void test_pack_appends_within_the_limit(void **state)
{
    (void)state;
    struct esep_buf out;
    Esep__V1__Pull pull = ESEP__V1__PULL__INIT;
    esep_buf_init(&out, 4);
    assert_int_equal(esep_pack(&pull.base, &out), ESEP_OK);
    assert_int_equal(out.len, 0);
    pull.through = 300;
    assert_int_equal(esep_buf_put(&out, "x", 1), ESEP_OK);
    assert_int_equal(esep_pack(&pull.base, &out), ESEP_OK);
    assert_hex(out.data, out.len, "7808ac02");
    assert_int_equal(esep_pack(&pull.base, &out), ESEP_LIMIT);
    assert_int_equal(out.len, 4);
    esep_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_against_the_definition),
        cmocka_unit_test(test_utf8_random_text),
        cmocka_unit_test(test_a_report_comes_through),
        cmocka_unit_test(test_bad_text_at_every_depth),
        cmocka_unit_test(test_hidden_text_behind_a_nul),
        cmocka_unit_test(test_a_chosen_member_alone_is_looked_at),
        cmocka_unit_test(test_nothing_is_a_message_too),
        cmocka_unit_test(test_field_number_zero),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_the_budget_holds),
        cmocka_unit_test(test_pack_appends_within_the_limit),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
