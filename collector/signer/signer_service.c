/* collector/signer/signer_service.c - a request in, a reply out; see signer_service.h. */
#include "collector/signer/signer_service.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The switch is made once the folder says so; the files follow, now or at the next start. */
static enum esep_status answer_rotation(struct signer *signer, const struct signer_request *request,
                                        const struct esep_merkle *tree, struct signer_reply *ret)
{
    struct signer_keys keys = signer->keys;
    enum esep_status status = ESEP_OK;
    *ret = (struct signer_reply){.size = tree->size};
    signer_rotate(&keys, request, tree, ret);
    const bool switched = ret->status == ESEP_OK && keys.known.count > signer->heads.known.count;
    if (switched)
        status = signer_heads_keys(&signer->heads, &keys.known);
    if (switched && status == ESEP_OK) {
        signer->keys = keys;
        signer->broken = !signer_place_switch(signer->place);
    }
    signer->broken = signer->broken || status != ESEP_OK;
    esep_wipe(&keys, sizeof keys);
    return status == ESEP_OK ? ret->status : status;
}

static enum esep_status answer_head(struct signer *signer, const struct signer_request *request,
                                    struct signer_reply *ret)
{
    struct esep_merkle tree;
    struct esep_merkle next;
    enum esep_status status =
        signer->broken ? ESEP_IO : signer_heads_get(&signer->heads, request->origin, &tree);
    if (status != ESEP_OK)
        return status;
    ret->size = tree.size;
    ret->root = esep_merkle_root(&tree);
    if (request->op == SIGNER_SIZE)
        return ESEP_OK;
    if (request->op == SIGNER_NEXT || request->op == SIGNER_SWITCH)
        return answer_rotation(signer, request, &tree, ret);
    status = signer_extend(&tree, request, &next);
    /* A log of nothing has no file; neither is the same head written twice. */
    if (status == ESEP_OK && next.size > tree.size)
        status = signer_heads_put(&signer->heads, request->origin, &next);
    signer->broken = status == ESEP_IO;
    if (status == ESEP_OK)
        signer_sign_head(&signer->keys.present, request->origin, &next, ret);
    return status;
}

void signer_answer(struct signer *signer, struct esep_slice request, struct signer_reply *ret)
{
    struct signer_request asked;
    if (request.len > 0 && request.data[0] == SIGNER_KEY) /* it may have been laid there since */
        signer_place_look(signer->place, &signer->keys);
    if (!signer_answer_by_key(&signer->keys, request, &asked, ret))
        ret->status = answer_head(signer, &asked, ret);
}

enum esep_status signer_open(struct signer *ret, const char *keys, const char *heads, bool make,
                             struct esep_reason *reason)
{
    bool made = false;
    *ret = (struct signer){.heads = {.folder = -1}, .place = keys};
    enum esep_status status = signer_place_read(keys, make, &ret->keys, &made, reason);
    if (status == ESEP_OK)
        status = signer_heads_open(&ret->heads, heads, ret->keys.present.public, made, reason);
    if (status != ESEP_OK)
        return status;
    ret->keys.known = ret->heads.known;
    return signer_place_settle(keys, &ret->keys, reason);
}

void signer_close(struct signer *signer)
{
    signer_heads_close(&signer->heads);
    esep_wipe(signer, sizeof *signer);
    signer->heads.folder = -1;
}

void collector_signer_local(struct collector_signer *ret, struct signer_memory *signer)
{
    *ret = (struct collector_signer){.local = signer, .fd = -1};
}

void collector_signer_remote(struct collector_signer *ret, const char *path)
{
    *ret = (struct collector_signer){.fd = -1, .patience_ms = SIGNER_PATIENCE_MS};
    (void)snprintf(ret->socket, sizeof ret->socket, "%s", path);
}

void collector_signer_done(struct collector_signer *signer)
{
    if (signer->fd >= 0)
        (void)close(signer->fd);
    signer->fd = -1;
}

static enum esep_status away(struct collector_signer *signer, const char *doing,
                             struct esep_reason *reason)
{
    const enum esep_status status = esep_because(reason, ESEP_AGAIN, "the signer at %s: %s: %s",
                                                 signer->socket, doing, strerror(errno));
    collector_signer_done(signer);
    return status;
}

