/* collector/web/hasher.c - the thread and its ring of jobs.
 *
 * Places go from the loop to the thread and back: FREE -> ASKED (loop) -> DONE (thread) -> FREE
 * (loop), in order, so that three counters under one lock say everything.
 */
#include "collector/web/hasher.h"

#include "io/loop.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACES = 16 };

struct job {
    enum web_hashing what;
    char password[WEB_PASSWORD_BYTES_MAX + 1];
    char hash[WEB_PASSWORD_HASH_MAX];
    bool right;
    web_hasher_fn *on_done;
    void *context;
};
struct web_hasher {
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t asked_more;
    struct esep_wakeup *wakeup;
    char nobody[WEB_PASSWORD_HASH_MAX]; /* a hash that no password has */
    bool ending;
    uint64_t asked, done, told; /* told <= done <= asked <= told + PLACES */
    struct job jobs[PLACES];
};

_Static_assert(WEB_PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash fits");

static bool make_hash(const char *password, char ret[WEB_PASSWORD_HASH_MAX])
{
    return crypto_pwhash_str(ret, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

static void work(const struct web_hasher *hasher, struct job *job)
{
    if (job->what == WEB_HASH_MAKE) {
        if (!make_hash(job->password, job->hash))
            job->hash[0] = '\0';
    } else {
        const bool nobody = job->hash[0] == '\0';
        const char *hash = nobody ? hasher->nobody : job->hash;
        const bool right =
            crypto_pwhash_str_verify(hash, job->password, strlen(job->password)) == 0;
        job->right = right && !nobody;
    }
    esep_wipe(job->password, sizeof job->password);
}

static void *thread_main(void *context)
{
    struct web_hasher *hasher = context;
    (void)pthread_mutex_lock(&hasher->lock);
    while (!hasher->ending) {
        if (hasher->done == hasher->asked) {
            (void)pthread_cond_wait(&hasher->asked_more, &hasher->lock);
            continue;
        }
        struct job *job = &hasher->jobs[hasher->done % PLACES];
        (void)pthread_mutex_unlock(&hasher->lock);
        work(hasher, job);
        (void)pthread_mutex_lock(&hasher->lock);
        hasher->done++;
        esep_wakeup_ring(hasher->wakeup);
    }
    (void)pthread_mutex_unlock(&hasher->lock);
    return NULL;
}

static void on_wake(void *context)
{
    struct web_hasher *hasher = context;
    for (;;) {
        (void)pthread_mutex_lock(&hasher->lock);
        const bool more = hasher->told < hasher->done;
        struct job job = more ? hasher->jobs[hasher->told % PLACES] : (struct job){0};
        hasher->told += more;
        (void)pthread_mutex_unlock(&hasher->lock);
        if (!more)
            return;
        job.on_done(job.context, job.right, job.hash);
    }
}

enum esep_status web_hasher_new(struct web_hasher **ret, struct esep_loop *loop,
                                struct esep_reason *reason)
{
    struct web_hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for hashing passwords");
    (void)pthread_mutex_init(&hasher->lock, NULL);
    (void)pthread_cond_init(&hasher->asked_more, NULL);
    char random[33];
    uint8_t bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    esep_hex(bytes, sizeof bytes, random);
    enum esep_status status = esep_wakeup_new(&hasher->wakeup, loop, on_wake, hasher, reason);
    if (status == ESEP_OK && !make_hash(random, hasher->nobody))
        status = esep_because(reason, ESEP_NOMEM, "no memory for hashing passwords");
    if (status == ESEP_OK && pthread_create(&hasher->thread, NULL, thread_main, hasher) != 0)
        status = esep_because(reason, ESEP_IO, "no thread for hashing passwords");
    if (status != ESEP_OK) {
        web_hasher_free(hasher);
        return status;
    }
    hasher->started = true;
    *ret = hasher;
    return ESEP_OK;
}

void web_hasher_free(struct web_hasher *hasher)
{
    if (hasher == NULL)
        return;
    if (hasher->started) {
        (void)pthread_mutex_lock(&hasher->lock);
        hasher->ending = true;
        (void)pthread_cond_signal(&hasher->asked_more);
        (void)pthread_mutex_unlock(&hasher->lock);
        (void)pthread_join(hasher->thread, NULL);
    }
    for (; hasher->told < hasher->asked; hasher->told++) {
        const struct job *job = &hasher->jobs[hasher->told % PLACES];
        job->on_done(job->context, false, "");
    }
    esep_wakeup_free(hasher->wakeup);
    (void)pthread_cond_destroy(&hasher->asked_more);
    (void)pthread_mutex_destroy(&hasher->lock);
    esep_wipe(hasher, sizeof *hasher);
    free(hasher);
}

enum esep_status web_hasher_ask(struct web_hasher *hasher, enum web_hashing what,
                                const char *password, const char *hash, web_hasher_fn *on_done,
                                void *context)
{
    if (strlen(password) > WEB_PASSWORD_BYTES_MAX)
        password = ""; /* nobody's, and takes as long */
    (void)pthread_mutex_lock(&hasher->lock);
    const bool room = hasher->asked - hasher->told < PLACES;
    if (room) {
        struct job *job = &hasher->jobs[hasher->asked % PLACES];
        *job = (struct job){.what = what, .on_done = on_done, .context = context};
        (void)snprintf(job->password, sizeof job->password, "%s", password);
        (void)snprintf(job->hash, sizeof job->hash, "%s", hash);
        hasher->asked++;
        (void)pthread_cond_signal(&hasher->asked_more);
    }
    (void)pthread_mutex_unlock(&hasher->lock);
    return room ? ESEP_OK : ESEP_LIMIT;
}
