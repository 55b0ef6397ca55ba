/* tests/unit/collector/ingest_accounts.h - orders of accounts, as several tests give them. */
#ifndef TESTS_INGEST_ACCOUNTS_H
#define TESTS_INGEST_ACCOUNTS_H

#include "ingest_world.h"

char *ingest_text(const char *s); /* for a field that protobuf-c would not have constant */
/* By NULL: over the operators' socket. */
void ingest_give(struct ingest *g, const char *by, Esep__V1__Order *order);
void ingest_account_change(struct ingest *g, const char *by, Esep__V1__AccountOrder *m);
void ingest_account_add(struct ingest *g, const char *by, const char *name,
                        Esep__V1__AccountRole role, const char *body);
void ingest_account_role(struct ingest *g, const char *by, const char *name,
                         Esep__V1__AccountRole role, const char *body, bool no_body);
void ingest_account_close(struct ingest *g, const char *by, const char *name);
void ingest_finish(struct ingest *g);
void ingest_assert_denied(struct ingest *g, size_t logged, const char *words);
/* Who did it, as the newest entry of its kind says. */
const char *ingest_last_actor(struct ingest *g, const ProtobufCMessageDescriptor *kind);

#endif
