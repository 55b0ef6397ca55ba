/* collector/consolidated.c - see consolidated.h. */
#include "collector/consolidated.h"

#include "wire/unpack.h"

#include <stdlib.h>

#define ENTRY_BYTES_MAX ((size_t)4 << 20)

static bool in_year(const struct esep_window *window, int year)
{
    return window->start <= esep_day_from_civil(year, 12, 31) &&
           window->end >= esep_day_from_civil(year, 1, 1);
}

static bool is_of(const struct views *views, uint32_t plan_no, const char *id)
{
    const Esep__V1__Plan *plan = views_plan(views, plan_no);
    return plan != NULL && strcmp(plan->id, id) == 0;
}

static bool has_year(const Esep__V1__Plan *plan, int year)
{
    return (uint32_t)year >= plan->first_year && (uint32_t)year <= plan->last_year;
}

/* Where nobody says which plan: the only one of that year. Later revisions come later. */
static enum esep_status find_plan(struct consolidated *c, const char *id,
                                  struct esep_reason *reason)
{
    const struct views *views = c->source.views;
    const Esep__V1__Plan *other = NULL;
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (plan == NULL || (id != NULL ? strcmp(plan->id, id) != 0 : !has_year(plan, c->year)))
            continue;
        if (c->plan != NULL && strcmp(c->plan->id, plan->id) != 0)
            other = plan;
        c->plan = plan;
        c->zone = views_plan_zone(views, i);
    }
    if (other != NULL)
        return esep_because(reason, ESEP_INVALID,
                            "%d is a year of more than one plan: say --plan %.64s or --plan %.64s",
                            c->year, other->id, c->plan->id);
    if (c->plan == NULL && id != NULL)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "no plan '%.64s' here: see `esep-collector plan list`", id);
    if (c->plan == NULL)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "no plan has the year %d: see `esep-collector plan list`", c->year);
    if (!has_year(c->plan, c->year))
        return esep_because(reason, ESEP_NOT_FOUND, "plan %.64s has the years %u to %u, not %d",
                            c->plan->id, c->plan->first_year, c->plan->last_year, c->year);
    return ESEP_OK;
}

/* Place among the year's actions; SIZE_MAX: not there. */
static size_t action_place(const struct consolidated *c, const char *number)
{
    for (size_t i = 0; i < c->action_count; i++)
        if (strcmp(c->actions[i].action->number, number) == 0)
            return i;
    return SIZE_MAX;
}

static bool action_in_year(const Esep__V1__Action *action, int year)
{
    for (size_t i = 0; i < action->n_windows; i++) {
        const struct esep_window window = {action->windows[i]->start_day,
                                           action->windows[i]->end_day};
        if (in_year(&window, year))
            return true;
    }
    return false;
}

static bool has_part_in_year(const Esep__V1__Plan *plan, const char *number, int year)
{
    for (size_t i = 0; i < plan->n_actions; i++)
        if (strcmp(plan->actions[i]->parent, number) == 0 && action_in_year(plan->actions[i], year))
            return true;
    return false;
}

static void put_action(struct consolidated *c, const Esep__V1__Plan *plan,
                       const Esep__V1__Action *action)
{
    c->actions[c->action_count++] = (struct consolidated_action){.plan = plan, .action = action};
}

/* The newest revision's actions of the year, then those that only an older one had and somebody
 * still owes. */
static enum esep_status collect_actions(struct consolidated *c)
{
    const struct views *views = c->source.views;
    size_t most = 0;
    for (uint32_t i = 0; i < views_plan_count(views); i++)
        if (is_of(views, i, c->plan->id))
            most += views_plan(views, i)->n_actions;
    c->actions = calloc(most + 1, sizeof *c->actions);
    if (c->actions == NULL)
        return ESEP_NOMEM;
    for (size_t i = 0; i < c->plan->n_actions; i++) {
        const Esep__V1__Action *a = c->plan->actions[i];
        if (a->has_parts ? has_part_in_year(c->plan, a->number, c->year)
                         : action_in_year(a, c->year))
            put_action(c, c->plan, a);
    }
    for (size_t i = 0; i < c->duty_count; i++) {
        const struct consolidated_duty *d = &c->duties[i];
        if (d->action != NULL && action_place(c, d->action->number) == SIZE_MAX)
            put_action(c, d->plan, d->action);
    }
    return ESEP_OK;
}

static const Esep__V1__Body *owner_of(const struct consolidated *c,
                                      const struct consolidated_duty *duty)
{
    int place = esep_body_find(duty->plan, views_owner(c->source.views, duty->state, c->as_of));
    return place >= 0 ? duty->plan->bodies[place] : duty->body;
}

