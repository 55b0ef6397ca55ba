/* agent/bundle_reply.c - see bundle_reply.h. The file is a stranger's until it opens. */
#include "agent/bundle_reply.h"

#include "wire/unpack.h"

#define ARENA_BYTES (1u << 20)
#define MAIL_BYTES_MAX (8u << 20)

enum esep_status agent_reply_open(struct agent_reply_reader *ret, struct esep_slice file,
                                  const struct agent_reply_keys *keys, struct esep_reason *reason)
{
    const size_t magic = strlen(AGENT_REPLY_MAGIC);
    uint8_t seed[32];
    if (file.len < magic + AGENT_BUNDLE_SALT_BYTES ||
        memcmp(file.data, AGENT_REPLY_MAGIC, magic) != 0)
        return esep_because(
            reason, ESEP_INVALID,
            "this file is no reply to a bundle: give one that esep-collector bundle import wrote");
    struct agent_reply_reader r = {.keys = *keys};
    r.rest = esep_slice(file.data + magic + AGENT_BUNDLE_SALT_BYTES,
                        file.len - magic - AGENT_BUNDLE_SALT_BYTES);
    esep_buf_init(&r.plain, AGENT_BUNDLE_RECORD_MAX);
    esep_buf_init(&r.bytes, MAIL_BYTES_MAX);
    agent_bundle_seed(&keys->sign_key, file.data + magic, seed);
    enum esep_status status =
        esep_session_begin(&r.session, seed, keys->seal_public, &keys->log_id);
    esep_wipe(seed, sizeof seed);
    if (status != ESEP_OK)
        status = esep_because(reason, status, "the collector's key (seal_key) is no key");
    else if ((status = esep_arena_init(&r.arena, ARENA_BYTES)) != ESEP_OK)
        (void)esep_because(reason, status, "no memory to read the reply");
    if (status != ESEP_OK) {
        agent_reply_close(&r);
        return status;
    }
    *ret = r;
    return ESEP_OK;
}

void agent_reply_close(struct agent_reply_reader *r)
{
    if (r == NULL)
        return;
    esep_session_done(&r->session);
    esep_wipe(&r->keys, sizeof r->keys);
    esep_buf_done(&r->plain);
    esep_buf_done(&r->bytes);
    esep_arena_done(&r->arena);
}

static enum esep_status take_record(struct agent_reply_reader *r, struct esep_envelope *ret,
                                    struct esep_reason *reason)
{
    if (r->rest.len < 4)
        return esep_because(reason, ESEP_INVALID, "reply: cut off");
    const uint32_t len = esep_be32(r->rest.data);
    if (len == 0) {
        r->ended = true;
        return r->rest.len == 4 && !r->open
                   ? ESEP_NOT_FOUND
                   : esep_because(reason, ESEP_INVALID, "reply: something is wrong with its end");
    }
    if (len > AGENT_BUNDLE_RECORD_MAX || len > r->rest.len - 4)
        return esep_because(reason, ESEP_INVALID, "reply: cut off within a record");
    const struct esep_slice frame = esep_slice(r->rest.data + 4, len);
    r->rest = esep_slice(r->rest.data + 4 + len, r->rest.len - 4 - len);
    return esep_envelope_read(frame, ret, reason);
}

static enum esep_status open_record(struct agent_reply_reader *r,
                                    const struct esep_envelope *envelope,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    const ProtobufCMessage **ret, struct esep_reason *reason)
{
    const bool first = !r->session.established;
    esep_arena_reset(&r->arena);
    enum esep_status status = esep_session_open(&r->session, envelope, &r->plain);
    if (status == ESEP_NOMEM)
        return esep_because(reason, status, "no memory to read the reply");
    if (status != ESEP_OK)
        return esep_because(reason, ESEP_INVALID,
                            first ? "reply: it does not answer a bundle of this office"
                                  : "reply: a record does not open: it was changed");
    status = esep_unpack(descriptor, esep_buf_slice(&r->plain), &r->arena, ret);
    return status == ESEP_OK ? ESEP_OK
                             : esep_because(reason, status, "reply: a record cannot be understood");
}

static enum esep_status take_receipt(const struct agent_reply_reader *r,
                                     const Esep__V1__Receipt *message, struct agent_reply_item *ret,
                                     struct esep_reason *reason)
{
    ret->kind = AGENT_REPLY_RECEIPT;
    ret->message = message;
    if (esep_receipt_read(message, &ret->receipt) != ESEP_OK ||
        ret->receipt.office != r->keys.office)
        return esep_because(reason, ESEP_INVALID,
                            "reply: a receipt without a proof, or of another office");
    return ESEP_OK;
}

