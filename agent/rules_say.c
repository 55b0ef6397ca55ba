/* agent/rules_say.c - see rules_say.h. */
#include "agent/rules_say.h"

#include "agent/texts.h"
#include "io/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FLAG(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct agent_rules_view, member)                                         \
    }

static const struct flag {
    const char *key;
    size_t offset;
} flags[] = {FLAG(scheduled), FLAG(metered), FLAG(due_sent_anyway), FLAG(files_wait),
             FLAG(text_waits)},
  times[] = {FLAG(window_until), FLAG(window_next), FLAG(due_at), FLAG(day_until)},
  counts[] = {FLAG(spent.out), FLAG(spent.in), FLAG(budget.both), FLAG(budget.out),
              FLAG(budget.in)};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void *at(struct agent_rules_view *rules, const struct flag *f)
{
    return (char *)rules + f->offset;
}

static const void *in(const struct agent_rules_view *rules, const struct flag *f)
{
    return (const char *)rules + f->offset;
}

void agent_rules_write(FILE *out, const struct agent_rules_view *rules)
{
    for (size_t i = 0; i < COUNT(flags); i++)
        (void)fprintf(out, "%s %d\n", flags[i].key, *(const bool *)in(rules, &flags[i]));
    for (size_t i = 0; i < COUNT(times); i++)
        (void)fprintf(out, "%s %" PRId64 "\n", times[i].key,
                      *(const esep_time *)in(rules, &times[i]));
    for (size_t i = 0; i < COUNT(counts); i++)
        (void)fprintf(out, "%s %" PRIu64 "\n", counts[i].key,
                      *(const uint64_t *)in(rules, &counts[i]));
}

static const struct flag *find(const struct flag *table, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}

bool agent_rules_take(struct agent_rules_view *rules, const char *key, const char *value)
{
    const struct flag *flag = find(flags, COUNT(flags), key);
    const struct flag *time = find(times, COUNT(times), key);
    const struct flag *count = find(counts, COUNT(counts), key);
    if (flag != NULL)
        *(bool *)at(rules, flag) = value[0] == '1';
    else if (time != NULL)
        *(esep_time *)at(rules, time) = strtoll(value, NULL, 10);
    else if (count != NULL)
        *(uint64_t *)at(rules, count) = strtoull(value, NULL, 10);
    return flag != NULL || time != NULL || count != NULL;
}

json_t *agent_window_json(const struct agent_rules_view *r, const struct esep_zone *zone)
{
    if (!r->scheduled)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:b}", "open_until", esep_json_time(r->window_until, zone),
                     "next_at", esep_json_time(r->window_next, zone), "due_at",
                     esep_json_time(r->due_at, zone), "due_sent_anyway", (int)r->due_sent_anyway);
}

static json_t *bound_json(uint64_t bound)
{
    return bound == 0 ? json_null() : json_integer((json_int_t)bound);
}

json_t *agent_budget_json(const struct agent_rules_view *r, const struct esep_zone *zone)
{
    if (!r->metered)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:b, s:b}", "day_bytes",
                     bound_json(r->budget.both), "day_bytes_out", bound_json(r->budget.out),
                     "day_bytes_in", bound_json(r->budget.in), "sent_bytes",
                     (json_int_t)r->spent.out, "received_bytes", (json_int_t)r->spent.in, "until",
                     esep_json_time(r->day_until, zone), "files_wait", (int)r->files_wait,
                     "text_waits", (int)r->text_waits);
}

static void print_window(const struct agent_rules_view *r, const struct esep_zone *zone,
                         const char *language)
{
    char when[32];
    const bool open = r->window_until != ESEP_TIME_NEVER;
    esep_time_format(open ? r->window_until : r->window_next, zone, when);
    (void)printf("%s: %s %s\n", agent_text(TEXT_WINDOW, language),
                 agent_text(open ? TEXT_OPEN_UNTIL : TEXT_NEXT_WINDOW, language), when);
    if (r->due_at == ESEP_TIME_NEVER)
        return;
    esep_time_format(r->due_at, zone, when);
    (void)printf("%s: %s: %s\n", agent_text(TEXT_DUE_BEFORE, language), when,
                 agent_text(r->due_sent_anyway ? TEXT_GOES_ANYWAY : TEXT_WOULD_BE_LATE, language));
}

static void print_bound(uint64_t used, uint64_t bound)
{
    (void)printf(" %" PRIu64, used >> 10);
    if (bound != 0)
        (void)printf(" / %" PRIu64, bound >> 10);
    (void)printf(" KiB");
}

static void print_budget(const struct agent_rules_view *r, const char *language)
{
    (void)printf("%s:", agent_text(TEXT_BUDGET, language));
    print_bound(r->spent.out + r->spent.in, r->budget.both);
    (void)printf(" (↑");
    print_bound(r->spent.out, r->budget.out);
    (void)printf(", ↓");
    print_bound(r->spent.in, r->budget.in);
    (void)printf(")");
    if (r->text_waits || r->files_wait)
        (void)printf("; %s",
                     agent_text(r->text_waits ? TEXT_ALL_WAITS : TEXT_FILES_WAIT, language));
    (void)printf("\n");
}

void agent_rules_print(const struct agent_rules_view *r, const struct esep_zone *zone,
                       const char *language)
{
    if (r->scheduled)
        print_window(r, zone, language);
    if (r->metered)
        print_budget(r, language);
}