static enum esep_status collect_duties(struct consolidated *c, bool *wanted)
{
    const struct views *views = c->source.views;
    uint32_t count = views_obligation_count(views);
    c->duties = calloc((size_t)count + 1, sizeof *c->duties);
    if (c->duties == NULL)
        return ESEP_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        const struct views_obligation *o = views_obligation(views, i);
        if (o->dropped || !is_of(views, o->plan_no, c->plan->id) ||
            !in_year(&o->made.window, c->year))
            continue;
        const Esep__V1__Plan *plan = views_plan(views, o->plan_no);
        struct consolidated_duty *d = &c->duties[c->duty_count++];
        wanted[i] = true;
        d->state = o;
        d->plan = plan;
        d->zone = views_plan_zone(views, o->plan_no);
        d->body = plan->bodies[o->made.body];
        d->action = o->made.action >= 0 ? plan->actions[o->made.action] : NULL;
        d->owner = owner_of(c, d);
        d->came = views_came(views, o);
        d->timeliness = views_timeliness(views, o, c->as_of);
        d->counted = o->made.window.end <= esep_day_from_civil(c->year, 12, 31);
    }
    return ESEP_OK;
}

static int by_place(const void *left, const void *right)
{
    const struct consolidated_duty *a = left;
    const struct consolidated_duty *b = right;
    const struct esep_obligation *m = &a->state->made;
    const struct esep_obligation *n = &b->state->made;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    if (m->kind != n->kind)
        return m->kind < n->kind ? -1 : 1;
    if (m->window.start != n->window.start)
        return m->window.start < n->window.start ? -1 : 1;
    if (m->window.end != n->window.end)
        return m->window.end < n->window.end ? -1 : 1;
    if (m->role != n->role)
        return m->role < n->role ? -1 : 1; /* leads first */
    return a->state->number < b->state->number ? -1 : a->state->number > b->state->number;
}

static void arrange(struct consolidated *c)
{
    for (size_t i = 0; i < c->duty_count; i++) {
        const Esep__V1__Action *action = c->duties[i].action;
        c->duties[i].place = action != NULL ? action_place(c, action->number) : SIZE_MAX;
    }
    qsort(c->duties, c->duty_count, sizeof *c->duties, by_place);
    for (size_t i = 0; i < c->duty_count; i++) {
        size_t place = c->duties[i].place;
        if (place == SIZE_MAX)
            break;
        if (c->actions[place].duty_count++ == 0)
            c->actions[place].first_duty = i;
        c->fulfilment_count = i + 1;
    }
}

static const struct consolidated_filed *filed_of(const struct consolidated *c,
                                                 const struct consolidated_duty *d, uint64_t index)
{
    for (size_t i = 0; i < d->filed_count; i++)
        if (c->filed[d->first_filed + i].index == index)
            return &c->filed[d->first_filed + i];
    return NULL;
}

static const struct views_head *newest_head(const struct views_obligation *o)
{
    const struct views_head *newest = NULL;
    for (size_t i = 0; i < o->listed; i++)
        if (newest == NULL || o->heads[i].index > newest->index)
            newest = &o->heads[i];
    return newest;
}

static void choose(struct consolidated *c, struct consolidated_duty *d)
{
    const struct views_head *head = newest_head(d->state);
    for (size_t i = d->filed_count; i > 0; i--) {
        const struct consolidated_filed *filed = &c->filed[d->first_filed + i - 1];
        if (!filed->accepted || filed->withdrawn)
            continue;
        d->chosen = filed;
        d->basis = ESEP_SUBMISSION_ACCEPTED;
        d->newer = head != NULL && head->index > filed->index;
        return;
    }
    if (head != NULL) {
        d->chosen = filed_of(c, d, head->index);
        d->basis = head->submission;
    }
}

static void choose_all(struct consolidated *c)
{
    for (size_t i = 0; i < c->duty_count; i++) {
        struct consolidated_duty *d = &c->duties[i];
        size_t low = 0;
        size_t high = c->filed_count;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (c->filed[middle].obligation < d->state->number)
                low = middle + 1;
            else
                high = middle;
        }
        d->first_filed = low;
        while (low < c->filed_count && c->filed[low].obligation == d->state->number)
            low++;
        d->filed_count = low - d->first_filed;
        choose(c, d);
    }
}

static void tally(struct consolidated_tally *t, const struct consolidated_duty *d)
{
    enum esep_submission submission = d->state->submission;
    t->all++;
    t->timely[d->timeliness]++;
    t->accepted += submission == ESEP_SUBMISSION_ACCEPTED;
    t->returned += submission == ESEP_SUBMISSION_RETURNED;
    t->to_review +=
        submission == ESEP_SUBMISSION_RECEIVED || submission == ESEP_SUBMISSION_UNDER_REVIEW;
    t->removed += d->state->control == ESEP_CONTROL_REMOVED;
}

