/* tests/unit/collector/ingest_accounts.c - see ingest_accounts.h. */
#include "ingest_accounts.h"

#include <stdio.h>

#define ACT(name) ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_##name

char *ingest_text(const char *s)
{
    return (char *)(uintptr_t)s;
}

void ingest_give(struct ingest *g, const char *by, Esep__V1__Order *order)
{
    g->reply.order.text[0] = '\0';
    if (by != NULL) {
        ingest_account_order(g, by, order);
        return;
    }
    order->actor = ingest_text("root (local)");
    ingest_order(g, order);
}

void ingest_account_change(struct ingest *g, const char *by, Esep__V1__AccountOrder *m)
{
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_ACCOUNT;
    order.account = m;
    ingest_give(g, by, &order);
}

void ingest_account_add(struct ingest *g, const char *by, const char *name,
                        Esep__V1__AccountRole role, const char *body)
{
    Esep__V1__AccountOrder m = ESEP__V1__ACCOUNT_ORDER__INIT;
    m.act = ACT(ADD);
    m.name = ingest_text(name);
    m.role = role;
    m.body = ingest_text(body);
    ingest_account_change(g, by, &m);
}

void ingest_account_role(struct ingest *g, const char *by, const char *name,
                         Esep__V1__AccountRole role, const char *body, bool no_body)
{
    Esep__V1__AccountOrder m = ESEP__V1__ACCOUNT_ORDER__INIT;
    m.act = ACT(ROLE);
    m.name = ingest_text(name);
    m.role = role;
    m.body = ingest_text(body);
    m.no_body = no_body;
    ingest_account_change(g, by, &m);
}

void ingest_account_close(struct ingest *g, const char *by, const char *name)
{
    Esep__V1__AccountOrder m = ESEP__V1__ACCOUNT_ORDER__INIT;
    m.act = ACT(CLOSE);
    m.name = ingest_text(name);
    ingest_account_change(g, by, &m);
}

void ingest_finish(struct ingest *g)
{
    assert_int_equal(collector_status(g->core, NULL), ESEP_OK);
    ingest_assert_replay(g);
    ingest_end(g);
}

void ingest_assert_denied(struct ingest *g, size_t logged, const char *words)
{
    assert_false(g->reply.order.ok);
    assert_true(g->reply.order.denied);
    assert_non_null(strstr(g->reply.order.text, words));
    assert_int_equal(g->world.log_count, logged);
}

const char *ingest_last_actor(struct ingest *g, const ProtobufCMessageDescriptor *kind)
{
    static char actor[256];
    const struct world_entry *entry = &g->world.log[g->world.log_count - 1];
    ProtobufCMessage *message = protobuf_c_message_unpack(kind, NULL, entry->len, entry->body);
    assert_non_null(message);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(kind, "actor");
    assert_non_null(field);
    const char *value = NULL;
    memcpy(&value, (const char *)message + field->offset, sizeof value);
    (void)snprintf(actor, sizeof actor, "%s", value);
    protobuf_c_message_free_unpacked(message, NULL);
    return actor;
}
