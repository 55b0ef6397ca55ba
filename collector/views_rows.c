/* collector/views_rows.c - the rows' fixed layouts, and handing them out.
 *
 * Keys are the table's letter and big-endian numbers, so that order of keys is order of numbers.
 * Values are fixed layouts, integers big-endian, text as a length byte and its bytes. What is
 * written once or twice in its life is put into the buffer as it happens; offices, obligations and
 * the totals change with every entry and are packed once, when the rows are handed out.
 *
 *   T   format 4 | newest accepted_at 8 | plans 4 | offices 4 | obligations 4 | codes 4 | tree
 *       format 3, from the first account on: accounts 4 before the tree
 *   P   log index 8 | effective day 4
 *   K   body text | expires_at 8 | flags 1 | number 4
 *   S   log index 8          C   accepted_at 8 | log index 8 | held then 8 | head 32
 *   M   log index 8          D   zero 1
 *   A   name text | display text | body text | for text | from day 4 | until day 4 | role 1 |
 *       state 1 | log index 8
 *       and once an entry has spoken of what it is let in by: bits of the kinds 1, and
 *       of each kind: log index 8 | at 8 | stands 1 | until 8 | hash 32 | actor text
 *   N   log index 8          E   log index 8 | accepted_at 8
 *   H   hash 32              G   previous 8 | begins 8
 *   R   see views_report_read: 44 bytes      F, O   see put_office, put_duty
 */
#include "collector/views_state.h"

enum { DELETED = 0xffff, NO_PERCENT = 0xff, REPORT_BYTES = 44 };
enum { REPORT_NIL = 1 };

/* In the buffer: key length 1 | value length 2 (0xffff: delete) | key | value. */
void views_put(struct views *v, struct esep_slice key, struct esep_slice value)
{
    const unsigned len = value.data == NULL ? DELETED : (unsigned)value.len;
    const uint8_t head[3] = {(uint8_t)key.len, (uint8_t)(len >> 8), (uint8_t)len};
    const size_t value_len = value.data == NULL ? 0 : value.len;
    const enum esep_status status = esep_buf_reserve(&v->rows, sizeof(head) + key.len + value_len);
    if (status != ESEP_OK) {
        v->failed = status;
        return;
    }
    struct views_writer w = {v->rows.data + v->rows.len};
    views_wbytes(&w, head, sizeof(head));
    views_wbytes(&w, key.data, key.len);
    if (value_len > 0)
        views_wbytes(&w, value.data, value_len);
    v->rows.len = (size_t)(w.at - v->rows.data);
}

static void put_at(struct views *v, const uint8_t *key, const struct views_writer *key_end,
                   const uint8_t *value, const struct views_writer *value_end)
{
    views_put(v, esep_slice(key, (size_t)(key_end->at - key)),
              esep_slice(value, (size_t)(value_end->at - value)));
}

static struct views_writer key_for(uint8_t *key, char table)
{
    key[0] = (uint8_t)table;
    return (struct views_writer){.at = key + 1};
}

void views_put_plan(struct views *v, uint32_t plan_no)
{
    uint8_t key[8];
    uint8_t value[16];
    struct views_writer k = key_for(key, 'P');
    struct views_writer w = {value};
    views_w32(&k, plan_no);
    views_w64(&w, v->plans[plan_no].index);
    views_w32(&w, (uint32_t)v->plans[plan_no].effective);
    put_at(v, key, &k, value, &w);
}

void views_put_code(struct views *v, uint32_t number)
{
    const struct views_code *code = &v->codes[number];
    uint8_t key[40];
    uint8_t value[64];
    struct views_writer k = key_for(key, 'K');
    struct views_writer w = {value};
    views_wbytes(&k, code->hash.bytes, ESEP_HASH_BYTES);
    views_wtext(&w, code->body);
    views_w64(&w, (uint64_t)code->expires_at);
    views_w8(&w, (unsigned)code->accept_on_use | (unsigned)code->used << 1);
    views_w32(&w, number);
    views_w32(&w, code->office);
    put_at(v, key, &k, value, &w);
}