static void add_up(struct consolidated *c)
{
    for (size_t i = 0; i < c->duty_count; i++) {
        const struct consolidated_duty *d = &c->duties[i];
        struct consolidated_tally *t = d->state->made.upon_agreement ? c->agreed : c->bound;
        if (!d->counted) {
            c->running_on++;
            continue;
        }
        tally(&t[0], d);
        tally(&t[d->state->made.kind], d);
        if (d->action != NULL && d->state->made.role == ESEP__V1__ROLE__ROLE_LEAD)
            c->leads[d->chosen != NULL ? d->chosen->fulfilment : 0]++;
    }
}

struct consolidated_rate consolidated_on_time(const struct consolidated_tally *t)
{
    return (struct consolidated_rate){t->timely[ESEP_TIMELINESS_ON_TIME],
                                      t->timely[ESEP_TIMELINESS_ON_TIME] +
                                          t->timely[ESEP_TIMELINESS_LATE] +
                                          t->timely[ESEP_TIMELINESS_OVERDUE]};
}

struct consolidated_rate consolidated_complete(const struct consolidated_tally *t)
{
    return (struct consolidated_rate){
        t->timely[ESEP_TIMELINESS_ON_TIME] + t->timely[ESEP_TIMELINESS_LATE], t->all};
}

static enum esep_status fill(struct consolidated *c, const struct consolidated_options *options,
                             struct esep_reason *reason)
{
    bool *wanted = calloc((size_t)views_obligation_count(c->source.views) + 1, sizeof *wanted);
    enum esep_status status = wanted != NULL ? ESEP_OK : ESEP_NOMEM;
    if (status == ESEP_OK)
        status = collect_duties(c, wanted);
    if (status == ESEP_OK)
        status = collect_actions(c);
    if (status == ESEP_OK) {
        arrange(c);
        status = consolidated_scan(c, wanted, options, reason);
    }
    free(wanted);
    if (status != ESEP_OK)
        return status;
    choose_all(c);
    add_up(c);
    return ESEP_OK;
}

enum esep_status consolidated_make(struct consolidated **ret,
                                   const struct consolidated_source *source,
                                   const struct consolidated_options *options,
                                   struct esep_reason *reason)
{
    struct consolidated *c = calloc(1, sizeof *c);
    if (c == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the report");
    c->source = *source;
    c->year = options->year;
    c->as_of = options->as_of;
    c->log_size = views_log_size(source->views);
    c->log_root = esep_merkle_root(views_tree(source->views));
    enum esep_status status = find_plan(c, options->plan, reason);
    if (status == ESEP_OK)
        status = fill(c, options, reason);
    if (status != ESEP_OK) {
        consolidated_free(c);
        return status;
    }
    *ret = c;
    return ESEP_OK;
}

void consolidated_free(struct consolidated *c)
{
    if (c == NULL)
        return;
    free(c->actions);
    free(c->duties);
    free(c->filed);
    free(c->by_content);
    free(c);
}

enum esep_status consolidated_report(const struct consolidated *c,
                                     const struct consolidated_filed *filed,
                                     struct esep_arena *arena, const Esep__V1__Report **ret,
                                     struct esep_reason *reason)
{
    struct esep_buf entry;
    const ProtobufCMessage *message = NULL;
    esep_buf_init(&entry, ENTRY_BYTES_MAX);
    enum esep_status status = c->source.entry(c->source.log, filed->index, &entry, reason);
    if (status == ESEP_OK)
        status = esep_unpack(&esep__v1__journal_entry__descriptor,
                             esep_slice(entry.data + ESEP_LEAF_BYTES, entry.len - ESEP_LEAF_BYTES),
                             arena, &message);
    esep_buf_done(&entry);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__JournalEntry *journal = (const Esep__V1__JournalEntry *)message;
    if (journal->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return esep_because(reason, ESEP_CORRUPT, "log entry %llu is no report",
                            (unsigned long long)filed->index);
    *ret = journal->report;
    return ESEP_OK;
}

const struct consolidated_filed *consolidated_named(const struct consolidated *c,
                                                    struct esep_slice content)
{
    if (content.len != ESEP_HASH_BYTES)
        return NULL;
    size_t low = consolidated_first_named(c, content.data);
    if (low == c->filed_count ||
        memcmp(c->filed[c->by_content[low]].content.bytes, content.data, ESEP_HASH_BYTES) != 0)
        return NULL;
    return &c->filed[c->by_content[low]];
}

const struct consolidated_duty *consolidated_duty_of(const struct consolidated *c,
                                                     const struct consolidated_filed *filed)
{
    size_t place = (size_t)(filed - c->filed);
    for (size_t i = 0; i < c->duty_count; i++)
        if (place - c->duties[i].first_filed < c->duties[i].filed_count)
            return &c->duties[i];
    return NULL;
}

bool consolidated_clocks_matter(const struct consolidated *c, const struct consolidated_duty *duty)
{
    if (duty->came == ESEP_TIME_NEVER)
        return false;
    if (duty->timeliness == ESEP_TIMELINESS_LATE || duty->came != duty->state->first_received_at)
        return true;
    return duty->filed_count > 0 && c->filed[duty->first_filed].written_at > duty->state->due;
}