static enum esep_status dial(struct collector_signer *signer, struct esep_reason *reason)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = signer->patience_ms / 1000,
                                     .tv_usec = signer->patience_ms % 1000 * 1000};
    if (signer->fd >= 0)
        return ESEP_OK;
    _Static_assert(sizeof signer->socket <= sizeof address.sun_path, "a socket's path fits");
    memcpy(address.sun_path, signer->socket, sizeof signer->socket);
    signer->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (signer->fd < 0 ||
        setsockopt(signer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(signer->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return away(signer, "cannot be reached", reason);
    return ESEP_OK;
}

/* One message there, one back. A connection whose answer did not come is not used again: the answer
 * would be taken for the next one's. */
static enum esep_status exchange(struct collector_signer *signer, struct esep_slice request,
                                 struct signer_reply *ret, struct esep_reason *reason)
{
    uint8_t reply[SIGNER_REPLY_BYTES + 1];
    enum esep_status status = dial(signer, reason);
    if (status != ESEP_OK)
        return status;
    if (send(signer->fd, request.data, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
        return away(signer, "does not listen", reason);
    struct pollfd there = {.fd = signer->fd, .events = POLLIN};
    errno = ETIMEDOUT;
    const int ready = poll(&there, 1, signer->patience_ms);
    const ssize_t len = ready > 0 ? recv(signer->fd, reply, sizeof reply, MSG_DONTWAIT) : -1;
    if (len == 0)
        errno = ECONNRESET;
    if (len <= 0 || signer_reply_parse(esep_slice(reply, (size_t)len), ret) != ESEP_OK)
        return away(signer, "does not answer", reason);
    return ESEP_OK;
}

enum esep_status collector_signer_ask(struct collector_signer *signer,
                                      const struct signer_request *request,
                                      struct signer_reply *ret, struct esep_reason *reason)
{
    uint8_t bytes[SIGNER_REQUEST_MAX];
    const struct esep_slice asked = esep_slice(bytes, signer_request_write(request, bytes));
    if (signer->local == NULL)
        return exchange(signer, asked, ret, reason);
    signer_memory_answer(signer->local, asked, ret);
    return ESEP_OK;
}

enum esep_status collector_signer_keys(struct collector_signer *signer,
                                       struct collector_signer_keys *ret,
                                       struct esep_reason *reason)
{
    static const uint8_t none[ESEP_KEY_BYTES];
    const struct signer_request request = {.op = SIGNER_KEY};
    struct signer_reply reply;
    enum esep_status status = collector_signer_ask(signer, &request, &reply, reason);
    if (status == ESEP_OK && reply.status != ESEP_OK)
        status = esep_because(reason, reply.status, "the signer does not say its key: %s",
                              esep_status_name(reply.status));
    if (status != ESEP_OK)
        return status;
    *ret = (struct collector_signer_keys){.count = reply.size};
    memcpy(ret->present, reply.root.bytes, ESEP_KEY_BYTES);
    memcpy(ret->next, reply.by_new, ESEP_KEY_BYTES);
    ret->has_next = memcmp(ret->next, none, sizeof none) != 0;
    return ESEP_OK;
}

enum esep_status collector_signer_key(struct collector_signer *signer,
                                      uint8_t ret_public[ESEP_KEY_BYTES],
                                      struct esep_reason *reason)
{
    struct collector_signer_keys keys;
    const enum esep_status status = collector_signer_keys(signer, &keys, reason);
    if (status == ESEP_OK)
        memcpy(ret_public, keys.present, ESEP_KEY_BYTES);
    return status;
}

enum esep_status collector_signer_change(struct collector_signer *signer,
                                         const struct signer_request *request,
                                         struct esep_log_key *ret, struct esep_reason *reason)
{
    struct signer_reply reply;
    const enum esep_status status = collector_signer_ask(signer, request, &reply, reason);
    if (status == ESEP_OK && reply.status != ESEP_OK)
        return esep_because(reason, reply.status,
                            "the signer does not give the log another key: %s",
                            esep_status_name(reply.status));
    if (status != ESEP_OK)
        return status;
    *ret =
        (struct esep_log_key){.generation = reply.generation, .size = reply.size, .at = reply.at};
    memcpy(ret->public, reply.root.bytes, ESEP_KEY_BYTES);
    memcpy(ret->by_old, reply.signature, ESEP_SIGNATURE_BYTES);
    memcpy(ret->by_new, reply.by_new, ESEP_SIGNATURE_BYTES);
    return ESEP_OK;
}

enum esep_status collector_signer_statement(struct collector_signer *signer,
                                            struct esep_slice statement,
                                            uint8_t ret_signature[ESEP_SIGNATURE_BYTES],
                                            struct esep_reason *reason)
{
    const struct signer_request request = {.op = SIGNER_STATEMENT, .statement = statement};
    struct signer_reply reply;
    enum esep_status status = collector_signer_ask(signer, &request, &reply, reason);
    if (status == ESEP_OK && reply.status != ESEP_OK)
        status = esep_because(reason, reply.status, "the signer refuses a statement: %s",
                              esep_status_name(reply.status));
    if (status == ESEP_OK)
        memcpy(ret_signature, reply.signature, ESEP_SIGNATURE_BYTES);
    return status;
}

enum esep_status
collector_signer_head(struct collector_signer *signer, const struct signer_request *request,
                      bool (*wait)(void *context, unsigned tries, const struct esep_reason *why),
                      void *context, struct signer_reply *ret, struct esep_reason *reason)
{
    enum esep_status status = ESEP_AGAIN;
    for (unsigned tries = 1; status == ESEP_AGAIN; tries++) {
        status = collector_signer_ask(signer, request, ret, reason);
        if (status == ESEP_OK && (ret->status == ESEP_IO || ret->status == ESEP_LIMIT))
            status = esep_because(reason, ESEP_AGAIN, "the signer cannot keep what it signs: %s",
                                  ret->status == ESEP_IO ? "its disk failed" : "no room");
        if (status == ESEP_AGAIN && !wait(context, tries, reason))
            return status;
    }
    if (status != ESEP_OK || ret->status == ESEP_OK)
        return status;
    return esep_because(reason, ret->status,
                        ret->status == ESEP_CONFLICT
                            ? "the signer has signed another history, or more of this one"
                            : "the signer refuses: %s",
                        esep_status_name(ret->status));
}
