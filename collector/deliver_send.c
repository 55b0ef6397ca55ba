/* collector/deliver_send.c - one try of one delivery: the letter (RFC 5322, 2047, MIME by libcurl)
 * or the webhook (Standard Webhooks 1.0: id, timestamp, HMAC-SHA256 signature). */
#include "collector/deliver_internal.h"
#include "collector/mail_address.h"
#include "io/secret.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ANSWER_BYTES_MAX 65536 /* of a webhook: nobody reads it */

static const struct collector_webhook *webhook_named(const struct collector_settings *settings,
                                                     const char *name)
{
    for (size_t i = 0; i < settings->webhook_count; i++)
        if (strcmp(settings->webhooks[i].name, name) == 0)
            return &settings->webhooks[i];
    return NULL;
}

static char *copy_text(struct esep_slice text)
{
    char *copy = malloc(text.len + 1);
    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    return copy;
}

enum esep_status delivery_new(struct delivery **ret, const struct deliver_item *item,
                              const struct collector_settings *settings)
{
    bool webhook = item->to->channel == ESEP__V1__CHANNEL__CHANNEL_WEBHOOK &&
                   webhook_named(settings, item->to->address) != NULL;
    bool mail = item->to->channel == ESEP__V1__CHANNEL__CHANNEL_MAIL &&
                settings->mail_url[0] != 0 && collector_mail_address(item->to->address);
    if (!webhook && !mail)
        return ESEP_INVALID;
    struct delivery *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ESEP_NOMEM;
    d->alert_index = item->alert_index;
    d->target = item->target;
    d->channel = item->to->channel;
    d->raised_at = item->raised_at;
    (void)snprintf(d->address, sizeof d->address, "%s", item->to->address);
    d->subject = copy_text(item->subject);
    d->text = copy_text(item->text);
    d->text_len = item->text.len;
    if (d->subject == NULL || d->text == NULL) {
        delivery_free(d);
        return ESEP_NOMEM;
    }
    *ret = d;
    return ESEP_OK;
}

static void take_down(struct delivery *d)
{
    curl_easy_cleanup(d->easy);
    curl_mime_free(d->mime);
    curl_slist_free_all(d->headers);
    curl_slist_free_all(d->recipients);
    d->easy = NULL;
    d->mime = NULL;
    d->headers = NULL;
    d->recipients = NULL;
    d->busy = false;
}

void delivery_free(struct delivery *d)
{
    if (d == NULL)
        return;
    take_down(d);
    free(d->subject);
    free(d->text);
    free(d);
}

static bool add_header(struct delivery *d, const char *name, const char *value)
{
    char line[1024];
    int len = snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *more = len < (int)sizeof line ? curl_slist_append(d->headers, line) : NULL;
    if (more != NULL)
        d->headers = more;
    return more != NULL;
}

/* RFC 2047: words of at most 75 characters, cut between letters, folded; with "Subject: " in front
 * the first line still has no more than 76. */
static void encode_subject(const char *subject, char *out, size_t size)
{
    size_t used = 0;
    size_t left = strlen(subject);
    while (left > 0 && used + 96 < size) {
        size_t take = left < 39 ? left : 39;
        while (take < left && ((unsigned char)subject[take] & 0xC0) == 0x80)
            take--;
        char word[64];
        (void)sodium_bin2base64(word, sizeof word, (const unsigned char *)subject, take,
                                sodium_base64_VARIANT_ORIGINAL);
        used += (size_t)snprintf(out + used, size - used,
                                 "%s=?UTF-8?B?%s?=", used > 0 ? "\r\n " : "", word);
        subject += take;
        left -= take;
    }
}

static void date_header(esep_time at, char out[64])
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    esep_time day_start = at - (at % ESEP_DAY + ESEP_DAY) % ESEP_DAY;
    esep_day day = (esep_day)(day_start / ESEP_DAY);
    struct esep_civil civil = esep_civil_from_day(day);
    long second = (long)((at - day_start) / ESEP_SECOND);
    (void)snprintf(out, 64, "%s, %02d %s %04d %02ld:%02ld:%02ld +0000", days[esep_weekday(day) - 1],
                   civil.day, months[civil.month - 1], civil.year, second / 3600, second / 60 % 60,
                   second % 60);
}

