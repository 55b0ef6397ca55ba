/* tests/unit/collector_shell/settings_test.c - is every mistake in a configuration complained of,
 * all at once and by name, and is a good one read as it stands? */
#include "../io/unit.h"
#include "collector/settings.h"
#include "io/secret.h"

#include <string.h>
#include <sys/stat.h>

#define WITNESS "w.example/1+8ca59e58+BOjCEHV3UUlzlx2fCfFKtQ6uSVc8Y86JnxmKdvZunMBS"
#define LOG "log.example+3aa00681+AeQsJQEKXmuVcv3HuHOoxKsSx13K8E7g+GA4uLJ8gP43"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define HEAD "name: main\nstore: store\nkeys: keys\ncontrol: ctl/sock\n"

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* Reads HEAD and text as a configuration; what was said on stderr goes to said. */
static enum esep_status read_text(const char *folder, const char *text,
                                  struct collector_settings **ret, char *said, size_t size)
{
    char path[300];
    char heard[300];
    char whole[8192];
    struct esep_reason reason = {""};
    (void)snprintf(whole, sizeof whole, "%s%s", HEAD, text);
    write_file(folder, "c.yaml", whole, 0644);
    (void)snprintf(path, sizeof path, "%s/c.yaml", folder);
    (void)snprintf(heard, sizeof heard, "%s/heard", folder);
    (void)fflush(stderr);
    int before = dup(STDERR_FILENO);
    FILE *into = freopen(heard, "w", stderr);
    assert_non_null(into);
    enum esep_status status = collector_settings_read(path, ret, &reason);
    (void)fflush(stderr);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    FILE *back = fopen(heard, "r");
    assert_non_null(back);
    said[fread(said, 1, size - 1, back)] = '\0';
    (void)fclose(back);
    return status;
}

static void assert_complaint(const char *folder, const char *text, const char *wanted)
{
    struct collector_settings *settings = NULL;
    char said[8192];
    enum esep_status status = read_text(folder, text, &settings, said, sizeof said);
    if (status != ESEP_INVALID || strstr(said, wanted) == NULL)
        print_error("%s\nsaid: %s\nwanted: %s\n", text, said, wanted);
    assert_int_equal(status, ESEP_INVALID);
    assert_null(settings);
    assert_non_null(strstr(said, "c.yaml:"));
    assert_non_null(strstr(said, wanted));
}

