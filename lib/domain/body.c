/* lib/domain/body.c - the bodies of a plan: found by code, in their tree, and through time.
 *
 * A plan has some dozens of bodies, so a code is looked up by going through them. Circles of
 * parents or successors are refused when a plan is read; the walks here are bounded all the same,
 * since a plan also comes out of a log that somebody may have tampered with.
 */
#include "domain/obligation.h"

int esep_body_find(const Esep__V1__Plan *plan, const char *code)
{
    for (size_t i = 0; i < plan->n_bodies; i++) {
        if (strcmp(plan->bodies[i]->code, code) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int esep_body_on(const Esep__V1__Plan *plan, const char *code, esep_day day)
{
    int place = esep_body_find(plan, code);
    if (place < 0) {
        return -1;
    }
    /* Only the body asked for may be too young. A successor takes over from the day after, even
     * where its own first day was written down later: between two bodies nothing is owed by
     * nobody. */
    const Esep__V1__Body *body = plan->bodies[place];
    if (body->valid_from_day != 0 && day < body->valid_from_day) {
        return -1;
    }
    for (size_t step = 0; step <= plan->n_bodies; step++) {
        body = plan->bodies[place];
        if (body->valid_to_day == 0 || day <= body->valid_to_day) {
            return place;
        }
        place = esep_body_find(plan, body->successor);
        if (place < 0) {
            return -1;
        }
    }
    return -1; /* a circle */
}

bool esep_body_passed(const Esep__V1__Plan *plan, const char *code, const char *heir, esep_day day)
{
    int place = esep_body_find(plan, code);
    if (place < 0 || day < plan->bodies[place]->valid_from_day) {
        return false;
    }
    for (size_t step = 0; step <= plan->n_bodies; step++) {
        const Esep__V1__Body *body = plan->bodies[place];
        if (body->valid_to_day == 0 || day <= body->valid_to_day) {
            return false;
        }
        place = esep_body_find(plan, body->successor);
        if (place < 0) {
            return false;
        }
        if (strcmp(body->successor, heir) == 0) {
            return true;
        }
    }
    return false; /* a circle */
}

bool esep_body_within(const Esep__V1__Plan *plan, const char *code, const char *ancestor)
{
    for (size_t step = 0; step <= plan->n_bodies; step++) {
        const int place = esep_body_find(plan, code);
        if (place < 0) {
            return false;
        }
        if (strcmp(code, ancestor) == 0) {
            return true;
        }
        code = plan->bodies[place]->parent;
    }
    return false; /* a circle */
}

const char *esep_text(const Esep__V1__Text *text, const char *language)
{
    if (text == NULL) {
        return "";
    }
    const struct {
        const char *language, *text;
    } all[] = {{"ru", text->ru}, {"en", text->en}, {"kk", text->kk}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].language, language) == 0 && all[i].text[0] != '\0') {
            return all[i].text;
        }
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].text[0] != '\0') {
            return all[i].text;
        }
    }
    return "";
}
