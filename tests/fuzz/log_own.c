/* tests/fuzz/log_own.c - see log_own.h. A choice of zeros makes an entry that the views take. */
#include "log_own.h"

#include "wire/unpack.h"

static uint8_t nonce[16];

/* As entries of the collector's own end. */
static ProtobufCBinaryData a_nonce(uint8_t how)
{
    memset(nonce, how, sizeof nonce);
    return esep_pb(nonce, sizeof nonce);
}

void log_own_typed(struct story *s, struct fuzz_input in)
{
    uint8_t packed[ESEP_LEAF_BYTES];
    struct esep_leaf leaf = {.type = (Esep__V1__LogType)fuzz_byte(&in), .accepted_at = s->now};
    leaf.office = (uint32_t)fuzz_number(&in);
    const struct esep_slice body = fuzz_rest(&in);
    leaf.content = esep_content_hash(body);
    esep_leaf_pack(&leaf, packed);
    (void)!story_take(s, packed, body);
}

void log_own_sign_of_life(struct story *s, struct fuzz_input in)
{
    uint8_t hash[2][ESEP_HASH_BYTES] = {{0}};
    char text[64];
    Esep__V1__MailAck ack = ESEP__V1__MAIL_ACK__INIT;
    Esep__V1__Presence presence = ESEP__V1__PRESENCE__INIT;
    Esep__V1__Alarm alarm = ESEP__V1__ALARM__INIT;
    const uint8_t how = fuzz_byte(&in);
    const uint32_t office = 1 + (uint32_t)fuzz_number(&in);
    ack.nonce = presence.nonce = alarm.nonce = a_nonce(how);
    ack.office = presence.office = office;
    alarm.office = how & 4 ? 0 : office;
    ack.through = alarm.seq = fuzz_number(&in);
    alarm.kind = (Esep__V1__AlarmKind)fuzz_byte(&in);
    alarm.held = esep_pb(hash[0], sizeof hash[0]);
    alarm.shown = esep_pb(hash[1], sizeof hash[1]);
    alarm.text = (char *)(uintptr_t)fuzz_text(&in, text, sizeof text);
    if (how % 4 == 0)
        (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_MAIL_ACK, &ack.base);
    else if (how % 4 == 1)
        (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE, &presence.base);
    else
        (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM, &alarm.base);
}

void log_own_code(struct story *s, struct fuzz_input in)
{
    uint8_t hash[ESEP_HASH_BYTES] = {0xc0};
    char body[40] = "moh";
    Esep__V1__CodeMade m = ESEP__V1__CODE_MADE__INIT;
    const uint8_t how = fuzz_byte(&in);
    hash[1] = how;
    m.code_hash = esep_pb(hash, how & 1 ? fuzz_byte(&in) % 33 : sizeof hash);
    m.expires_at_us = s->now + (esep_time)fuzz_byte(&in) * ESEP_DAY;
    m.accept_on_use = (how & 2) != 0;
    m.office = how & 4 ? (uint32_t)fuzz_number(&in) : 0;
    m.body = how & 8 ? (char *)(uintptr_t)fuzz_text(&in, body, sizeof body) : body;
    m.nonce = a_nonce(how);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_CODE, &m.base);
}

/* how: the act 7, a hash 8, an instant 16; the account is one of the log's, or 32: any text. */
void log_own_credential(struct story *s, struct fuzz_input in)
{
    uint8_t hash[ESEP_HASH_BYTES] = {0x1d};
    char text[80];
    Esep__V1__Credential m = ESEP__V1__CREDENTIAL__INIT;
    const uint8_t how = fuzz_byte(&in);
    const uint32_t count = views_account_count(s->views);
    const uint8_t which = fuzz_byte(&in);
    m.act = (Esep__V1__CredentialAct)(how & 7);
    m.account = how & 32 || count == 0
                    ? (char *)(uintptr_t)fuzz_text(&in, text, sizeof text)
                    : (char *)(uintptr_t)views_account(s->views, which % count)->name;
    hash[1] = which;
    if (how & 8)
        m.hash = esep_pb(hash, sizeof hash);
    if (how & 16)
        m.until_us = s->now + (esep_time)fuzz_byte(&in) * ESEP_DAY;
    m.nonce = a_nonce(how);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_CREDENTIAL, &m.base);
}

