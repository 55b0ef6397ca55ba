/* lib/domain/period.c - how the words of a period combine into windows.
 *
 * Three tables. A point has its year and stands alone ("4th quarter of 2012"); two points with a
 * dash between them are a range ("4th quarter of 2012 - 2013"); and some ranges share a year or a
 * month ("March - May 2013"). A form is written as the kinds of its tokens (period_words.h), '?'
 * after a kind: it may be missing; N: a numeral, Roman ones and words too.
 *
 * All forms are tried. If two of them read one text it is refused, not guessed.
 */
#include "domain/period.h"

#include "domain/period_words.h"

enum unit { UNIT_YEAR, UNIT_HALF, UNIT_QUARTER, UNIT_MONTH, UNIT_DAY };

struct point_form {
    const char *pattern;
    enum unit unit;
};
static const struct point_form points[] = {
    {"o?yw?i?", UNIT_YEAR},
    {"ut?yw?", UNIT_YEAR},
    {"u?o?t?wy", UNIT_YEAR},
    {"u?o?t?N-?qo?t?yw?", UNIT_QUARTER},
    {"u?o?Qo?yw?", UNIT_QUARTER},
    {"ywN-?qi?", UNIT_QUARTER},
    {"u?o?t?N-?ho?t?yw?", UNIT_HALF},
    {"u?o?Ho?yw?", UNIT_HALF},
    {"ywN-?hi?", UNIT_HALF},
    {"u?o?mo?yw?", UNIT_MONTH},
    {"ywmx?i?", UNIT_MONTH},
    {"Dw?", UNIT_DAY},
    {"t?no?m,?yw?", UNIT_DAY},
    {"mn,?y", UNIT_DAY},
    {"ywn-?m", UNIT_DAY},
};