void views_node_key(struct esep_merkle_place place, uint8_t out[VIEWS_NODE_KEY_BYTES])
{
    out[0] = 'H';
    out[1] = (uint8_t)place.level;
    esep_be64_put(out + 2, place.index);
}

void views_put_node(struct views *v, struct esep_merkle_place place, const struct esep_hash *hash)
{
    uint8_t key[VIEWS_NODE_KEY_BYTES];
    views_node_key(place, key);
    views_put(v, esep_slice(key, sizeof key), esep_slice(hash->bytes, sizeof hash->bytes));
}

void views_put_generation(struct views *v)
{
    uint8_t key[16];
    uint8_t value[16];
    struct views_writer k = key_for(key, 'G');
    struct views_writer w = {value};
    views_w64(&k, v->generation.number);
    views_w64(&w, v->generation.previous);
    views_w64(&w, v->generation.begins);
    put_at(v, key, &k, value, &w);
}

void views_put_log_keys(struct views *v)
{
    uint8_t key[16];
    uint8_t value[ESEP_LOG_KEYS_BYTES_MAX];
    const struct views_writer k = key_for(key, 'L');
    const struct views_writer w = {value + esep_log_keys_pack(&v->log_keys, value)};
    put_at(v, key, &k, value, &w);
}

void views_put_mail(struct views *v, uint32_t office, uint64_t number, uint64_t index)
{
    uint8_t key[16];
    uint8_t value[8];
    struct views_writer k = key_for(key, 'M');
    struct views_writer w = {value};
    views_w32(&k, office);
    views_w64(&k, number);
    views_w64(&w, index);
    put_at(v, key, &k, value, &w);
}

void views_put_report(struct views *v, const struct views_report *report)
{
    uint8_t key[16];
    uint8_t value[REPORT_BYTES];
    struct views_writer k = key_for(key, 'R');
    struct views_writer w = {value};
    views_w64(&k, report->index);
    views_w32(&w, report->obligation);
    views_w32(&w, report->office);
    views_w32(&w, report->epoch);
    views_w64(&w, report->seq);
    views_w32(&w, report->revision);
    views_w8(&w, (unsigned)report->fulfilment);
    views_w8(&w, report->percent < 0 ? (unsigned)NO_PERCENT : (unsigned)report->percent);
    views_w8(&w, (unsigned)report->verdict);
    views_w8(&w, report->nil_report ? REPORT_NIL : 0);
    views_w64(&w, (uint64_t)report->accepted_at);
    views_w64(&w, (uint64_t)report->written_at);
    put_at(v, key, &k, value, &w);
}

enum esep_status views_report_read(struct esep_slice key, struct esep_slice value,
                                   struct views_report *ret)
{
    struct views_reader r = {value.data, value.len, false};
    struct views_report report;
    memset(&report, 0, sizeof(report));
    if (key.len != 9 || key.data[0] != 'R')
        return ESEP_INVALID;
    report.index = esep_be64(key.data + 1);
    report.obligation = views_r32(&r);
    report.office = views_r32(&r);
    report.epoch = views_r32(&r);
    report.seq = views_r64(&r);
    report.revision = views_r32(&r);
    report.fulfilment = (Esep__V1__Fulfilment)views_r8(&r);
    const unsigned percent = views_r8(&r);
    report.percent = percent == NO_PERCENT ? -1 : (int)percent;
    report.verdict = (Esep__V1__Verdict)views_r8(&r);
    report.nil_report = (views_r8(&r) & REPORT_NIL) != 0;
    report.accepted_at = (esep_time)views_r64(&r);
    report.written_at = (esep_time)views_r64(&r);
    if (r.bad || r.left != 0)
        return ESEP_CORRUPT;
    *ret = report;
    return ESEP_OK;
}

static void put_office_place(struct views_writer *k, uint32_t office, uint32_t epoch, uint64_t seq)
{
    views_w32(k, office);
    views_w32(k, epoch);
    views_w64(k, seq);
}

