/* tests/unit/collector_shell/deliver_test.c - does an alert reach its recipient as promised, is a
 * bad receiver tried again and then given up, and does one channel leave the other alone?
 *
 * The servers run in the same loop; signatures, base64 and RFC 2047 are undone with libsodium. */
#include "collector/deliver.h"
#include "io/loop.h"
#include "sink.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* cmocka.h wants the others before it. */
#include <cmocka.h>

#define SUBJECT "Есеп: kz-1347-2012, Министерство внутренних дел: 65 напоминаний"
#define TEXT "Срок истёк\n.\nСрок сегодня\n"

struct end {
    bool told;
    bool delivered;
    uint32_t attempts;
    char detail[256];
};
struct fixture {
    struct esep_loop *loop;
    struct event_base *base;
    struct collector_settings settings;
    struct esep_hash log_id;
    struct sink hook;
    struct sink mail;
    struct deliver *deliver;
    struct end ends[8]; /* by alert */
    size_t told;
};

static void on_done(void *context, uint64_t alert_index, uint32_t target, bool delivered,
                    uint32_t attempts, const char *detail)
{
    struct fixture *f = context;
    assert_int_equal(target, 3);
    struct end *end = &f->ends[alert_index % 8];
    assert_false(end->told);
    *end = (struct end){.told = true, .delivered = delivered, .attempts = attempts};
    (void)snprintf(end->detail, sizeof end->detail, "%s", detail);
    f->told++;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    const struct esep_loop_options options = {0};
    assert_int_equal(esep_loop_new(&f->loop, &options, NULL), ESEP_OK);
    f->base = esep_loop_base(f->loop);
    sink_start(&f->hook, f->base, false);
    sink_start(&f->mail, f->base, true);
    struct collector_settings *s = &f->settings;
    s->delivery_tries = 3;
    s->delivery_backoff = 20000;
    s->delivery_backoff_max = 30000;
    s->delivery_timeout = 60 * ESEP_SECOND; /* what is to be answered is, however slow we are */
    s->webhook_count = 1;
    (void)snprintf(s->webhooks[0].name, sizeof s->webhooks[0].name, "ops");
    (void)snprintf(s->webhooks[0].url, sizeof s->webhooks[0].url, "http://127.0.0.1:%u/in",
                   f->hook.port);
    s->webhooks[0].secret_len = 32;
    memset(s->webhooks[0].secret, 7, 32);
    (void)snprintf(s->mail_url, sizeof s->mail_url, "smtp://127.0.0.1:%u", f->mail.port);
    (void)snprintf(s->mail_from, sizeof s->mail_from, "esep@commission.example");
    memset(f->log_id.bytes, 0xab, sizeof f->log_id.bytes);
    assert_int_equal(deliver_new(&f->deliver, f->loop, s, &f->log_id, on_done, f, NULL), ESEP_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    deliver_free(f->deliver);
    sink_stop(&f->hook);
    sink_stop(&f->mail);
    esep_loop_free(f->loop);
    free(f);
    return 0;
}

static enum esep_status add(struct fixture *f, uint64_t alert, bool mail, const char *address)
{
    Esep__V1__Target to = ESEP__V1__TARGET__INIT;
    to.channel = mail ? ESEP__V1__CHANNEL__CHANNEL_MAIL : ESEP__V1__CHANNEL__CHANNEL_WEBHOOK;
    to.address = (char *)(uintptr_t)address;
    const struct deliver_item item = {.alert_index = alert,
                                      .target = 3,
                                      .to = &to,
                                      .subject = esep_slice_str(SUBJECT),
                                      .text = esep_slice_str(TEXT),
                                      .raised_at = 1358208000000000}; /* 2013-01-15T00:00:00Z */
    return deliver_add(f->deliver, &item);
}

static void wait_until_told(struct fixture *f, size_t count)
{
    const esep_time until = esep_monotonic() + 300 * ESEP_SECOND;
    while (f->told < count && esep_monotonic() < until)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(f->told, count);
}

/* A header's value with its folded lines, or the test fails. */
static void header(const char *letter, const char *name, char *out, size_t size)
{
    const char *at = strstr(letter, name);
    assert_non_null(at);
    assert_true(at == letter || at[-1] == '\n');
    at += strlen(name);
    size_t used = 0;
    for (; used + 1 < size; at++) {
        if (at[0] == '\r' && at[1] == '\n') {
            if (at[2] != ' ')
                break;
            at += 2;
        }
        out[used++] = *at;
    }
    out[used] = '\0';
}

static void assert_signed(const struct fixture *f, const char *request)
{
    char id[128];
    char timestamp[64];
    char given[128];
    char base64[64];
    char wanted[80];
    unsigned char tag[crypto_auth_hmacsha256_BYTES];
    char *text = malloc(20000);
    assert_non_null(text);
    header(request, "webhook-id: ", id, sizeof id);
    header(request, "webhook-timestamp: ", timestamp, sizeof timestamp);
    header(request, "webhook-signature: ", given, sizeof given);
    const char *body = strstr(request, "\r\n\r\n") + 4;
    int len = snprintf(text, 20000, "%s.%s.%s", id, timestamp, body);
    assert_int_equal(crypto_auth_hmacsha256(tag, (const unsigned char *)text,
                                            (unsigned long long)len,
                                            f->settings.webhooks[0].secret),
                     0);
    (void)sodium_bin2base64(base64, sizeof base64, tag, sizeof tag, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(wanted, sizeof wanted, "v1,%s", base64);
    assert_string_equal(given, wanted);
    assert_string_equal(body, TEXT);
    free(text);
}

static void a_webhook_is_signed_and_told_once(void **state)
{
    struct fixture *f = *state;
    char type[64];
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    assert_int_equal(add(f, 1, false, "ops"), ESEP_CONFLICT);
    assert_true(deliver_knows(f->deliver, 1, 3));
    wait_until_told(f, 1);
    assert_true(f->ends[1].delivered);
    assert_int_equal(f->ends[1].attempts, 1);
    assert_int_equal(f->hook.taken, 1);
    assert_non_null(strstr(f->hook.letter[0], "POST /in HTTP/1.1\r\n"));
    header(f->hook.letter[0], "Content-Type: ", type, sizeof type);
    assert_string_equal(type, "application/json");
    assert_signed(f, f->hook.letter[0]);
    assert_false(deliver_knows(f->deliver, 1, 3));
}

/* "=?UTF-8?B?...?= =?UTF-8?B?...?=" */
static void decode_words(const char *value, char *out, size_t size)
{
    size_t used = 0;
    for (const char *at = value; (at = strstr(at, "=?UTF-8?B?")) != NULL;) {
        at += 10;
        const char *end = strstr(at, "?=");
        assert_non_null(end);
        assert_true(end - at + 12 <= 75);
        size_t got = 0;
        assert_int_equal(sodium_base642bin((unsigned char *)out + used, size - used - 1, at,
                                           (size_t)(end - at), NULL, &got, NULL,
                                           sodium_base64_VARIANT_ORIGINAL),
                         0);
        used += got;
        /* Each word is whole letters. */
        assert_true((out[used - got] & 0xC0) != 0x80);
        at = end;
    }
    out[used] = '\0';
}

static void a_letter_reads_as_it_was_written(void **state)
{
    struct fixture *f = *state;
    char value[900];
    char plain[900];
    assert_int_equal(add(f, 2, true, "ops@moj.example"), ESEP_OK);
    wait_until_told(f, 1);
    assert_true(f->ends[2].delivered);
    const char *letter = f->mail.letter[0];
    header(letter, "Subject: ", value, sizeof value);
    decode_words(value, plain, sizeof plain);
    assert_string_equal(plain, SUBJECT);
    for (const char *line = letter; line != NULL; line = strstr(line, "\r\n")) {
        line += line != letter ? 2 : 0;
        if (strncmp(line, "Content-Type", 12) != 0 && strcspn(line, "\r") > 76)
            fail_msg("a line of %zu bytes: %.100s", strcspn(line, "\r"), line);
    }
    header(letter, "From: ", value, sizeof value);
    assert_string_equal(value, "esep@commission.example");
    header(letter, "To: ", value, sizeof value);
    assert_string_equal(value, "ops@moj.example");
    header(letter, "Date: ", value, sizeof value);
    assert_string_equal(value, "Tue, 15 Jan 2013 00:00:00 +0000");
    header(letter, "Message-ID: ", value, sizeof value);
    assert_non_null(strstr(value, "<abababababababab.2.3."));
    assert_non_null(strstr(value, "@commission.example>"));
    size_t got = 0;
    const char *body = strstr(letter, "Content-Transfer-Encoding: base64\r\n\r\n");
    assert_non_null(body);
    body += 37;
    assert_int_equal(sodium_base642bin((unsigned char *)plain, sizeof plain - 1, body,
                                       (size_t)(strstr(body, "\r\n--") - body), "\r\n", &got, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    plain[got] = '\0';
    assert_string_equal(plain, TEXT);
}

static void a_receiver_that_recovers_sees_one_id(void **state)
{
    struct fixture *f = *state;
    char first[128];
    char last[128];
    f->hook.manner = SINK_ANSWERS;
    f->hook.code = 503;
    f->hook.bad_first = 2;
    const esep_time begun = esep_monotonic();
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    wait_until_told(f, 1);
    assert_true(f->ends[1].delivered);
    assert_int_equal(f->ends[1].attempts, 3);
    assert_int_equal(f->hook.taken, 3);
    /* Half of 20 ms and half of 30 ms at least. */
    assert_true(esep_monotonic() - begun >= 25000);
    header(f->hook.letter[0], "webhook-id: ", first, sizeof first);
    header(f->hook.letter[2], "webhook-id: ", last, sizeof last);
    assert_string_equal(first, last);
    for (size_t i = 0; i < 3; i++)
        assert_signed(f, f->hook.letter[i]);
}

static void a_receiver_that_refuses_is_given_up(void **state)
{
    struct fixture *f = *state;
    f->hook.manner = SINK_ANSWERS;
    f->hook.code = 400;
    f->mail.manner = SINK_ANSWERS;
    f->mail.code = 550;
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    assert_int_equal(add(f, 2, true, "nobody@moj.example"), ESEP_OK);
    wait_until_told(f, 2);
    assert_false(f->ends[1].delivered);
    assert_int_equal(f->ends[1].attempts, 3);
    assert_string_equal(f->ends[1].detail, "answered 400");
    assert_false(f->ends[2].delivered);
    assert_int_equal(f->ends[2].attempts, 3);
    assert_int_equal(f->mail.taken, 3);
    assert_non_null(strstr(f->ends[2].detail, "550"));
}

static void a_redirect_is_not_followed(void **state)
{
    struct fixture *f = *state;
    f->hook.manner = SINK_REDIRECTS;
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    wait_until_told(f, 1);
    assert_false(f->ends[1].delivered);
    assert_int_equal(f->hook.taken, 3);
    for (size_t i = 0; i < 3; i++)
        assert_null(strstr(f->hook.letter[i], "elsewhere"));
}

static void an_endless_answer_is_cut_off(void **state)
{
    struct fixture *f = *state;
    f->hook.manner = SINK_FLOODS;
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    wait_until_told(f, 1);
    assert_true(f->ends[1].delivered);
    assert_int_equal(f->ends[1].attempts, 1);
}

static void a_silent_mail_server_delays_no_webhook(void **state)
{
    struct fixture *f = *state;
    f->mail.manner = SINK_HANGS;
    for (uint64_t alert = 8; alert < 8 + DELIVER_QUEUE_MAX; alert++)
        assert_int_equal(add(f, alert, true, "ops@moj.example"), ESEP_OK);
    assert_int_equal(add(f, 5000, true, "ops@moj.example"), ESEP_LIMIT);
    assert_true(deliver_roomy(f->deliver));
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    const esep_time begun = esep_monotonic();
    wait_until_told(f, 1);
    assert_true(f->ends[1].delivered);
    assert_true(esep_monotonic() - begun < f->settings.delivery_timeout);
    assert_true(f->mail.connections <= 4);
    /* The teardown takes the queue down with tries under way. */
}

/* What a receiver has taken is told before the end; what has not begun waits for the next start. */
static void a_drain_ends_what_is_under_way_and_begins_nothing(void **state)
{
    struct fixture *f = *state;
    f->mail.manner = SINK_SWALLOWS;
    assert_true(deliver_idle(f->deliver));
    assert_int_equal(add(f, 2, true, "ops@moj.example"), ESEP_OK);
    while (f->mail.taken == 0)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
    assert_false(deliver_idle(f->deliver));
    deliver_drain(f->deliver);
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    sink_answer(&f->mail);
    wait_until_told(f, 1);
    assert_true(f->ends[2].delivered);
    assert_true(deliver_idle(f->deliver));
    (void)event_base_loop(f->base, EVLOOP_NONBLOCK);
    assert_true(deliver_knows(f->deliver, 1, 3));
    assert_int_equal(f->hook.connections, 0);
}

/* libcurl waits for this answer within one call. */
static void a_mail_server_silent_at_the_end_does_not_stop_the_loop(void **state)
{
    struct fixture *f = *state;
    f->mail.manner = SINK_SWALLOWS;
    f->settings.delivery_timeout = 20 * ESEP_SECOND;
    assert_int_equal(add(f, 2, true, "ops@moj.example"), ESEP_OK);
    while (f->mail.taken == 0)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
    const esep_time begun = esep_monotonic();
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    wait_until_told(f, 1);
    assert_true(f->ends[1].delivered);
    assert_true(esep_monotonic() - begun < f->settings.delivery_timeout / 2);
}

static void a_server_that_is_not_there_is_given_up(void **state)
{
    struct fixture *f = *state;
    /* Bound, so that nobody else takes it, and deaf. */
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(deaf, (struct sockaddr *)(void *)&address, size), 0);
    assert_int_equal(getsockname(deaf, (struct sockaddr *)(void *)&address, &size), 0);
    (void)snprintf(f->settings.mail_url, sizeof f->settings.mail_url, "smtp://127.0.0.1:%u",
                   ntohs(address.sin_port));
    f->settings.delivery_tries = 2;
    assert_int_equal(add(f, 1, true, "ops@moj.example"), ESEP_OK);
    wait_until_told(f, 1);
    assert_false(f->ends[1].delivered);
    assert_int_equal(f->ends[1].attempts, 2);
    assert_true(f->ends[1].detail[0] != '\0');
    (void)close(deaf);
}

static void a_hanging_receiver_runs_into_the_deadline(void **state)
{
    struct fixture *f = *state;
    f->hook.manner = SINK_HANGS;
    f->settings.delivery_timeout = 100000;
    f->settings.delivery_tries = 1;
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    wait_until_told(f, 1);
    assert_false(f->ends[1].delivered);
}

static void what_cannot_go_out_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "a@b\r\nBcc: c@d", "a b@c", "a@b, c@d", "<a@b>", "a", "@b", "a@", "а@б", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(add(f, 1, true, bad[i]), ESEP_INVALID);
    assert_int_equal(add(f, 1, false, "unknown"), ESEP_INVALID);
    f->settings.mail_url[0] = '\0';
    assert_int_equal(add(f, 1, true, "a@b"), ESEP_INVALID);
    assert_int_equal(f->told, 0);
}

static void a_webhook_taken_out_of_the_configuration_is_given_up(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add(f, 1, false, "ops"), ESEP_OK);
    f->settings.webhook_count = 0;
    wait_until_told(f, 1);
    assert_false(f->ends[1].delivered);
    assert_non_null(strstr(f->ends[1].detail, "alerts.webhooks"));
    assert_int_equal(f->hook.connections, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_webhook_is_signed_and_told_once),
        TEST(a_letter_reads_as_it_was_written),
        TEST(a_receiver_that_recovers_sees_one_id),
        TEST(a_receiver_that_refuses_is_given_up),
        TEST(a_redirect_is_not_followed),
        TEST(an_endless_answer_is_cut_off),
        TEST(a_silent_mail_server_delays_no_webhook),
        TEST(a_drain_ends_what_is_under_way_and_begins_nothing),
        TEST(a_mail_server_silent_at_the_end_does_not_stop_the_loop),
        TEST(a_server_that_is_not_there_is_given_up),
        TEST(a_hanging_receiver_runs_into_the_deadline),
        TEST(what_cannot_go_out_is_refused_at_once),
        TEST(a_webhook_taken_out_of_the_configuration_is_given_up),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
