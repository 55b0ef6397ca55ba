/* collector/web/hasher.c - Argon2id as libsodium has it, job by job. */
#include "collector/web/hasher.h"

#include "collector/web/worker.h"
#include "io/keyfile.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct web_hasher {
    struct web_worker *worker;
    char nobody[WEB_PASSWORD_HASH_MAX]; /* a hash that no password has */
};
struct hashing {
    const struct web_hasher *hasher;
    enum web_hashing what;
    char password[WEB_PASSWORD_BYTES_MAX + 1];
    char hash[WEB_PASSWORD_HASH_MAX];
    bool right;
    web_hasher_fn *on_done;
    void *context;
};

_Static_assert(WEB_PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash fits");

static bool make_hash(const char *password, char ret[WEB_PASSWORD_HASH_MAX])
{
    return crypto_pwhash_str(ret, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

static void work(void *context)
{
    struct hashing *job = context;
    if (job->what == WEB_HASH_MAKE) {
        if (!make_hash(job->password, job->hash))
            job->hash[0] = '\0';
    } else {
        const bool nobody = job->hash[0] == '\0';
        const char *hash = nobody ? job->hasher->nobody : job->hash;
        const bool right =
            crypto_pwhash_str_verify(hash, job->password, strlen(job->password)) == 0;
        job->right = right && !nobody;
    }
    esep_wipe(job->password, sizeof job->password);
}

static void done(void *context, bool worked)
{
    struct hashing *job = context;
    job->on_done(job->context, worked && job->right, worked ? job->hash : "");
    esep_wipe(job, sizeof *job);
    free(job);
}

enum esep_status web_hasher_new(struct web_hasher **ret, struct esep_loop *loop,
                                struct esep_reason *reason)
{
    struct web_hasher *hasher = calloc(1, sizeof *hasher);
    char random[33];
    uint8_t bytes[16];
    if (hasher == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for hashing passwords");
    esep_random(bytes, sizeof bytes);
    esep_hex(bytes, sizeof bytes, random);
    enum esep_status status = web_worker_new(&hasher->worker, loop, reason);
    if (status == ESEP_OK && !make_hash(random, hasher->nobody))
        status = esep_because(reason, ESEP_NOMEM, "no memory for hashing passwords");
    if (status != ESEP_OK) {
        web_hasher_free(hasher);
        return status;
    }
    *ret = hasher;
    return ESEP_OK;
}

void web_hasher_free(struct web_hasher *hasher)
{
    if (hasher == NULL)
        return;
    web_worker_free(hasher->worker);
    free(hasher);
}

enum esep_status web_hasher_ask(struct web_hasher *hasher, enum web_hashing what,
                                const char *password, const char *hash, web_hasher_fn *on_done,
                                void *context)
{
    struct hashing *job = calloc(1, sizeof *job);
    if (job == NULL)
        return ESEP_NOMEM;
    *job = (struct hashing){.hasher = hasher, .what = what, .on_done = on_done, .context = context};
    /* Too long a one is nobody's, and takes as long. */
    (void)snprintf(job->password, sizeof job->password, "%s",
                   strlen(password) <= WEB_PASSWORD_BYTES_MAX ? password : "");
    (void)snprintf(job->hash, sizeof job->hash, "%s", hash);
    const enum esep_status status =
        web_worker_ask(hasher->worker, &(struct web_job){work, done, job});
    if (status != ESEP_OK) {
        esep_wipe(job, sizeof *job);
        free(job);
    }
    return status;
}