void views_put_closing(struct views *v, const struct views_entry *entry)
{
    uint8_t key[24];
    uint8_t value[8];
    struct views_writer k = key_for(key, 'S');
    struct views_writer w = {value};
    put_office_place(&k, entry->leaf.office, entry->leaf.epoch, entry->leaf.seq);
    views_w64(&w, entry->index);
    put_at(v, key, &k, value, &w);
}

void views_put_promise(struct views *v, uint32_t office, const struct views_promise *promise)
{
    uint8_t key[24];
    uint8_t value[64];
    struct views_writer k = key_for(key, 'C');
    struct views_writer w = {value};
    put_office_place(&k, office, promise->epoch, promise->seq);
    views_w64(&w, (uint64_t)promise->at);
    views_w64(&w, promise->index);
    views_w64(&w, promise->from);
    views_wbytes(&w, promise->head.bytes, ESEP_HASH_BYTES);
    put_at(v, key, &k, value, &w);
}

void views_drop_promise(struct views *v, uint32_t office, const struct views_promise *promise)
{
    uint8_t key[24];
    struct views_writer k = key_for(key, 'C');
    put_office_place(&k, office, promise->epoch, promise->seq);
    views_put(v, esep_slice(key, (size_t)(k.at - key)), esep_slice(NULL, 0));
}

void views_put_delivery(struct views *v, const struct views_delivery *delivery)
{
    uint8_t key[16];
    struct views_writer k = key_for(key, 'D');
    views_w64(&k, delivery->alert);
    views_w32(&k, delivery->target);
    views_put(v, esep_slice(key, (size_t)(k.at - key)),
              delivery->done ? esep_slice(NULL, 0) : esep_slice("", 1));
}

/* Nothing where nothing was said: a row of before such entries is the same. */
static void put_proofs(struct views_writer *w, const struct views_proof proofs[VIEWS_PROOFS])
{
    unsigned kinds = 0;
    for (unsigned i = 0; i < VIEWS_PROOFS; i++)
        kinds |= proofs[i].index != 0 ? 1u << i : 0;
    if (kinds != 0)
        views_w8(w, kinds);
    for (unsigned i = 0; i < VIEWS_PROOFS; i++) {
        const struct views_proof *proof = &proofs[i];
        if (proof->index == 0)
            continue;
        views_w64(w, proof->index);
        views_w64(w, (uint64_t)proof->at);
        views_w8(w, proof->stands);
        views_w64(w, (uint64_t)proof->until);
        views_wbytes(w, proof->hash.bytes, ESEP_HASH_BYTES);
        views_wtext(w, proof->actor);
    }
}

void views_put_account(struct views *v, uint32_t number)
{
    const struct views_account *account = &v->accounts[number];
    uint8_t key[8];
    uint8_t value[2 * VIEWS_ACCOUNT_NAME_MAX + VIEWS_ACCOUNT_DISPLAY_MAX + ESEP_BODY_CODE_MAX + 32 +
                  VIEWS_PROOFS * (sizeof(struct views_proof) + 1)];
    struct views_writer k = key_for(key, 'A');
    struct views_writer w = {value};
    views_w32(&k, number);
    views_wtext(&w, account->name);
    views_wtext(&w, account->display);
    views_wtext(&w, account->body);
    views_wtext(&w, account->substitute_for);
    views_w32(&w, (uint32_t)account->from_day);
    views_w32(&w, (uint32_t)account->until_day);
    views_w8(&w, (unsigned)account->role);
    views_w8(&w, (unsigned)account->state);
    views_w64(&w, account->index);
    put_proofs(&w, account->proofs);
    put_at(v, key, &k, value, &w);
}

static void put_rights(struct views_writer *w, const struct views_rights *rights)
{
    views_w64(w, rights->index);
    views_w64(w, (uint64_t)rights->since);
    views_w8(w, rights->body_count);
    views_w8(w, rights->plan_count);
    for (uint32_t i = 0; i < rights->body_count; i++)
        views_wtext(w, rights->bodies[i]);
    for (uint32_t i = 0; i < rights->plan_count; i++)
        views_wtext(w, rights->plans[i]);
}

