/* tests/fuzz/letter.c - alerts put into letters and webhooks, from names that mean harm.
 *
 * The plan's titles and names, the alert's codes and numbers, the recipient's address and the
 * settings' sender are the input's. Properties: subject and text are UTF-8 that JSON takes; a
 * header is one line (folded as RFC 5322 folds), so that no name can add a second header, a
 * recipient or a body; the subject that is encoded decodes to the subject; whatever libcurl is
 * given, the try can be prepared and taken down.
 */
#include "collector/alert_text.h"
#include "collector/deliver_internal.h"
#include "collector/mail_address.h"
#include "story.h"
#include "wire/unpack.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>

static struct story story;
static struct esep_buf subject, text;

/* Only what a plan in the log can hold. */
static char *words(struct fuzz_input *in, char out[64])
{
    fuzz_text(in, out, 64);
    if (!esep_utf8_valid(esep_slice_str(out)))
        (void)snprintf(out, 64, "name");
    return out;
}

static void load_plan(struct fuzz_input *in)
{
    static char names[6][64];
    Esep__V1__Text title = ESEP__V1__TEXT__INIT;
    Esep__V1__PlanChange change = ESEP__V1__PLAN_CHANGE__INIT;
    struct esep_buf packed;
    const struct esep_slice was = story_plan(1);
    Esep__V1__Plan *plan = esep__v1__plan__unpack(NULL, was.len, was.data);
    FUZZ_CHECK(plan != NULL);
    title.kk = words(in, names[0]);
    title.ru = words(in, names[1]);
    title.en = words(in, names[2]);
    Esep__V1__Text *kept[4] = {plan->title, plan->bodies[1]->name, plan->bodies[1]->short_name,
                               plan->actions[0]->title};
    plan->title = plan->bodies[1]->name = plan->actions[0]->title = &title;
    plan->bodies[1]->short_name = fuzz_byte(in) & 1 ? &title : NULL;
    esep_buf_init(&packed, 1u << 16);
    FUZZ_CHECK(esep_pack(&plan->base, &packed) == ESEP_OK);
    plan->title = kept[0];
    plan->bodies[1]->name = kept[1];
    plan->bodies[1]->short_name = kept[2];
    plan->actions[0]->title = kept[3];
    esep__v1__plan__free_unpacked(plan, NULL);
    change.plan = esep_pb(packed.data, packed.len);
    FUZZ_CHECK(story_log(&story, ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, &change.base) == ESEP_OK);
    esep_buf_done(&packed);
}