static enum esep_status take_evidence(const struct agent_reply_reader *r,
                                      const Esep__V1__EvidenceReceipt *message,
                                      struct agent_reply_item *ret, struct esep_reason *reason)
{
    ret->kind = AGENT_REPLY_EVIDENCE;
    ret->proof = message->proof;
    if (esep_evidence_read(message, r->keys.office, &ret->evidence) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID, "reply: a file's receipt without a proof");
    return ESEP_OK;
}

/* ESEP_AGAIN: the item is not whole yet. */
static enum esep_status take_mail(struct agent_reply_reader *r, const Esep__V1__Mail *m,
                                  struct agent_reply_item *ret, struct esep_reason *reason)
{
    if (m->offset == 0 && !r->open) {
        esep_buf_clear(&r->bytes);
        r->open = true;
        r->total = m->total_bytes;
        r->mail = (struct agent_mail){.number = m->number,
                                      .log_index = m->log_index,
                                      .type = m->type,
                                      .verdict = m->verdict,
                                      .office = m->office,
                                      .seq = m->seq,
                                      .accepted_at = m->accepted_at_us};
    }
    if (!r->open || m->number != r->mail.number || m->offset != r->bytes.len ||
        m->total_bytes != r->total || m->data.len > r->total - r->bytes.len ||
        (m->data.len == 0 && r->total > 0))
        return esep_because(reason, ESEP_INVALID, "reply: a part of mail %llu lacks",
                            (unsigned long long)m->number);
    const enum esep_status status = esep_buf_put(&r->bytes, m->data.data, m->data.len);
    if (status != ESEP_OK)
        return esep_because(reason, status, "reply: mail %llu is too long",
                            (unsigned long long)m->number);
    if (r->bytes.len < r->total)
        return ESEP_AGAIN;
    r->open = false;
    ret->kind = AGENT_REPLY_MAIL;
    ret->mail = r->mail;
    ret->mail.bytes = esep_buf_slice(&r->bytes);
    return ESEP_OK;
}

static enum esep_status take_one(struct agent_reply_reader *r, struct agent_reply_item *ret,
                                 struct esep_reason *reason)
{
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    enum esep_status status = take_record(r, &envelope, reason);
    if (status != ESEP_OK)
        return status;
    const bool welcome = envelope.kind == ESEP__V1__KIND__KIND_WELCOME;
    if (welcome == r->session.established)
        return esep_because(reason, ESEP_INVALID, "reply: its records are out of order");
    if (welcome) {
        ret->kind = AGENT_REPLY_WELCOME;
        status = open_record(r, &envelope, &esep__v1__welcome__descriptor, &message, reason);
        ret->welcome = (const Esep__V1__Welcome *)message;
        return status;
    }
    if (envelope.kind == ESEP__V1__KIND__KIND_RECEIPT) {
        status = open_record(r, &envelope, &esep__v1__receipt__descriptor, &message, reason);
        return status == ESEP_OK ? take_receipt(r, (const Esep__V1__Receipt *)message, ret, reason)
                                 : status;
    }
    if (envelope.kind == ESEP__V1__KIND__KIND_MAIL) {
        status = open_record(r, &envelope, &esep__v1__mail__descriptor, &message, reason);
        return status == ESEP_OK ? take_mail(r, (const Esep__V1__Mail *)message, ret, reason)
                                 : status;
    }
    if (envelope.kind == ESEP__V1__KIND__KIND_EVIDENCE) {
        status =
            open_record(r, &envelope, &esep__v1__evidence_receipt__descriptor, &message, reason);
        return status == ESEP_OK
                   ? take_evidence(r, (const Esep__V1__EvidenceReceipt *)message, ret, reason)
                   : status;
    }
    if (envelope.kind == ESEP__V1__KIND__KIND_COSIGNED) {
        ret->kind = AGENT_REPLY_COSIGNED;
        status = open_record(r, &envelope, &esep__v1__cosigned__descriptor, &message, reason);
        ret->cosigned = (const Esep__V1__Cosigned *)message;
        return status;
    }
    /* Of a later make, or of no use here: it has to be of this session all the same. */
    if (esep_session_open(&r->session, &envelope, &r->plain) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID, "reply: a record does not open: it was changed");
    return ESEP_AGAIN;
}

enum esep_status agent_reply_next(struct agent_reply_reader *r, struct agent_reply_item *ret,
                                  struct esep_reason *reason)
{
    enum esep_status status = ESEP_AGAIN;
    *ret = (struct agent_reply_item){.kind = AGENT_REPLY_WELCOME};
    if (r->ended)
        return ESEP_NOT_FOUND;
    while (status == ESEP_AGAIN)
        status = take_one(r, ret, reason);
    return status;
}
