/* tests/sim/sim_model_heads.c - which reports of an obligation stand on top: the rule of
 * docs/adr/0007, by brute force.
 *
 * A report that no withdrawal names stands, whichever of the two came first. It is superseded by
 * one that stands and names it, as what it builds on or settles; or that the same office sent
 * later, unless that one is itself named by one of the office, and so no later word. Heads are
 * what stands and is not superseded. Names are hashes of the content: the same bytes once more from
 * the same office are the same report and say nothing new.
 *
 * So the heads follow from the set of reports and from each office's order, and are found anew
 * each time by going through all of them. The views remember less: four reports besides the heads,
 * sixteen names. What they no longer know is marked here, and the same search is done without it.
 */
#include "sim_model.h"

#include <stdlib.h>

#define PAST_KEPT 4
#define LINKS_KEPT 16

static bool stands(const struct model_report *r, bool known)
{
    return known ? r->known : !r->withdrawn && !r->repeat;
}

static bool by_stands(const struct model_duty *d, const struct model_link *l)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->reports[i].office == l->office && stands(&d->reports[i], false) &&
            esep_hash_equal(&d->reports[i].name, &l->by))
            return true;
    return false;
}

/* office 0: whoever names it. */
static bool named(const struct model_duty *d, const struct esep_hash *name, uint32_t office,
                  bool known)
{
    for (size_t i = 0; i < d->link_count; i++) {
        const struct model_link *l = &d->links[i];
        if ((l->known || !known) && !l->withdraws && (office == 0 || l->office == office) &&
            esep_hash_equal(&l->to, name) && (known || by_stands(d, l)))
            return true;
    }
    return false;
}

/* The newest are looked at first: mostly it is the office's own. */
static bool superseded(const struct model_duty *d, size_t at, bool known)
{
    const struct model_report *r = &d->reports[at];
    for (size_t i = d->count; i-- > at + 1;)
        if (d->reports[i].office == r->office && stands(&d->reports[i], known) &&
            !named(d, &d->reports[i].name, r->office, known))
            return true;
    return named(d, &r->name, 0, known);
}

static struct model_heads find(const struct model_duty *d, bool known)
{
    struct model_heads heads = {.count = 0};
    size_t newest = d->count;
    for (size_t i = 0; i < d->count; i++) {
        if (!stands(&d->reports[i], known))
            continue;
        newest = i;
        if (superseded(d, i, known))
            continue;
        if (heads.count == MODEL_HEADS)
            abort();
        heads.at[heads.count++] = i;
    }
    /* Names that run in a ring, which takes bad will, or what is no longer known: something stands
     * all the same. */
    if (heads.count == 0 && newest < d->count)
        heads.at[heads.count++] = newest;
    return heads;
}

struct model_heads model_heads(const struct model_duty *d)
{
    return find(d, true);
}

struct model_heads model_heads_by_rule(const struct model_duty *d)
{
    return find(d, false);
}

bool model_heads_have(const struct model_heads *heads, size_t at)
{
    for (size_t i = 0; i < heads->count; i++)
        if (heads->at[i] == at)
            return true;
    return false;
}

/* What goes first is the oldest that waits behind a later one of its office; else the oldest. */
static size_t next_to_go(const struct model_duty *d, const size_t *past, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            if (d->reports[past[i]].office == d->reports[past[k]].office)
                return i;
    return 0;
}

static void forget_reports(struct model_duty *d)
{
    const struct model_heads heads = find(d, true);
    size_t past[MODEL_HEADS + PAST_KEPT + 1];
    size_t count = 0;
    for (size_t i = 0; i < d->count; i++) {
        if (!d->reports[i].known || model_heads_have(&heads, i))
            continue;
        if (count == sizeof past / sizeof past[0])
            abort();
        past[count++] = i;
    }
    for (; count > PAST_KEPT; count--) {
        size_t gone = next_to_go(d, past, count);
        d->reports[past[gone]].known = false;
        d->forgot = true;
        memmove(past + gone, past + gone + 1, (count - gone - 1) * sizeof past[0]);
    }
}

static void forget_links(struct model_duty *d)
{
    size_t count = 0;
    for (size_t i = d->link_count; i-- > 0;) {
        if (d->links[i].known && ++count > LINKS_KEPT) {
            d->links[i].known = false;
            d->forgot = true;
        }
    }
}

static bool same_link(const struct model_link *a, const struct model_link *b)
{
    return a->withdraws == b->withdraws && esep_hash_equal(&a->to, &b->to) &&
           (a->withdraws || esep_hash_equal(&a->by, &b->by));
}

static void add_link(struct model_duty *d, const struct model_link *link)
{
    for (size_t i = 0; i < d->link_count; i++)
        if (d->links[i].known && same_link(&d->links[i], link))
            return;
    if (d->link_count == d->link_cap) {
        d->link_cap = d->link_cap * 2 + 16;
        d->links = realloc(d->links, d->link_cap * sizeof *d->links);
        if (d->links == NULL)
            abort();
    }
    d->links[d->link_count++] = *link;
    forget_links(d);
}

bool model_heads_add(struct model_duty *d, const struct model_report *report,
                     const struct esep_hash *names, size_t name_count)
{
    struct model_report r = *report;
    bool known_repeat = false, known_withdrawn = false;
    for (size_t i = 0; i < d->count; i++) {
        bool same =
            d->reports[i].office == r.office && esep_hash_equal(&d->reports[i].name, &r.name);
        r.repeat = r.repeat || same;
        known_repeat = known_repeat || (same && d->reports[i].known);
    }
    for (size_t i = 0; i < d->link_count; i++) {
        bool same = d->links[i].withdraws && esep_hash_equal(&d->links[i].to, &r.name);
        r.withdrawn = r.withdrawn || same;
        known_withdrawn = known_withdrawn || (same && d->links[i].known);
    }
    r.known = !known_repeat && !known_withdrawn;
    if (d->count == d->cap) {
        d->cap = d->cap * 2 + 16;
        d->reports = realloc(d->reports, d->cap * sizeof *d->reports);
        if (d->reports == NULL)
            abort();
    }
    d->reports[d->count++] = r;
    for (size_t i = 0; i < name_count && r.known; i++) {
        const struct model_link link = {
            .office = r.office, .by = r.name, .to = names[i], .known = true};
        add_link(d, &link);
    }
    forget_reports(d);
    return !known_withdrawn;
}

void model_heads_take_back(struct model_duty *d, const struct esep_hash *name)
{
    const struct model_link link = {.withdraws = true, .to = *name, .known = true};
    for (size_t i = 0; i < d->count; i++) {
        if (!esep_hash_equal(&d->reports[i].name, name))
            continue;
        d->reports[i].withdrawn = true;
        d->reports[i].known = false;
    }
    for (size_t i = 0; i < d->link_count; i++)
        if (!d->links[i].withdraws && esep_hash_equal(&d->links[i].by, name))
            d->links[i].known = false;
    add_link(d, &link);
    forget_reports(d);
}

void model_heads_done(struct model_duty *d)
{
    free(d->reports);
    free(d->links);
    d->reports = NULL;
    d->links = NULL;
    d->count = d->cap = d->link_count = d->link_cap = 0;
}
