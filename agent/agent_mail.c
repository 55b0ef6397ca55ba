/* agent/agent_mail.c - the mailbox: parts put together, stored, then acknowledged; and PING.
 *
 * Items are numbered one after another. A part that is not the next one (something was dropped on
 * the way, or there was no room here) is let go, and the next PULL asks for it again: PULL says
 * through which number everything is stored, so nothing can be skipped. An item over the bound is
 * the one thing that stops the mailbox, loudly; reports go on without it.
 */
#include "agent/agent_core.h"
#include "wire/unpack.h"

#include <stdio.h>

void agent_part_drop(struct agent *a)
{
    if (a->part.open)
        agent_filling(a)->bytes.len = a->part.start;
    a->part.open = false;
}

void agent_part_move(struct agent *a, struct agent_gather *to)
{
    struct agent_gather *from = agent_filling(a);
    if (!a->part.open)
        return;
    size_t len = from->bytes.len - a->part.start;
    if (esep_buf_put(&to->bytes, from->bytes.data + a->part.start, len) != ESEP_OK) {
        agent_part_drop(a); /* it is asked for again */
        a->uplink.pull_wanted = true;
        return;
    }
    from->bytes.len = a->part.start;
    a->part.start = to->bytes.len - len;
}

/* Whether this part carries on what is there. */
static bool follows(const struct agent *a, const Esep__V1__Mail *m)
{
    const struct agent_part *p = &a->part;
    if (m->offset == 0)
        return m->number == a->ahead.mail_through + 1;
    return p->open && m->number == p->mail.number && m->offset == p->got &&
           m->total_bytes == p->total && m->log_index == p->mail.log_index;
}

static void begin_part(struct agent *a, const Esep__V1__Mail *m)
{
    agent_part_drop(a);
    a->part = (struct agent_part){
        .open = true,
        .mail = {.number = m->number,
                 .log_index = m->log_index,
                 .type = m->type,
                 .verdict = m->verdict,
                 .office = m->office,
                 .seq = m->seq,
                 .accepted_at = m->accepted_at_us},
        .start = agent_filling(a)->bytes.len,
        .total = m->total_bytes,
    };
}

static void finish_part(struct agent *a)
{
    struct agent_gather *g = agent_filling(a);
    g->metas[g->mail_count++] = (struct agent_mail_meta){
        .mail = a->part.mail,
        .offset = a->part.start,
        .len = (size_t)a->part.total,
    };
    a->ahead.mail_through = a->part.mail.number;
    a->part.open = false;
    agent_progressed(a);
    agent_count(a, AGENT_MAILS, 1);
}

static void block_mail(struct agent *a, const Esep__V1__Mail *m)
{
    char text[256];
    snprintf(text, sizeof text,
             "mailbox item %llu has %llu bytes, more than limits.mail_bytes (%zu): raise it; "
             "reports are sent all the same",
             (unsigned long long)m->number, (unsigned long long)m->total_bytes,
             a->config.mail_bytes_max);
    a->mail_blocked = true;
    a->uplink.mail_retry_at = ESEP_TIME_NEVER;
    agent_part_drop(a);
    agent_tell(a, AGENT_WHY_TOO_LARGE, text);
}

/* Something lacks, or there is no room. Asked for again once it has been quiet for a while: a PULL
 * for each part of a burst would bring the burst as many times. */
static void let_go(struct agent *a, const Esep__V1__Mail *m)
{
    agent_count(a, AGENT_FRAMES_DROPPED, 1);
    if (m->number > a->ahead.mail_through) { /* else a repeat of what is here */
        agent_part_drop(a);
        a->uplink.mail_retry_at = agent_later(a, a->config.backoff_base);
    }
}

static void take_part(struct agent *a, const Esep__V1__Mail *m)
{
    struct agent_gather *g = agent_filling(a);
    if (m->offset == 0)
        begin_part(a, m);
    if (g->mail_count == AGENT_MAILS_MAX || m->data.len > a->part.total - a->part.got ||
        (m->data.len == 0 && a->part.total > 0) ||
        esep_buf_put(&g->bytes, m->data.data, m->data.len) != ESEP_OK) {
        let_go(a, m);
        return;
    }
    a->part.got += m->data.len;
    if (a->part.got == a->part.total)
        finish_part(a);
}

void agent_on_mail(struct agent *a, const struct esep_envelope *envelope)
{
    const Esep__V1__Mail *m =
        (const Esep__V1__Mail *)agent_open(a, envelope, &esep__v1__mail__descriptor);
    if (m == NULL)
        return;
    a->uplink.mail_came = true;
    if (m->number > a->status.mail_last)
        a->status.mail_last = m->number;
    if (a->mail_blocked)
        return;
    if (!follows(a, m))
        let_go(a, m);
    else if (m->total_bytes > a->config.mail_bytes_max)
        block_mail(a, m);
    else
        take_part(a, m);
}

void agent_on_pong(struct agent *a, const struct esep_envelope *envelope)
{
    const Esep__V1__Pong *p =
        (const Esep__V1__Pong *)agent_open(a, envelope, &esep__v1__pong__descriptor);
    if (p == NULL)
        return;
    a->status.server_time = p->server_time_us;
    if (!agent_in_flight(a) && a->uplink.awaiting_since == ESEP_TIME_NEVER)
        agent_progressed(a);
    if (p->mail_last > a->status.mail_last)
        a->status.mail_last = p->mail_last;
    /* Mail waits there, none has come for a whole keep-alive, none is being stored: ask again. */
    if (p->mail_last > a->ahead.mail_through && !a->uplink.mail_came && agent_vault_idle(a))
        a->uplink.pull_wanted = true;
}

static bool pull(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    Esep__V1__Pull message = ESEP__V1__PULL__INIT;
    message.through = a->journal.mail_through;
    u->pull_wanted = false;
    /* Only a PULL that says nothing new makes the collector send again. */
    if (u->pulled_once && u->pulled == message.through)
        u->mail_retry_at = ESEP_TIME_NEVER;
    u->pulled = message.through;
    u->pulled_once = true;
    return agent_pack(a, &message.base) && agent_seal(a, ESEP__V1__KIND__KIND_PULL);
}

static bool ping(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    Esep__V1__Ping message = ESEP__V1__PING__INIT;
    message.office_clock_us = a->now;
    message.mail_through = a->journal.mail_through;
    if (!agent_pack(a, &message.base) || !agent_seal(a, ESEP__V1__KIND__KIND_PING))
        return false;
    u->mail_came = false;
    u->ping_first = u->ping_since == ESEP_TIME_NEVER;
    if (u->ping_first)
        u->ping_since = a->now;
    agent_count(a, AGENT_PINGS, 1);
    return true;
}

bool agent_control_send(struct agent *a)
{
    const struct agent_uplink *u = &a->uplink;
    bool again = a->now >= u->mail_retry_at && agent_vault_idle(a);
    if (!a->mail_blocked && (u->pull_wanted || again) && !agent_gate_closing(a))
        return pull(a);
    if (a->now - u->last_tx >= a->config.keep_alive)
        return ping(a);
    return false;
}