static void put_office(struct views *v, const struct views_office_slot *slot)
{
    const struct views_office *o = &slot->pub;
    uint8_t key[8];
    uint8_t value[512 + sizeof(struct views_rights)];
    struct views_writer k = key_for(key, 'F');
    struct views_writer w = {value};
    views_w32(&k, o->office);
    views_wtext(&w, o->body);
    views_wtext(&w, o->label);
    views_w8(&w, (unsigned)o->state);
    views_wbytes(&w, o->sign_key, ESEP_KEY_BYTES);
    views_wbytes(&w, o->curve_key, ESEP_KEY_BYTES);
    views_w64(&w, (uint64_t)o->enrolled_at);
    views_w64(&w, (uint64_t)o->seen_at);
    views_w32(&w, o->epoch);
    views_w64(&w, o->seq);
    views_wbytes(&w, o->head.bytes, ESEP_HASH_BYTES);
    views_w64(&w, o->mail_last);
    views_w64(&w, o->mail_acked);
    views_w8(&w, o->silent);
    views_w64(&w, o->refused_entries);
    views_w32(&w, o->forks);
    views_w32(&w, slot->kept_epoch);
    views_w64(&w, slot->kept_from);
    views_w64(&w, slot->kept.index);
    views_w64(&w, slot->kept.seq);
    views_w64(&w, (uint64_t)slot->kept.at);
    views_wbytes(&w, slot->kept.head.bytes, ESEP_HASH_BYTES);
    const bool asked = o->asked_index != 0;
    const bool ruled = o->rights.index != 0 || asked;
    if (o->evidence_files > 0 || o->key_epoch > 0 || ruled) {
        views_w64(&w, o->evidence_bytes); /* else a row of before them is the same */
        views_w32(&w, o->evidence_files);
    }
    if (o->key_epoch > 0 || ruled) {
        views_wbytes(&w, o->old_sign_key, ESEP_KEY_BYTES);
        views_wbytes(&w, o->old_curve_key, ESEP_KEY_BYTES);
        views_w32(&w, o->key_epoch);
        views_w64(&w, o->key_index);
        views_w64(&w, (uint64_t)o->key_since);
    }
    if (ruled)
        put_rights(&w, &o->rights);
    if (asked) {
        views_w64(&w, o->asked_index);
        views_w64(&w, (uint64_t)o->asked_at);
    }
    put_at(v, key, &k, value, &w);
}

static void put_head(struct views_writer *w, const struct views_head *head)
{
    views_w64(w, head->index);
    views_w32(w, head->office);
    views_w32(w, head->epoch);
    views_w64(w, head->seq);
    views_w32(w, head->revision);
    views_w64(w, (uint64_t)head->received_at);
    views_wbytes(w, head->content.bytes, ESEP_HASH_BYTES);
    views_w8(w, (unsigned)head->fulfilment);
    views_w8(w, head->percent < 0 ? (unsigned)NO_PERCENT : (unsigned)head->percent);
    views_w8(w, (unsigned)head->submission);
    views_w32(w, (uint32_t)head->again_by);
    views_w64(w, head->review_index);
}

static void put_link(struct views_writer *w, const struct views_link *link)
{
    views_w8(w, (unsigned)link->kind);
    views_wbytes(w, link->to.bytes, ESEP_HASH_BYTES);
    if (link->kind == VIEWS_LINK_WITHDRAWS)
        return;
    views_w32(w, link->office);
    views_wbytes(w, link->by.bytes, ESEP_HASH_BYTES);
}

static void put_made(struct views_writer *w, const struct esep_obligation *made)
{
    views_wtext(w, made->key);
    views_w8(w, (unsigned)made->kind);
    views_w8(w, (unsigned)made->role);
    views_w8(w, made->upon_agreement);
    views_w32(w, (uint32_t)made->action);
    views_w32(w, (uint32_t)made->body);
    views_w32(w, (uint32_t)made->window.start);
    views_w32(w, (uint32_t)made->window.end);
    views_w32(w, (uint32_t)made->due_day);
    views_w64(w, (uint64_t)made->due);
}