/* Ranges whose two ends share a year, or a year and a month. */
struct range_form {
    const char *pattern;
    enum unit start;
    enum unit end;
};
static const struct range_form ranges[] = {
    {"u?m-mo?yw?", UNIT_MONTH, UNIT_MONTH},
    {"f?mTmo?yw?", UNIT_MONTH, UNIT_MONTH},
    {"ywm-mx?i?", UNIT_MONTH, UNIT_MONTH},
    {"u?o?t?N-t?N-?qo?t?yw?", UNIT_QUARTER, UNIT_QUARTER},
    {"t?N-?q-t?N-?qo?t?yw?", UNIT_QUARTER, UNIT_QUARTER},
    {"ywN-N-?qi?", UNIT_QUARTER, UNIT_QUARTER},
    {"ywN-?q-N-?qi?", UNIT_QUARTER, UNIT_QUARTER},
    {"t?n-t?nmyw?", UNIT_DAY, UNIT_DAY},
    {"t?nm-t?nmyw?", UNIT_DAY, UNIT_DAY},
    {"f?nmTnmyw?", UNIT_DAY, UNIT_DAY},
    {"ywn-nm", UNIT_DAY, UNIT_DAY},
    {"ywn-?m-n-?m", UNIT_DAY, UNIT_DAY},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What the tokens say: the first and the last of each kind. */
struct said {
    const struct period_token *number[2];
    const struct period_token *month[2];
    const struct period_token *year[2];
};

struct reading {
    enum unit start;
    enum unit end;
};

struct parser {
    struct period_tokens tokens;
    size_t reached;         /* the furthest token that any form got to */
    struct reading reading; /* the last of the readings found */
    size_t reading_count;
    int first_year;
    int last_year;
    size_t *ret_offset;
    struct esep_reason *reason;
};

static bool fits(char wanted, char kind)
{
    return wanted == kind || (wanted == 'N' && (kind == 'n' || kind == 'r'));
}

/* Whether the pattern fits from token *at on; moves *at behind it. Optional tokens are taken
 * where they stand: no form has one that its next kind could need. */
static bool match(struct parser *parser, const char *pattern, size_t *at)
{
    size_t i = *at;
    for (const char *p = pattern; *p != '\0'; p++) {
        const bool optional = p[1] == '?';
        if (fits(*p, parser->tokens.items[i].kind)) {
            i++;
        } else if (!optional) {
            parser->reached = i > parser->reached ? i : parser->reached;
            return false;
        }
        p += optional ? 1 : 0;
    }
    parser->reached = i > parser->reached ? i : parser->reached;
    *at = i;
    return true;
}

static void take(struct parser *parser, enum unit start, enum unit end)
{
    parser->reading = (struct reading){start, end};
    parser->reading_count++;
}

static bool at_end(const struct parser *parser, size_t at)
{
    return parser->tokens.items[at].kind == '$';
}

/* "from" needs a "to"; a dash stands alone. */
static bool match_joiner(struct parser *parser, bool from, size_t *at)
{
    return match(parser, "T", at) || (!from && match(parser, "-", at));
}

static void try_points(struct parser *parser, const struct point_form *left)
{
    const bool from = parser->tokens.items[0].kind == 'f';
    size_t at = from ? 1 : 0;
    if (!match(parser, left->pattern, &at)) {
        return;
    }
    if (!from && at_end(parser, at)) {
        take(parser, left->unit, left->unit);
    }
    if (!match_joiner(parser, from, &at)) {
        return;
    }
    for (size_t i = 0; i < COUNT(points); i++) {
        size_t right = at;
        if (match(parser, points[i].pattern, &right) && at_end(parser, right)) {
            take(parser, left->unit, points[i].unit);
        }
    }
}

static void try_all(struct parser *parser)
{
    for (size_t i = 0; i < COUNT(points); i++) {
        try_points(parser, &points[i]);
    }
    for (size_t i = 0; i < COUNT(ranges); i++) {
        size_t at = 0;
        if (match(parser, ranges[i].pattern, &at) && at_end(parser, at)) {
            take(parser, ranges[i].start, ranges[i].end);
        }
    }
}

static void note(const struct period_token *first_last[2], const struct period_token *token)
{
    first_last[0] = first_last[0] == NULL ? token : first_last[0];
    first_last[1] = token;
}

static struct said gather(const struct period_tokens *tokens)
{
    struct said said = {0};
    for (size_t i = 0; i < tokens->count; i++) {
        const struct period_token *token = &tokens->items[i];
        if (strchr("nrQHD", token->kind) != NULL) {
            note(said.number, token);
        }
        if (strchr("mD", token->kind) != NULL) {
            note(said.month, token);
        }
        if (strchr("yD", token->kind) != NULL) {
            note(said.year, token);
        }
    }
    return said;
}

static enum esep_status refuse(const struct parser *parser, const struct period_token *token,
                               const char *what)
{
    *parser->ret_offset = token->offset;
    return esep_because(parser->reason, ESEP_INVALID, "%s", what);
}

/* The n-th of the year's halves or quarters. */
static enum esep_status part_of_year(const struct parser *parser, const struct period_token *number,
                                     enum unit unit, int ret_months[2])
{
    const int months = unit == UNIT_QUARTER ? 3 : 6;
    if (number->value < 1 || number->value > 12 / months) {
        return refuse(parser, number,
                      unit == UNIT_QUARTER ? "quarters are 1 to 4" : "halves are 1 and 2");
    }
    ret_months[1] = number->value * months;
    ret_months[0] = ret_months[1] - months + 1;
    return ESEP_OK;
}

/* The first (which 0) or the last day (which 1) of a unit. */
static enum esep_status edge(const struct parser *parser, const struct said *said, enum unit unit,
                             int which, esep_day *ret_day)
{
    const struct period_token *year = said->year[which];
    const struct period_token *month = said->month[which];
    const struct period_token *number = said->number[which];
    /* Every form of the tables has what its units need. */
    ESEP_ASSERT(year != NULL);
    if (year->value < parser->first_year || year->value > parser->last_year) {
        return refuse(parser, year, "the year is not one of the plan's");
    }
    int months[2] = {1, 12}; /* the first and the last of the unit */
    int day = 0;
    if (unit == UNIT_QUARTER || unit == UNIT_HALF) {
        ESEP_ASSERT(number != NULL);
        const enum esep_status status = part_of_year(parser, number, unit, months);
        if (status != ESEP_OK) {
            return status;
        }
    } else if (unit == UNIT_MONTH || unit == UNIT_DAY) {
        ESEP_ASSERT(month != NULL);
        months[0] = months[1] = month->kind == 'D' ? month->month : month->value;
    }
    if (unit == UNIT_DAY) {
        ESEP_ASSERT(number != NULL);
        day = number->kind == 'D' ? number->day : number->value;
        if (!esep_civil_valid(year->value, months[0], day)) {
            return refuse(parser, number, "there is no such day");
        }
    } else {
        day = which == 0 ? 1 : esep_days_in_month(year->value, months[1]);
    }
    *ret_day = esep_day_from_civil(year->value, months[which], day);
    return ESEP_OK;
}

static enum esep_status read_window(const struct parser *parser, struct esep_window *ret_window)
{
    const struct said said = gather(&parser->tokens);
    struct esep_window window = {0};
    /* No two forms of the tables read the same tokens; should a new one overlap, it is not guessed.
     */
    if (parser->reading_count > 1) {
        return refuse(parser, &parser->tokens.items[0], "the period can be read in two ways");
    }
    enum esep_status status = edge(parser, &said, parser->reading.start, 0, &window.start);
    if (status == ESEP_OK) {
        status = edge(parser, &said, parser->reading.end, 1, &window.end);
    }
    if (status != ESEP_OK) {
        return status;
    }
    if (window.start > window.end) {
        return refuse(parser, &parser->tokens.items[0], "the period ends before it begins");
    }
    *ret_window = window;
    return ESEP_OK;
}

static enum esep_status every_year(int first_year, int last_year, struct esep_window *ret_windows,
                                   size_t max, size_t *ret_count, struct esep_reason *reason)
{
    const size_t count = (size_t)last_year - (size_t)first_year + 1;
    if (count > max) {
        return esep_because(reason, ESEP_LIMIT, "%zu windows, at most %zu are possible", count,
                            max);
    }
    for (size_t i = 0; i < count; i++) {
        const int year = first_year + (int)i;
        ret_windows[i].start = esep_day_from_civil(year, 1, 1);
        ret_windows[i].end = esep_day_from_civil(year, 12, 31);
    }
    *ret_count = count;
    return ESEP_OK;
}

enum esep_status esep_period_parse(const char *text, int first_year, int last_year,
                                   struct esep_window *ret_windows, size_t max, size_t *ret_count,
                                   size_t *ret_offset, struct esep_reason *reason)
{
    size_t offset = 0;
    struct parser parser = {.first_year = first_year,
                            .last_year = last_year,
                            .ret_offset = ret_offset != NULL ? ret_offset : &offset,
                            .reason = reason};
    if (first_year < 1 || last_year > 9999 || first_year > last_year) {
        *parser.ret_offset = 0;
        return esep_because(reason, ESEP_INVALID, "the plan's years %d to %d are none", first_year,
                            last_year);
    }
    enum esep_status status = esep_period_tokens(text, &parser.tokens, parser.ret_offset, reason);
    if (status != ESEP_OK) {
        return status;
    }
    if (parser.tokens.items[0].kind == 'a' && at_end(&parser, 1)) {
        return every_year(first_year, last_year, ret_windows, max, ret_count, reason);
    }
    try_all(&parser);
    if (parser.reading_count == 0) {
        const size_t reached = parser.tokens.items[0].kind == 'a' ? 1 : parser.reached;
        return refuse(
            &parser, &parser.tokens.items[reached],
            "this is no period that can be read: write \"4th quarter of 2012\", \"1st half of "
            "2013\", \"February 2013\", \"2012 - 2013\", \"On an annual basis\" or the like");
    }
    if (max < 1) {
        return esep_because(reason, ESEP_LIMIT, "one window, no room for any");
    }
    struct esep_window window;
    status = read_window(&parser, &window);
    if (status != ESEP_OK) {
        return status;
    }
    ret_windows[0] = window;
    *ret_count = 1;
    return ESEP_OK;
}
