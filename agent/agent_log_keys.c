/* agent/agent_log_keys.c - the log's key gives its place to another, and this office follows.
 *
 * The office knows one key of the log for certain: the configuration's. Whatever key is newer comes
 * with the word of the one before it (wire/log_keys.h): in WELCOME, or with a refusal that the new
 * key has signed. It is verified link by link, kept in the journal, and from then on each head is
 * held to the key of its size. A chain that leads to no key from one that is held, that goes less
 * far, or that gives a held key's place to another is believed by nobody, and the connection is
 * given up, loudly.
 *
 * Where the configuration names a key that the journal's chain does not have, people have put it
 * there, since the old one was stolen or lost: the chain begins anew with it.
 */
#include "agent/agent_core.h"

void agent_log_keys_begin(struct agent *a)
{
    esep_log_keys_hold(&a->log_keys, a->config.log_public, &a->journal.log_keys);
}

static void grown(struct agent *a, const struct esep_log_keys *keys)
{
    struct agent_gather *g = agent_filling(a);
    if (keys->count == a->log_keys.count)
        return;
    a->log_keys = *keys;
    g->log_keys = *keys;
    g->log_keys_new = true;
    a->notify_due = true;
}

static void disbelieve(struct agent *a, enum esep_status status)
{
    agent_count(a, AGENT_LOG_KEYS_REFUSED, 1);
    agent_link_fail(a, AGENT_WHY_PROTOCOL,
                    status == ESEP_CONFLICT
                        ? "the log's key has given its place to two others: one of them is false. "
                          "Tell the operator and the commission"
                        : "the collector names a key of the log that no key which this office "
                          "holds has signed: refused. Ask the operator for the log's keys, and "
                          "check log_key");
}

bool agent_log_keys_take(struct agent *a, Esep__V1__LogKey *const *links, size_t count)
{
    struct esep_log_keys keys = a->log_keys;
    const enum esep_status status = esep_log_keys_take(&keys, &a->config.log_id, links, count);
    if (status == ESEP_OK)
        grown(a, &keys);
    else
        disbelieve(a, status);
    return status == ESEP_OK;
}

bool agent_log_keys_refusal(struct agent *a, const Esep__V1__Refusal *r)
{
    struct esep_log_keys keys = a->log_keys;
    const enum esep_status status = esep_refusal_verify(&keys, &a->config.log_id, r);
    if (status == ESEP_OK)
        grown(a, &keys);
    else if (status != ESEP_INVALID)
        disbelieve(a, status);
    return status == ESEP_OK;
}
