/* lib/io/plan_yaml_calendar.c - holidays and moved days: the calendar file, then the plan's own.
 *
 * Three layers, the later one wins: every year's holidays, the year's own days, the plan's. Within
 * a layer nothing may contradict. The days are marks in an array over the years that matter (the
 * plan's, one before, one after), so what wins is simply what was written last.
 */
#include "io/plan_reader.h"

#include <assert.h>
#include <stdio.h>

#define EVERY_YEAR_MAX 100

enum mark { MARK_NONE = 0, MARK_HOLIDAY = 1, MARK_WORKED = 2 };

struct days {
    esep_day first, last;
    uint8_t *marks;  /* what a day is */
    uint8_t *layers; /* which layer said so */
    uint8_t layer;
};
#define MARKS_MAX ((ESEP_PLAN_YEARS_MAX + 3) * 366)

/* What two lists of days are read with. */
struct day_list {
    struct esep_plan_reader *reader;
    struct days *days;
    int year; /* 0: any */
    enum mark mark;
};

static void mark_day(const struct day_list *list, esep_day day, const struct esep_yaml_node *node)
{
    struct days *days = list->days;
    struct esep_complaints *complaints = list->reader->complaints;
    if (day < days->first || day > days->last)
        return; /* another plan's years */
    size_t place = (size_t)(day - days->first);
    if (days->layers[place] == days->layer) {
        esep_complain(complaints, node,
                      days->marks[place] == list->mark
                          ? "this day is given twice"
                          : "this day is both a holiday and a working day");
        return;
    }
    if (list->mark == MARK_WORKED && esep_weekday(day) <= 5 && days->marks[place] != MARK_HOLIDAY)
        esep_complain(complaints, node,
                      "this day is worked anyway: no Saturday, Sunday or holiday stands there");
    days->marks[place] = (uint8_t)list->mark;
    days->layers[place] = days->layer;
}

static void read_day_list(const struct day_list *list, const char *key,
                          const struct esep_yaml_node *node)
{
    struct esep_plan_reader *reader = list->reader;
    const struct esep_plan_field field = {.key = key};
    size_t count = esep_plan_list(reader, key, node, ESEP_PLAN_DAYS_MAX, true);
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        esep_day day = 0;
        esep_plan_read_day(reader, &field, item, &day);
        if (day == 0)
            continue;
        if (list->year != 0 && esep_civil_from_day(day).year != list->year)
            esep_complain(reader->complaints, item, "\"%s\" stands under the year %d",
                          esep_yaml_scalar(item), list->year);
        else
            mark_day(list, day, item);
    }
}

/* What the two lists say. Holidays first, so that a working day may be told from one that is worked
 * anyway. */
static void read_layer(struct esep_plan_reader *reader, struct days *days, int year,
                       const struct esep_yaml_node *map)
{
    static const struct {
        const char *key;
        enum mark mark;
    } lists[] = {{"holidays", MARK_HOLIDAY}, {"working_days", MARK_WORKED}};
    for (size_t i = 0; i < 2; i++) {
        const struct esep_yaml_node *node = esep_yaml_get(map, lists[i].key);
        const struct day_list list = {reader, days, year, lists[i].mark};
        if (node != NULL)
            read_day_list(&list, lists[i].key, node);
    }
}

/* "03-08", in every year. */
static bool parse_month_day(const char *text, int *ret_month, int *ret_day)
{
    if (strlen(text) != 5 || text[2] != '-' || strspn(text, "0123456789") != 2 ||
        strspn(text + 3, "0123456789") != 2)
        return false;
    *ret_month = (text[0] - '0') * 10 + text[1] - '0';
    *ret_day = (text[3] - '0') * 10 + text[4] - '0';
    return esep_civil_valid(2013, *ret_month, *ret_day);
}

static void read_every_year(struct esep_plan_reader *reader, struct days *days,
                            const struct esep_yaml_node *node)
{
    const struct day_list list = {reader, days, 0, MARK_HOLIDAY};
    size_t count = esep_plan_list(reader, "every_year", node, EVERY_YEAR_MAX, true);
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        const char *text = esep_plan_scalar(reader, "every_year", item);
        int month, day;
        if (text == NULL)
            continue;
        if (!parse_month_day(text, &month, &day)) {
            esep_complain(reader->complaints, item,
                          "\"%.40s\" is no day of every year: write month-day, 03-08", text);
            continue;
        }
        int last = esep_civil_from_day(days->last).year;
        for (int year = esep_civil_from_day(days->first).year; year <= last; year++)
            mark_day(&list, esep_day_from_civil(year, month, day), item);
    }
}

struct calendar_year {
    uint32_t year;
};