/* The same for every try of this delivery: by it a receiver knows a repeat. */
static void stable_id(const struct delivery *d, const struct esep_hash *log_id, char out[64])
{
    char hex[17];
    esep_hex(log_id->bytes, 8, hex);
    (void)snprintf(out, 64, "%s.%llu.%u.%llx", hex, (unsigned long long)d->alert_index, d->target,
                   (unsigned long long)d->raised_at);
}

static enum esep_status set_mail_account(struct delivery *d, const struct collector_settings *s)
{
    if (s->mail_user[0] == 0)
        return ESEP_OK;
    char password[128] = "";
    struct esep_reason reason = {""};
    enum esep_status status =
        esep_secret_read(s->mail_password_file, password, sizeof password, &reason);
    if (status != ESEP_OK) {
        (void)snprintf(d->error, sizeof d->error, "%.200s", reason.text);
        return status;
    }
    (void)curl_easy_setopt(d->easy, CURLOPT_USERNAME, s->mail_user);
    (void)curl_easy_setopt(d->easy, CURLOPT_PASSWORD, password);
    esep_wipe(password, sizeof password);
    return ESEP_OK;
}

static enum esep_status prepare_mail(struct delivery *d, const struct collector_settings *s,
                                     const struct esep_hash *log_id)
{
    char id[64];
    char message_id[160];
    char date[64];
    char subject[900] = "";
    stable_id(d, log_id, id);
    const char *at = strchr(s->mail_from, '@');
    (void)snprintf(message_id, sizeof message_id, "<%s%.80s>", id, at != NULL ? at : "@esep");
    date_header(d->raised_at, date);
    encode_subject(d->subject, subject, sizeof subject);
    d->recipients = curl_slist_append(NULL, d->address);
    d->mime = curl_mime_init(d->easy);
    curl_mimepart *part = d->mime != NULL ? curl_mime_addpart(d->mime) : NULL;
    if (d->recipients == NULL || part == NULL || !add_header(d, "Date", date) ||
        !add_header(d, "From", s->mail_from) || !add_header(d, "To", d->address) ||
        !add_header(d, "Subject", subject) || !add_header(d, "Message-ID", message_id) ||
        !add_header(d, "Auto-Submitted", "auto-generated"))
        return ESEP_NOMEM;
    if (curl_mime_data(part, d->text, d->text_len) != CURLE_OK ||
        curl_mime_type(part, "text/plain; charset=utf-8") != CURLE_OK ||
        curl_mime_encoder(part, "base64") != CURLE_OK)
        return ESEP_NOMEM;
    (void)curl_easy_setopt(d->easy, CURLOPT_URL, s->mail_url);
    (void)curl_easy_setopt(d->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(d->easy, CURLOPT_USE_SSL,
                           (long)(s->mail_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    (void)curl_easy_setopt(d->easy, CURLOPT_MAIL_FROM, s->mail_from);
    (void)curl_easy_setopt(d->easy, CURLOPT_MAIL_RCPT, d->recipients);
    (void)curl_easy_setopt(d->easy, CURLOPT_MIMEPOST, d->mime);
    (void)curl_easy_setopt(d->easy, CURLOPT_HTTPHEADER, d->headers);
    return set_mail_account(d, s);
}

static bool sign_webhook(struct delivery *d, const struct collector_webhook *webhook,
                         const char *id, const char *timestamp)
{
    crypto_auth_hmacsha256_state state;
    unsigned char tag[crypto_auth_hmacsha256_BYTES];
    char base64[64];
    char value[80];
    crypto_auth_hmacsha256_init(&state, webhook->secret, webhook->secret_len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)timestamp, strlen(timestamp));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)d->text, d->text_len);
    crypto_auth_hmacsha256_final(&state, tag);
    esep_wipe(&state, sizeof state);
    (void)sodium_bin2base64(base64, sizeof base64, tag, sizeof tag, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(value, sizeof value, "v1,%s", base64);
    return add_header(d, "webhook-signature", value);
}

/* A receiver that talks without end is cut off; its status was the first thing it said. */
static size_t discard(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    struct delivery *d = context;
    d->answered += size * count;
    return d->answered <= ANSWER_BYTES_MAX ? size * count : 0;
}

static enum esep_status prepare_webhook(struct delivery *d, const struct collector_settings *s,
                                        const struct esep_hash *log_id)
{
    const struct collector_webhook *webhook = webhook_named(s, d->address);
    if (webhook == NULL) {
        (void)snprintf(d->error, sizeof d->error, "alerts.webhooks has no '%.60s' any more",
                       d->address);
        return ESEP_NOT_FOUND;
    }
    char id[64];
    char timestamp[24];
    stable_id(d, log_id, id);
    /* The receiver holds it against its own clock, so a drill's clock must not show here. */
    (void)snprintf(timestamp, sizeof timestamp, "%lld", (long long)time(NULL));
    if (!add_header(d, "Content-Type", "application/json") || !add_header(d, "webhook-id", id) ||
        !add_header(d, "webhook-timestamp", timestamp) ||
        !sign_webhook(d, webhook, id, timestamp) || !add_header(d, "Expect", ""))
        return ESEP_NOMEM;
    (void)curl_easy_setopt(d->easy, CURLOPT_URL, webhook->url);
    (void)curl_easy_setopt(d->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(d->easy, CURLOPT_HTTPHEADER, d->headers);
    (void)curl_easy_setopt(d->easy, CURLOPT_POSTFIELDS, d->text);
    (void)curl_easy_setopt(d->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)d->text_len);
    (void)curl_easy_setopt(d->easy, CURLOPT_WRITEFUNCTION, discard);
    (void)curl_easy_setopt(d->easy, CURLOPT_WRITEDATA, d);
    (void)curl_easy_setopt(d->easy, CURLOPT_FOLLOWLOCATION, 0L);
    return ESEP_OK;
}

enum esep_status delivery_prepare(struct delivery *d, const struct collector_settings *settings,
                                  const struct esep_hash *log_id)
{
    d->error[0] = 0;
    d->answered = 0;
    d->easy = curl_easy_init();
    if (d->easy == NULL)
        return ESEP_NOMEM;
    (void)curl_easy_setopt(d->easy, CURLOPT_PRIVATE, d);
    (void)curl_easy_setopt(d->easy, CURLOPT_ERRORBUFFER, d->error);
    (void)curl_easy_setopt(d->easy, CURLOPT_NOSIGNAL, 1L);
    /* Else breaking off a try waits for its name server. */
    (void)curl_easy_setopt(d->easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_easy_setopt(d->easy, CURLOPT_TIMEOUT_MS, (long)(settings->delivery_timeout / 1000));
    /* A farewell has no other deadline; and no connection is kept that would need one later. */
    (void)curl_easy_setopt(d->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                           (long)(settings->delivery_timeout / ESEP_SECOND + 1));
    (void)curl_easy_setopt(d->easy, CURLOPT_FORBID_REUSE, 1L);
    (void)curl_easy_setopt(d->easy, CURLOPT_USERAGENT, "esep/" ESEP_VERSION);
    if (d->channel == ESEP__V1__CHANNEL__CHANNEL_MAIL)
        return prepare_mail(d, settings, log_id);
    return prepare_webhook(d, settings, log_id);
}

bool delivery_ended(struct delivery *d, CURLcode result)
{
    long answer = 0;
    if (d->easy != NULL)
        (void)curl_easy_getinfo(d->easy, CURLINFO_RESPONSE_CODE, &answer);
    bool delivered = result == CURLE_OK;
    if (d->channel == ESEP__V1__CHANNEL__CHANNEL_WEBHOOK)
        delivered = (delivered || d->answered > ANSWER_BYTES_MAX) && answer >= 200 && answer < 300;
    if (delivered || result == CURLE_OK)
        (void)snprintf(d->detail, sizeof d->detail, "answered %ld", answer);
    else
        (void)snprintf(d->detail, sizeof d->detail, "%.200s",
                       d->error[0] != 0 ? d->error : curl_easy_strerror(result));
    take_down(d);
    return delivered;
}