/* Its leaf says whose it is, too. */
void log_own_evidence(struct story *s, struct fuzz_input in)
{
    uint8_t hash[ESEP_HASH_BYTES] = {0xf1};
    uint8_t packed[ESEP_LEAF_BYTES];
    uint8_t body[128];
    Esep__V1__Evidence m = ESEP__V1__EVIDENCE__INIT;
    const uint8_t how = fuzz_byte(&in);
    m.office = how & 1 ? (uint32_t)fuzz_number(&in) : 1;
    hash[1] = fuzz_byte(&in);
    m.sha256 = esep_pb(hash, how & 2 ? fuzz_byte(&in) % 33 : sizeof hash);
    m.size_bytes = how & 4 ? fuzz_number(&in) : 1000;
    m.nonce = a_nonce(how);
    FUZZ_CHECK(protobuf_c_message_get_packed_size(&m.base) <= sizeof body);
    const struct esep_slice bytes = esep_slice(body, protobuf_c_message_pack(&m.base, body));
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE,
                                   .office = how & 8 ? (uint32_t)fuzz_number(&in) : m.office,
                                   .accepted_at = s->now,
                                   .content = esep_content_hash(bytes)};
    esep_leaf_pack(&leaf, packed);
    (void)!story_take(s, packed, bytes);
}

static uint64_t generation_of(const struct story *s)
{
    return views_generation(s->views).number;
}

void log_own_generation(struct story *s, struct fuzz_input in)
{
    Esep__V1__Generation m = ESEP__V1__GENERATION__INIT;
    const uint8_t how = fuzz_byte(&in);
    m.previous = how & 1 ? fuzz_number(&in) : generation_of(s);
    m.number = how & 2 ? fuzz_number(&in) : m.previous + 1 + fuzz_byte(&in);
    m.begins = how & 4 ? fuzz_number(&in) : s->count;
    m.nonce = a_nonce(how);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_GENERATION, &m.base);
}

/* What it says is looked at by who verifies; here only whether it follows. */
void log_own_log_key(struct story *s, struct fuzz_input in)
{
    uint8_t old[ESEP_KEY_BYTES];
    uint8_t fresh[ESEP_KEY_BYTES] = {0x5e};
    uint8_t signature[ESEP_SIGNATURE_BYTES] = {0};
    Esep__V1__LogKey m = ESEP__V1__LOG_KEY__INIT;
    const uint8_t how = fuzz_byte(&in);
    memcpy(old, esep_log_keys_newest(views_log_keys(s->views)), sizeof old);
    fresh[1] = fuzz_byte(&in);
    old[0] ^= how & 1 ? fuzz_byte(&in) : 0;
    m.old_key = esep_pb(old, sizeof old);
    m.new_key = esep_pb(fresh, how & 2 ? fuzz_byte(&in) % 33 : sizeof fresh);
    m.generation = how & 4 ? fuzz_number(&in) : generation_of(s);
    m.size = how & 8 ? fuzz_number(&in) : s->count + 1;
    m.at_us = s->now;
    m.by_old = esep_pb(signature, sizeof signature);
    m.by_new = esep_pb(signature, how & 16 ? fuzz_byte(&in) % 65 : sizeof signature);
    m.nonce = a_nonce(how);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_LOG_KEY, &m.base);
}

/* how: bodies 3, plans of bits 12; names from the bytes where 16 is set. */
void log_own_rights(struct story *s, struct fuzz_input in)
{
    static const char *const known[] = {"akmola", "moj", "almaty"};
    char text[6][40], reason[64];
    char *names[6];
    Esep__V1__OfficeRights m = ESEP__V1__OFFICE_RIGHTS__INIT;
    const uint8_t how = fuzz_byte(&in);
    m.office = 1 + (uint32_t)fuzz_number(&in);
    m.n_bodies = how & 3;
    m.n_plans = how >> 2 & 3;
    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(text[i], sizeof text[i], "%s",
                       i < 3    ? known[i]
                       : i == 3 ? "p"
                                : known[i - 3]);
        names[i] = how & 16 ? (char *)(uintptr_t)fuzz_text(&in, text[i], sizeof text[i]) : text[i];
    }
    m.bodies = names;
    m.plans = names + 3;
    m.reason = (char *)(uintptr_t)fuzz_text(&in, reason, sizeof reason);
    m.nonce = a_nonce(how);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS, &m.base);
}

void log_own_keys_asked(struct story *s, struct fuzz_input in)
{
    uint8_t key[ESEP_KEY_BYTES] = {0};
    char reason[64];
    Esep__V1__KeysAsked m = ESEP__V1__KEYS_ASKED__INIT;
    const uint8_t how = fuzz_byte(&in);
    m.office = 1 + (uint32_t)fuzz_number(&in);
    const struct views_office *office = views_office(s->views, m.office);
    if (office != NULL)
        memcpy(key, office->sign_key, sizeof key);
    key[0] ^= how & 1 ? fuzz_byte(&in) : 0;
    m.sign_key = esep_pb(key, how & 2 ? fuzz_byte(&in) % 33 : sizeof key);
    m.reason = (char *)(uintptr_t)fuzz_text(&in, reason, sizeof reason);
    m.nonce = a_nonce(how);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED, &m.base);
}
