/* verify/say.c - see say.h. */
#include "verify/say.h"

#include "verify/say_words.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

bool verify_language(const char *text, enum verify_language *ret)
{
    static const char *const names[] = {"kk", "ru", "en"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (text != NULL && strncmp(text, names[i], 2) == 0 &&
            (text[2] == '\0' || text[2] == '_' || text[2] == '.')) {
            *ret = (enum verify_language)i;
            return true;
        }
    return false;
}

/* Days since 1970 of a day in the Gregorian calendar. */
static int64_t day_number(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int past = year - 1;
    return (int64_t)365 * past + past / 4 - past / 100 + past / 400 - 719162 + before[month - 1] +
           (is_leap && month > 2 ? 1 : 0) + day - 1;
}

/* Two or four digits at *at, which moves behind them. */
static bool digits(const char **at, int count, int most, int *ret)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9')
            return false;
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += count;
    *ret = value;
    return value <= most;
}

static bool letter(const char **at, const char *which)
{
    if (**at == '\0' || strchr(which, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool read_offset(const char **at, int *ret_s)
{
    int hours = 0;
    int minutes = 0;
    int sign = **at == '-' ? -1 : 1;
    *ret_s = 0;
    if (letter(at, "Zz"))
        return true;
    if (!letter(at, "+-") || !digits(at, 2, 23, &hours) || !letter(at, ":") ||
        !digits(at, 2, 59, &minutes))
        return false;
    *ret_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool verify_time(const char *text, int64_t *ret_us, int *ret_offset_s)
{
    const char *at = text;
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int64_t fraction = 0;
    if (!digits(&at, 4, 9999, &year) || !letter(&at, "-") || !digits(&at, 2, 12, &month) ||
        !letter(&at, "-") || !digits(&at, 2, 31, &day) || !letter(&at, "Tt ") ||
        !digits(&at, 2, 23, &hour) || !letter(&at, ":") || !digits(&at, 2, 59, &minute) ||
        !letter(&at, ":") || !digits(&at, 2, 59, &second) || year < 1970 || month < 1 || day < 1)
        return false;
    int64_t number = day_number(year, month, day);
    int64_t next = month == 12 ? day_number(year + 1, 1, 1) : day_number(year, month + 1, 1);
    if (number >= next)
        return false;
    if (letter(&at, ".")) {
        int64_t unit = 100000;
        if (*at < '0' || *at > '9')
            return false;
        for (; *at >= '0' && *at <= '9'; at++, unit /= 10)
            fraction += unit * (*at - '0');
    }
    if (!read_offset(&at, ret_offset_s) || *at != '\0')
        return false;
    *ret_us =
        (number * DAY_S + hour * 3600 + minute * 60 + second - *ret_offset_s) * 1000000 + fraction;
    return true;
}

/* With its microseconds where there are some, since a deadline may fall between. */
static void say_time(FILE *out, int64_t us, int offset_s)
{
    int64_t seconds = us / 1000000 + offset_s;
    int64_t fraction = us % 1000000;
    if (us < 0 || seconds < 0 || seconds > VERIFY_TIME_MAX_S) {
        (void)fprintf(out, "%" PRId64 " us", us);
        return;
    }
    int year = (int)(seconds / DAY_S / 366) + 1970;
    while (day_number(year + 1, 1, 1) <= seconds / DAY_S)
        year++;
    int month = 1;
    while (month < 12 && day_number(year, month + 1, 1) <= seconds / DAY_S)
        month++;
    int day = (int)(seconds / DAY_S - day_number(year, month, 1)) + 1;
    int left = (int)(seconds % DAY_S);
    (void)fprintf(out, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, left / 3600,
                  left / 60 % 60, left % 60);
    if (fraction != 0)
        (void)fprintf(out, ".%06d", (int)fraction);
    if (offset_s == 0)
        (void)fputs("Z", out);
    else
        (void)fprintf(out, "%c%02d:%02d", offset_s < 0 ? '-' : '+', abs(offset_s) / 3600,
                      abs(offset_s) / 60 % 60);
}

static void say_hex(FILE *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)fprintf(out, "%02x", bytes[i]);
}

static unsigned title(const struct verify_verdict *v)
{
    switch (v->outcome) {
    case VERIFY_PROVEN:
        if (v->kind == VERIFY_INGRESS)
            return WORD_PROVEN_BROKER;
        return v->is_strong ? WORD_PROVEN_STRONG : WORD_PROVEN_WEAK;
    case VERIFY_IN_TIME:
        if (v->kind == VERIFY_INGRESS)
            return WORD_IN_TIME_BROKER;
        return v->is_strong ? WORD_IN_TIME_STRONG : WORD_IN_TIME_WEAK;
    case VERIFY_LATE:
        return WORD_LATE;
    case VERIFY_REFUSED:
    default:
        return WORD_REFUSED;
    }
}

struct page {
    FILE *out;
    const struct verify_request *request;
    const struct verify_verdict *verdict;
    enum verify_language language;
    int offset_s;
};

static const char *word(const struct page *p, unsigned which)
{
    return verify_word(which, p->language);
}

static void hour(const struct page *p, unsigned which, int64_t us)
{
    (void)fprintf(p->out, "%s: ", word(p, which));
    say_time(p->out, us, p->offset_s);
    (void)fputs("\n", p->out);
}

static void say_whose(const struct page *p)
{
    const struct verify_verdict *v = p->verdict;
    (void)fprintf(p->out, "%s: ", word(p, WORD_BYTES));
    say_hex(p->out, v->subject.sha256.bytes, VERIFY_HASH_BYTES);
    (void)fprintf(p->out, "\n%s: %" PRIu32 "\n", word(p, WORD_OFFICE), v->office);
    if (v->kind == VERIFY_FILE)
        return;
    (void)fprintf(p->out, "%s: ", word(p, WORD_KEY));
    say_hex(p->out, v->key, sizeof v->key);
    (void)fprintf(p->out, " (%s)\n",
                  word(p, p->request->has_office_key ? WORD_KEY_GIVEN : WORD_KEY_UNKNOWN));
    (void)fprintf(p->out, "%s: %" PRIu32 "/%" PRIu64 "\n", word(p, WORD_ENTRY), v->epoch,
                  v->report_seq);
}

static void say_when(const struct page *p)
{
    const struct verify_verdict *v = p->verdict;
    if (p->request->has_due)
        hour(p, WORD_DUE, p->request->due_us);
    for (size_t i = 0; v->kind != VERIFY_INGRESS && i < p->request->witness_count; i++) {
        (void)fprintf(p->out, "%s %s: ", word(p, WORD_WITNESS_CLOCK),
                      p->request->witnesses[i].name);
        if (v->witness_s[i] < 0)
            (void)fputs(word(p, WORD_WITNESS_ABSENT), p->out);
        else
            say_time(p->out, v->witness_s[i] * 1000000, p->offset_s);
        (void)fputs("\n", p->out);
    }
    if (v->kind == VERIFY_INGRESS)
        hour(p, WORD_BROKER_CLOCK, v->noted_us);
    else
        hour(p, WORD_COLLECTOR_CLOCK, v->accepted_us);
    if (v->kind != VERIFY_FILE)
        hour(p, WORD_OFFICE_CLOCK, v->office_clock_us);
}

void verify_say(FILE *out, const struct verify_request *request,
                const struct verify_verdict *verdict, enum verify_language language, int offset_s)
{
    const struct page p = {out, request, verdict, language, offset_s};
    (void)fprintf(out, "%s\n", word(&p, title(verdict)));
    if (verdict->outcome == VERIFY_REFUSED) {
        (void)fprintf(out, "%s\n(%d: %s)\n", word(&p, WORD_STEP + verdict->step), verdict->step,
                      verdict->detail);
        return;
    }
    static const unsigned kinds[] = {WORD_RECEIVED, WORD_PROMISED, WORD_FILE, WORD_INGRESS};
    (void)fprintf(out, "%s\n", word(&p, kinds[verdict->kind]));
    say_whose(&p);
    say_when(&p);
    if (verdict->kind == VERIFY_INGRESS) {
        (void)fprintf(out, "%s: ", word(&p, WORD_BROKER));
        say_hex(out, request->broker_key, sizeof request->broker_key);
        (void)fputs("\n", out);
        return;
    }
    (void)fprintf(out, "%s: %s\n%s: %" PRIu64 " / %" PRIu64 "\n", word(&p, WORD_LOG),
                  request->logs[0].name, word(&p, WORD_LOG_ENTRY), verdict->index, verdict->size);
}

static void say_json_hex(FILE *out, const char *name, const uint8_t *bytes, size_t len)
{
    (void)fprintf(out, ",\"%s\":\"", name);
    say_hex(out, bytes, len);
    (void)fputs("\"", out);
}

void verify_say_json(FILE *out, const struct verify_request *request,
                     const struct verify_verdict *v)
{
    static const char *const outcomes[] = {"proven", "in_time", "late", "refused"};
    static const char *const kinds[] = {"received", "promised", "file", "ingress"};
    (void)fprintf(out, "{\"esep_verify\":1,\"exit\":%d,\"verdict\":\"%s\",\"step\":%d",
                  verify_exit(v), outcomes[v->outcome], v->step);
    if (v->outcome == VERIFY_REFUSED) {
        (void)fprintf(out, ",\"detail\":\"%s\"}\n", v->detail);
        return;
    }
    (void)fprintf(out, ",\"kind\":\"%s\",\"clock\":", kinds[v->kind]);
    if (v->outcome == VERIFY_LATE)
        (void)fputs("null", out);
    else if (v->kind == VERIFY_INGRESS)
        (void)fputs("\"broker\"", out);
    else
        (void)fputs(v->is_strong ? "\"witness\"" : "\"collector\"", out);
    (void)fprintf(out,
                  ",\"office\":%" PRIu32 ",\"epoch\":%" PRIu32 ",\"report_seq\":%" PRIu64
                  ",\"seq\":%" PRIu64 ",\"index\":%" PRIu64 ",\"size\":%" PRIu64
                  ",\"accepted_at_us\":%" PRId64 ",\"office_clock_us\":%" PRId64,
                  v->office, v->epoch, v->report_seq, v->seq, v->index, v->size, v->accepted_us,
                  v->office_clock_us);
    (void)fputs(",\"witnesses_s\":[", out);
    for (size_t i = 0; i < request->witness_count; i++) {
        (void)fputs(i > 0 ? "," : "", out);
        if (v->witness_s[i] < 0)
            (void)fputs("null", out);
        else
            (void)fprintf(out, "%" PRId64, v->witness_s[i]);
    }
    (void)fputs("]", out);
    say_json_hex(out, "key", v->key, sizeof v->key);
    say_json_hex(out, "log_id", v->log_id.bytes, sizeof v->log_id.bytes);
    say_json_hex(out, "sha256", v->subject.sha256.bytes, VERIFY_HASH_BYTES);
    if (v->kind == VERIFY_INGRESS) {
        (void)fprintf(out, ",\"received_at_us\":%" PRId64, v->noted_us);
        say_json_hex(out, "broker", request->broker_key, sizeof request->broker_key);
    }
    (void)fputs("}\n", out);
}