static const struct {
    const char *text;
    const char *wanted;
} mistakes[] = {
    {"log: {level: loud}\n", "log.level"},
    {"clock: yesterday\n", "clock"},
    {"web: {control: ctl/web.sock}\n", "another folder than control"},
    {"brokers: 5\n", "'brokers' must be a list"},
    {"brokers: [5]\n", "must be a map"},
    {"brokers: [{key: " KEY_A "}]\n", "'address' is missing"},
    {"brokers: [{address: 'tcp://b:1'}]\n", "'key' is missing"},
    {"brokers: [{address: 'tcp://b:1', key: abc}]\n", "64 hex digits"},
    {"brokers: [{address: 'b:1', key: " KEY_A "}]\n", "tcp://HOST:PORT"},
    {"brokers: [{address: 'tcp://b', key: " KEY_A "}]\n", "tcp://HOST:PORT"},
    {"brokers: [{adress: 'tcp://b:1', key: " KEY_A "}]\n", "address"},
    {"operators: [{name: a, sign_key: " KEY_A ", curve_key: " KEY_A "}, {name: a, sign_key: "
     "" KEY_A ", curve_key: " KEY_B "}]\n",
     "'a' is there twice"},
    {"operators: [{name: a, sign_key: " KEY_A ", curve_key: " KEY_A "}, {name: b, sign_key: "
     "" KEY_B ", curve_key: " KEY_A "}]\n",
     "'b' is there twice"},
    {"alerts: {mail: {url: 'http://x', from: a@b}}\n", "smtp://"},
    {"alerts: {mail: {url: 'smtp://x', from: nobody}}\n", "alerts.mail.from"},
    {"alerts: {mail: {url: 'smtp://x', from: \"a@b\\r\\nBcc: c@d\"}}\n", "alerts.mail.from"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b, user: u}}\n", "password_file"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b, user: u, password_file: open}}\n",
     "open to others"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b, user: u, password_file: good, tls: false}}\n",
     "for all to read"},
    {"alerts: {webhooks: [{name: h, url: 'https://x', secret_file: none}]}\n", "none"},
    {"alerts: {webhooks: [{name: h, url: 'https://x', secret_file: open}]}\n", "open to others"},
    {"alerts: {webhooks: [{name: h, url: 'https://x', secret_file: empty}]}\n", "one line"},
    {"alerts: {webhooks: [{name: h, url: 'https://x', secret_file: short}]}\n", "16 to 64"},
    {"alerts: {webhooks: [{name: h, url: 'ftp://x', secret_file: good}]}\n", "https://"},
    {"alerts: {webhooks: [{name: h, url: 'https://x', secret_file: good}, {name: h, url: "
     "'https://y', secret_file: good}]}\n",
     "'h' is there twice"},
    {"alerts: {recipients: [{body: moj}]}\n", "either 'mail' or 'webhook'"},
    {"alerts: {recipients: [{mail: a@b}]}\n", "alerts.mail.url"},
    {"alerts: {recipients: [{webhook: h}]}\n", "no webhook 'h'"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b}, recipients: [{mail: 'A <a@b>'}]}\n",
     "not a bare mail address"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b}, recipients: [{mail: a@b, language: de}]}\n",
     "kk, ru or en"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b}, recipients: [{mail: a@b, secretariat: "
     "maybe}]}\n",
     "true or false"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b}, recipients: [{mail: c@d, operators: "
     "maybe}]}\n",
     "true or false"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b}, recipients: [{mail: c@d, operators: true, "
     "body: moj}]}\n",
     "a second time for these"},
    {"alerts: {mail: {url: 'smtp://x', from: a@b}, recipients: [{mail: c@d, operators: true, "
     "secretariat: true}]}\n",
     "a second time for these"},
    {"witnesses: [{url: 'https://w'}]\n", "'key' is missing"},
    {"witnesses: [{url: 'ftp://w', key: '" WITNESS "'}]\n", "https://"},
    {"witnesses: [{url: 'https://w', key: 'w.example+00000000+AAAA'}]\n", "copy it whole"},
    {"witnesses: [{url: 'https://w', key: '" LOG "'}]\n", "this is a log's key"},
    {"witnesses: [{url: 'https://w', key: '" WITNESS "', ca_file: /nowhere/ca.pem}]\n",
     "/nowhere/ca.pem: No such file"},
    {"witnesses: [{url: 'http://w', key: '" WITNESS "', ca_file: /etc/passwd}]\n", "not https://"},
    {"witnesses: [{url: 'https://w', key: '" WITNESS "'}, {url: 'https://v', key: '" WITNESS
     "'}]\n",
     "is there twice"},
    {"witnesses: [{url: 'https://w', key: '" WITNESS "'}]\nwitness: {quorum: 2}\n",
     "2 of 1 witnesses"},
};

static void every_mistake_is_named(void **state)
{
    const char *folder = *state;
    write_file(folder, "good", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 0600);
    write_file(folder, "open", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 0644);
    write_file(folder, "short", "whsec_AAAA\n", 0600);
    write_file(folder, "empty", "\n", 0600);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        assert_complaint(folder, mistakes[i].text, mistakes[i].wanted);
}

static void mistakes_are_said_together(void **state)
{
    struct collector_settings *settings = NULL;
    char said[8192];
    assert_int_equal(read_text(*state,
                               "log: {level: loud}\nbrokers: [{address: b, key: x}]\n"
                               "alerts: {recipients: [{language: de}]}\n",
                               &settings, said, sizeof said),
                     ESEP_INVALID);
    static const char *const wanted[] = {"log.level", "tcp://", "64 hex", "either", "kk, ru"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_non_null(strstr(said, wanted[i]));
}

static void a_crowd_that_an_alert_cannot_name_is_refused(void **state)
{
    char text[4096] = "alerts:\n  mail: {url: 'smtp://x', from: a@b}\n  recipients:\n";
    for (int i = 0; i <= VIEWS_TARGETS_MAX; i++) {
        if (i == VIEWS_TARGETS_MAX) {
            struct collector_settings *settings = NULL;
            char said[8192];
            assert_int_equal(read_text(*state, text, &settings, said, sizeof said), ESEP_OK);
            collector_settings_free(settings);
        }
        (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                       "    - {mail: m%d@b, body: %s, secretariat: %s}\n", i,
                       i % 2 == 0 ? "moj" : "'*'", i % 3 == 0 ? "true" : "false");
    }
    assert_complaint(*state, text, "mailing list");
}

static void a_good_one_is_read_as_it_stands(void **state)
{
    const char *folder = *state;
    struct collector_settings *s = NULL;
    char said[8192];
    write_file(folder, "secret", "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\r\n", 0600);
    assert_int_equal(
        read_text(folder,
                  "brokers: [{address: 'tcp://b.example:7001', key: " KEY_A "}]\n"
                  "operators: [{name: ann, sign_key: " KEY_A ", curve_key: " KEY_B "}]\n"
                  "web: {control: web/sock}\n"
                  "limits: {accounts: 7}\n"
                  "witnesses: [{url: 'https://w.example/x//', key: '" WITNESS "'}]\n"
                  "alerts:\n"
                  "  mail: {url: 'smtps://mx.example', from: esep@example.kz}\n"
                  "  backoff: 1s\n"
                  "  webhooks: [{name: ops, url: 'https://x/y', secret_file: secret}]\n"
                  "  recipients:\n"
                  "    - {plan: p, body: moj, mail: m@moj.example, language: kk}\n"
                  "    - {secretariat: true, webhook: ops, language: en}\n"
                  "    - {operators: true, webhook: ops}\n",
                  &s, said, sizeof said),
        ESEP_OK);
    assert_string_equal(said, "");
    assert_int_equal(s->witness_count, 1);
    assert_string_equal(s->witnesses[0].url, "https://w.example/x");
    assert_string_equal(s->witnesses[0].key.name, "w.example/1");
    assert_int_equal(s->broker_count, 1);
    assert_non_null(strstr(s->web_control, "/web/sock"));
    assert_int_equal(collector_settings_limits(s).accounts_max, 7);
    assert_string_equal(s->brokers[0].address, "tcp://b.example:7001");
    assert_int_equal(s->operator_count, 1);
    assert_int_equal(s->operators[0].curve_key[0], 0xff);
    assert_int_equal(s->webhooks[0].secret_len, 24);
    assert_int_equal(s->webhooks[0].secret[23], 7);
    assert_int_equal(s->delivery_backoff, 1000000);
    assert_int_equal(s->recipient_count, 3);
    assert_string_equal(s->recipients[0].language, "kk");
    assert_int_equal(s->recipients[0].audience, VIEWS_BODY);
    assert_int_equal(s->recipients[1].audience, VIEWS_SECRETARIAT);
    assert_int_equal(s->recipients[2].audience, VIEWS_OPERATORS);
    assert_string_equal(s->recipients[1].plan, "*");
    assert_string_equal(s->recipients[1].webhook, "ops");
    char store[300];
    (void)snprintf(store, sizeof store, "%s/store", folder);
    assert_string_equal(s->store, store);
    collector_settings_free(s);
}

static void a_secret_is_one_line_of_a_closed_file(void **state)
{
    const char *folder = *state;
    char path[300];
    char out[8];
    (void)snprintf(path, sizeof path, "%s/s", folder);
    assert_int_equal(esep_secret_read(path, out, sizeof out, NULL), ESEP_NOT_FOUND);
    write_file(folder, "s", "1234567\nmore", 0600);
    assert_int_equal(esep_secret_read(path, out, sizeof out, NULL), ESEP_OK);
    assert_string_equal(out, "1234567");
    write_file(folder, "s", "12345678\n", 0600);
    assert_int_equal(esep_secret_read(path, out, sizeof out, NULL), ESEP_INVALID);
    write_file(folder, "s", "abc", 0640);
    assert_int_equal(esep_secret_read(path, out, sizeof out, NULL), ESEP_DENIED);
    assert_int_equal(esep_secret_read(folder, out, sizeof out, NULL), ESEP_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(every_mistake_is_named),
        unit_test_in_folder(mistakes_are_said_together),
        unit_test_in_folder(a_crowd_that_an_alert_cannot_name_is_refused),
        unit_test_in_folder(a_good_one_is_read_as_it_stands),
        unit_test_in_folder(a_secret_is_one_line_of_a_closed_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