static void check_line(const char *line)
{
    const size_t name = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
    FUZZ_CHECK(name > 0 && line[name] == ':');
    for (const char *p = line; *p != '\0'; p++) {
        if (*p == '\r')
            FUZZ_CHECK(p[1] == '\n' && p[2] == ' ');
        else if (*p == '\n')
            FUZZ_CHECK(p > line && p[-1] == '\r');
        else
            FUZZ_CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
}

/* What stands in "=?UTF-8?B?...?=" words, one after another. */
static void check_subject(const char *line, const char *want)
{
    char decoded[1024] = {0};
    size_t used = 0;
    for (const char *p = strstr(line, "=?UTF-8?B?"); p != NULL; p = strstr(p, "=?UTF-8?B?")) {
        const char *end = strstr(p += 10, "?=");
        size_t len = 0;
        FUZZ_CHECK(end != NULL && end - p <= 63);
        FUZZ_CHECK(sodium_base642bin((unsigned char *)decoded + used, sizeof decoded - used, p,
                                     (size_t)(end - p), NULL, &len, NULL,
                                     sodium_base64_VARIANT_ORIGINAL) == 0);
        FUZZ_CHECK(esep_utf8_valid(esep_slice(decoded + used, len)));
        used += len;
    }
    /* A subject that is too long is cut, never changed. */
    FUZZ_CHECK(used <= strlen(want) && memcmp(decoded, want, used) == 0);
    FUZZ_CHECK(used == strlen(want) || used >= 300);
}

static void send_it(struct fuzz_input *in, uint64_t index, struct esep_slice body)
{
    static struct collector_settings settings;
    static const struct esep_hash log_id;
    char address[256], language[] = "kk";
    struct delivery *d = NULL;
    Esep__V1__Target to = ESEP__V1__TARGET__INIT;
    memset(&settings, 0, sizeof settings);
    const bool webhook = fuzz_byte(in) & 1;
    fuzz_text(in, address, sizeof address);
    to.channel = webhook ? ESEP__V1__CHANNEL__CHANNEL_WEBHOOK : ESEP__V1__CHANNEL__CHANNEL_MAIL;
    to.address = address;
    to.language = language;
    (void)snprintf(settings.mail_url, sizeof settings.mail_url, "smtp://127.0.0.1:9");
    fuzz_text(in, settings.mail_from, sizeof settings.mail_from);
    if (!collector_mail_address(settings.mail_from)) /* the config's reader asks this too */
        (void)snprintf(settings.mail_from, sizeof settings.mail_from, "esep@example.org");
    settings.webhook_count = 1;
    (void)snprintf(settings.webhooks[0].name, sizeof settings.webhooks[0].name, "hook");
    (void)snprintf(settings.webhooks[0].url, sizeof settings.webhooks[0].url,
                   "http://127.0.0.1:9/");
    settings.webhooks[0].secret_len = 32;
    settings.delivery_timeout = ESEP_SECOND;
    const struct deliver_item item = {.alert_index = index,
                                      .target = (uint32_t)index,
                                      .to = &to,
                                      .subject = esep_buf_slice(&subject),
                                      .text = body,
                                      .raised_at = (esep_time)(fuzz_number(in) % (UINT64_MAX / 4))};
    if (delivery_new(&d, &item, &settings) != ESEP_OK) {
        FUZZ_CHECK(d == NULL);
        return;
    }
    FUZZ_CHECK(webhook || strpbrk(address, "\r\n <>,\t") == NULL);
    FUZZ_CHECK(delivery_prepare(d, &settings, &log_id) == ESEP_OK);
    size_t lines = 0;
    for (const struct curl_slist *h = d->headers; h != NULL; h = h->next, lines++) {
        check_line(h->data);
        if (strncmp(h->data, "Subject: ", 9) == 0)
            check_subject(h->data, d->subject);
    }
    FUZZ_CHECK(lines == (webhook ? 5 : 6));
    FUZZ_CHECK(webhook || (d->recipients != NULL && d->recipients->next == NULL));
    (void)delivery_ended(d, CURLE_COULDNT_CONNECT);
    FUZZ_CHECK(d->detail[0] != '\0');
    delivery_free(d);
}

static void alert(struct fuzz_input *in)
{
    static const char *const languages[] = {"kk", "ru", "en", "xx"};
    static char codes[3][64];
    Esep__V1__Alert a = ESEP__V1__ALERT__INIT;
    Esep__V1__AlertItem items[8], *list[8];
    const uint8_t how = fuzz_byte(in);
    char p[] = "p", moh[] = "moh";
    a.plan = how & 1 ? words(in, codes[0]) : p;
    a.body = how & 2 ? words(in, codes[1]) : moh;
    a.items = list;
    for (; a.n_items < (how >> 2 & 7); a.n_items++) {
        Esep__V1__AlertItem *item = list[a.n_items] = &items[a.n_items];
        const uint8_t which = fuzz_byte(in);
        esep__v1__alert_item__init(item);
        item->kind = (Esep__V1__AlertKind)(which & 7);
        item->obligation =
            which & 8 ? words(in, codes[2])
                      : (char *)(uintptr_t)views_obligation(
                            story.views, (which >> 4) % views_obligation_count(story.views))
                            ->made.key;
        item->days_left = (uint32_t)fuzz_number(in);
        item->weeks = (uint32_t)fuzz_number(in);
        item->due_us = (esep_time)fuzz_number(in);
        item->office = (uint32_t)fuzz_number(in);
        item->seen_at_us = (esep_time)fuzz_number(in);
    }
    esep_buf_clear(&subject);
    esep_buf_clear(&text);
    FUZZ_CHECK(collector_alert_text(story.views, &a, languages[how >> 6], &subject, &text) ==
               ESEP_OK);
    json_t *json = json_pack("{s:s%, s:s%}", "subject", (const char *)subject.data, subject.len,
                             "text", (const char *)text.data, text.len);
    FUZZ_CHECK(json != NULL && esep_utf8_valid(esep_buf_slice(&text)));
    FUZZ_CHECK(esep_utf8_valid(esep_buf_slice(&subject)));
    json_decref(json);
    FUZZ_CHECK(collector_alert_kind_name(items[0].kind) != NULL || a.n_items == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    story_start(&story);
    load_plan(&in);
    esep_buf_init(&subject, 1u << 16);
    esep_buf_init(&text, 1u << 20);
    alert(&in);
    send_it(&in, fuzz_number(&in), esep_buf_slice(&text));
    esep_buf_done(&subject);
    esep_buf_done(&text);
    story_end(&story);
    return 0;
}