static void put_duty(struct views *v, const struct views_duty *duty)
{
    const struct views_obligation *o = &duty->pub;
    uint8_t key[8];
    uint8_t value[VIEWS_ROW_MAX];
    struct views_writer k = key_for(key, 'O');
    struct views_writer w = {value};
    views_w32(&k, o->number);
    put_made(&w, &o->made);
    views_w32(&w, o->plan_no);
    views_w8(&w, (unsigned)o->dropped | (unsigned)o->first_proved << 1);
    views_w8(&w, (unsigned)o->control);
    views_w32(&w, (uint32_t)o->extended_to);
    views_w64(&w, (uint64_t)o->due);
    views_w32(&w, o->reports);
    views_w32(&w, o->head_count);
    views_w64(&w, (uint64_t)o->first_received_at);
    views_w64(&w, (uint64_t)o->first_committed_at);
    views_w32(&w, o->first_office);
    views_w32(&w, o->first_epoch);
    views_w64(&w, o->first_commitment_seq);
    views_w32(&w, o->alert_step);
    views_w64(&w, (uint64_t)o->alert_due);
    views_w64(&w, o->extension_index);
    views_w64(&w, o->control_index);
    views_w8(&w, duty->pub.listed);
    views_w8(&w, duty->past_count);
    views_w8(&w, duty->link_count);
    for (uint32_t i = 0; i < duty->pub.listed; i++)
        put_head(&w, &o->heads[i]);
    for (uint32_t i = 0; i < duty->past_count; i++)
        put_head(&w, &duty->past[i]);
    for (uint32_t i = 0; i < duty->link_count; i++)
        put_link(&w, &duty->links[i]);
    put_at(v, key, &k, value, &w);
}

static void put_totals(struct views *v)
{
    uint8_t value[64 + ESEP_MERKLE_BYTES_MAX];
    struct views_writer w = {value};
    views_w8(&w, v->account_count > 0 ? VIEWS_ROW_FORMAT_ACCOUNTS : VIEWS_ROW_FORMAT);
    views_w64(&w, (uint64_t)v->last_at);
    views_w32(&w, v->plan_count);
    views_w32(&w, v->office_count);
    views_w32(&w, v->duty_count);
    views_w32(&w, v->code_count);
    if (v->account_count > 0)
        views_w32(&w, v->account_count);
    w.at += esep_merkle_save(&v->tree, w.at);
    views_put(v, esep_slice("T", 1), esep_slice(value, (size_t)(w.at - value)));
}

static void unmark(struct views_marks *marks)
{
    for (uint32_t i = 0; i < marks->count; i++)
        marks->marked[marks->list[i]] = 0;
    marks->count = 0;
}

void views_put_marked(struct views *v)
{
    for (uint32_t i = 0; i < v->dirty_offices.count; i++)
        put_office(v, &v->offices[v->dirty_offices.list[i]]);
    for (uint32_t i = 0; i < v->dirty_duties.count; i++)
        put_duty(v, &v->duties[v->dirty_duties.list[i]]);
    unmark(&v->dirty_offices);
    unmark(&v->dirty_duties);
    put_totals(v);
}

enum esep_status views_flush(struct views *v, views_row_fn *put, void *context)
{
    if (v->changed)
        views_put_marked(v);
    if (v->failed != ESEP_OK)
        return v->failed;
    if (!v->changed)
        return ESEP_OK;
    v->changed = false;
    v->rows_flushed = true;
    const uint8_t *at = v->rows.data;
    const uint8_t *end = at + v->rows.len;
    while (at < end) {
        const struct esep_slice key = {at + 3, at[0]};
        const size_t len = (size_t)at[1] << 8 | at[2];
        const uint8_t *value = key.data + key.len;
        const bool deleted = len == DELETED;
        const enum esep_status status =
            put(context, key, deleted ? esep_slice(NULL, 0) : esep_slice(value, len));
        if (status != ESEP_OK)
            return status;
        at = value + (deleted ? 0 : len);
    }
    return ESEP_OK;
}
