/* collector/web/search.c - see search.h.
 *
 * Titles and names are few and obligations many: what each action and each body of a plan has of
 * the words is found once a plan, as a bit for each word, and an obligation is the two together.
 */
#include "collector/web/search.h"

#include "collector/web/json.h"
#include "wire/unpack.h"

#include <locale.h>
#include <stdlib.h>
#include <wctype.h>

struct bits {
    unsigned *actions;
    unsigned *bodies;
};
struct web_search {
    locale_t locale;
    const struct views *views;
    struct bits *plans; /* of each plan revision, made when first asked for */
    size_t plan_count;
    size_t word_count;
    char words[WEB_SEARCH_WORDS_MAX][2 * WEB_QUERY_BYTES_MAX];
};

/* One character of text that is known to be UTF-8; returns its bytes. */
static size_t decode(const char *text, uint32_t *ret)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    *ret = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        *ret = *ret << 6 | (p[i] & 0x3fu);
    return len;
}

static size_t encode(uint32_t c, char *out)
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[len == 1 ? 0 : len] | c);
    return len;
}

/* Cut where out is full, behind a whole letter. */
static void fold(locale_t locale, const char *text, char *out, size_t size)
{
    size_t used = 0;
    while (*text != 0 && used + 5 <= size) {
        uint32_t c = 0;
        text += decode(text, &c);
        used += encode((uint32_t)towlower_l((wint_t)c, locale), out + used);
    }
    out[used] = 0;
}

static enum esep_status take_words(struct web_search *s, const char *question,
                                   struct esep_reason *reason)
{
    while (true) {
        question += strspn(question, " \t\r\n");
        size_t len = strcspn(question, " \t\r\n");
        if (len == 0)
            return ESEP_OK;
        if (s->word_count == WEB_SEARCH_WORDS_MAX)
            return esep_because(reason, ESEP_INVALID, "q: more than %d words",
                                WEB_SEARCH_WORDS_MAX);
        char word[WEB_QUERY_BYTES_MAX + 1];
        memcpy(word, question, len);
        word[len] = 0;
        fold(s->locale, word, s->words[s->word_count], sizeof s->words[0]);
        s->word_count++;
        question += len;
    }
}

enum esep_status web_search_new(struct web_search **ret, const char *question,
                                const struct views *views, struct esep_reason *reason)
{
    if (question == NULL || question[strspn(question, " \t\r\n")] == 0) {
        *ret = NULL;
        return ESEP_OK;
    }
    if (strlen(question) > WEB_QUERY_BYTES_MAX || !esep_utf8_valid(esep_slice_str(question)))
        return esep_because(reason, ESEP_INVALID, "q: not UTF-8, or longer than %d bytes",
                            WEB_QUERY_BYTES_MAX);
    struct web_search *s = calloc(1, sizeof *s);
    if (s == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a search");
    s->views = views;
    s->plan_count = views_plan_count(views);
    s->plans = calloc(s->plan_count + 1, sizeof *s->plans);
    s->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    enum esep_status status = ESEP_OK;
    if (s->plans == NULL || s->locale == (locale_t)0)
        status = esep_because(reason, ESEP_NOMEM, "no memory for a search, or no C.UTF-8 locale");
    else
        status = take_words(s, question, reason);
    if (status != ESEP_OK) {
        web_search_free(s);
        return status;
    }
    *ret = s;
    return ESEP_OK;
}

void web_search_free(struct web_search *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; s->plans != NULL && i < s->plan_count; i++) {
        free(s->plans[i].actions);
        free(s->plans[i].bodies);
    }
    free(s->plans);
    if (s->locale != (locale_t)0)
        freelocale(s->locale);
    free(s);
}

static unsigned bits_of(const struct web_search *s, const char *text)
{
    char folded[4096];
    unsigned bits = 0;
    if (text == NULL || *text == 0)
        return 0;
    fold(s->locale, text, folded, sizeof folded);
    for (size_t i = 0; i < s->word_count; i++)
        bits |= strstr(folded, s->words[i]) != NULL ? 1u << i : 0;
    return bits;
}

static unsigned bits_of_text(const struct web_search *s, const Esep__V1__Text *text)
{
    return text == NULL ? 0 : bits_of(s, text->kk) | bits_of(s, text->ru) | bits_of(s, text->en);
}

static const struct bits *bits_of_plan(struct web_search *s, uint32_t plan_no)
{
    struct bits *bits = &s->plans[plan_no];
    const Esep__V1__Plan *plan = views_plan(s->views, plan_no);
    if (bits->bodies != NULL)
        return bits;
    unsigned *actions = calloc(plan->n_actions + 1, sizeof *actions);
    unsigned *bodies = calloc(plan->n_bodies + 1, sizeof *bodies);
    if (actions == NULL || bodies == NULL) {
        free(actions);
        free(bodies);
        return NULL;
    }
    for (size_t i = 0; i < plan->n_actions; i++)
        actions[i] = bits_of_text(s, plan->actions[i]->title);
    for (size_t i = 0; i < plan->n_bodies; i++)
        bodies[i] =
            bits_of_text(s, plan->bodies[i]->name) | bits_of_text(s, plan->bodies[i]->short_name);
    *bits = (struct bits){.actions = actions, .bodies = bodies};
    return bits;
}

bool web_search_matches(struct web_search *s, const struct listing_obligation *o)
{
    if (s == NULL)
        return true;
    const struct bits *plan = bits_of_plan(s, o->state->plan_no);
    unsigned found = bits_of(s, o->made->key);
    if (plan != NULL && o->made->action >= 0 && (size_t)o->made->action < o->plan->n_actions)
        found |= plan->actions[o->made->action];
    if (plan != NULL && (size_t)o->made->body < o->plan->n_bodies)
        found |= plan->bodies[o->made->body];
    return found == (1u << s->word_count) - 1;
}