static void read_years(struct esep_plan_reader *reader, struct days *days,
                       const struct esep_yaml_node *node)
{
    static const struct esep_plan_field fields[] = {
        {"year", true, esep_plan_read_uint, offsetof(struct calendar_year, year), 1, 9998, NULL},
        {"holidays", false, NULL, 0, 0, 0, NULL},
        {"working_days", false, NULL, 0, 0, 0, NULL},
    };
    size_t count = esep_plan_list(reader, "years", node, ESEP_PLAN_DAYS_MAX, true);
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        struct calendar_year year = {0};
        if (!ESEP_PLAN_FIELDS(reader, "a year", item, fields, &year) || year.year == 0)
            continue;
        for (size_t j = 0; j < i; j++) {
            const struct esep_yaml_node *other = esep_yaml_item(node, j);
            const struct esep_yaml_node *that =
                esep_yaml_kind(other) == ESEP_YAML_MAP ? esep_yaml_get(other, "year") : NULL;
            if (that != NULL &&
                strcmp(esep_yaml_scalar(that), esep_yaml_scalar(esep_yaml_get(item, "year"))) == 0)
                esep_complain(reader->complaints, item, "the year %u stands before, in line %d",
                              year.year, esep_yaml_line(other));
        }
        read_layer(reader, days, (int)year.year, item);
    }
}

static void read_file(struct esep_plan_reader *reader, struct days *days,
                      const struct esep_yaml_node *root)
{
    static const char *const known[] = {"every_year", "years", NULL};
    if (esep_yaml_kind(root) != ESEP_YAML_MAP) {
        esep_complain(reader->complaints, root, "a calendar is a map: every_year and years");
        return;
    }
    esep_yaml_known(root, known, reader->complaints);
    const struct esep_yaml_node *every_year = esep_yaml_get(root, "every_year");
    const struct esep_yaml_node *years = esep_yaml_get(root, "years");
    days->layer = 1;
    if (every_year != NULL)
        read_every_year(reader, days, every_year);
    days->layer = 2;
    if (years != NULL)
        read_years(reader, days, years);
}

/* Complaints made meanwhile carry the calendar's name. */
static void load_file(struct esep_plan_reader *reader, struct days *days,
                      const struct esep_yaml_node *node)
{
    const char *name = esep_plan_scalar(reader, "file", node);
    if (name == NULL)
        return;
    const char *slash = strrchr(reader->path, '/');
    char path[1024];
    int len = name[0] == '/' || slash == NULL
                  ? snprintf(path, sizeof path, "%s", name)
                  : snprintf(path, sizeof path, "%.*s/%s", (int)(slash - reader->path),
                             reader->path, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        esep_complain(reader->complaints, node, "this path is too long");
        return;
    }
    char plan_file[sizeof reader->complaints->file];
    memcpy(plan_file, reader->complaints->file, sizeof plan_file);
    struct esep_yaml *yaml = NULL;
    struct esep_reason reason = {""};
    enum esep_status status = esep_yaml_load(&yaml, path, reader->complaints, &reason);
    if (status == ESEP_OK)
        read_file(reader, days, esep_yaml_root(yaml));
    esep_yaml_free(yaml);
    memcpy(reader->complaints->file, plan_file, sizeof plan_file);
    if (status != ESEP_OK && status != ESEP_INVALID)
        esep_complain(reader->complaints, node, "the calendar cannot be read: %s", reason.text);
}

static size_t collect(const struct days *days, enum mark mark, int32_t *out)
{
    size_t count = 0;
    for (esep_day day = days->first; day <= days->last; day++)
        if (days->marks[day - days->first] == mark)
            out[count++] = day;
    return count;
}

static void keep(struct esep_plan_reader *reader, const struct days *days,
                 Esep__V1__Calendar *calendar)
{
    size_t marked = 0;
    for (size_t i = 0; i <= (size_t)(days->last - days->first); i++)
        marked += days->marks[i] != MARK_NONE;
    calendar->holiday_days = esep_plan_room(reader, (marked + 1) * sizeof(int32_t));
    calendar->working_days = esep_plan_room(reader, (marked + 1) * sizeof(int32_t));
    if (calendar->holiday_days == NULL || calendar->working_days == NULL)
        return;
    calendar->n_holiday_days = collect(days, MARK_HOLIDAY, calendar->holiday_days);
    calendar->n_working_days = collect(days, MARK_WORKED, calendar->working_days);
}

void esep_plan_read_calendar(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                             const struct esep_yaml_node *node, void *at)
{
    (void)at;
    static const struct esep_plan_field fields[] = {
        {"file", false, NULL, 0, 0, 0, NULL},
        {"holidays", false, NULL, 0, 0, 0, NULL},
        {"working_days", false, NULL, 0, 0, 0, NULL},
    };
    if (!ESEP_PLAN_FIELDS(reader, field->key, node, fields, reader->plan))
        return;
    /* With unread years the days are still checked, over years that no complaint depends on. */
    int first = reader->years_known ? (int)reader->plan->first_year : 2012;
    int last = reader->years_known ? (int)reader->plan->last_year : 2014;
    static_assert(MARKS_MAX > (ESEP_PLAN_YEARS_MAX + 2) * 366, "the years before and after");
    uint8_t *room = esep_plan_room(reader, 2 * (size_t)MARKS_MAX);
    if (room == NULL)
        return;
    struct days days = {.first = esep_day_from_civil(first > 1 ? first - 1 : first, 1, 1),
                        .last = esep_day_from_civil(last + 1, 12, 31),
                        .marks = room,
                        .layers = room + MARKS_MAX};
    const struct esep_yaml_node *file = esep_yaml_get(node, "file");
    if (file != NULL)
        load_file(reader, &days, file);
    days.layer = 3;
    read_layer(reader, &days, 0, node);
    keep(reader, &days, reader->plan->calendar);
}
