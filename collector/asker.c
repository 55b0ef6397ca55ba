/* collector/asker.c - see asker.h. One thread drives all requests with libcurl's multi interface.
 *
 * A place belongs to the thread from READY until it is DONE, to the loop else. Under the lock is no
 * more than taking and giving: the loop waits for it.
 */
#include "collector/asker.h"

#include "io/folder.h"
#include "io/log.h"
#include "io/loop.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define POLL_MS 60000
#define URL_MAX 640

enum place_state { FREE, READY, UNDER_WAY, DONE };

struct place {
    enum place_state state;
    CURL *easy;
    struct curl_slist *headers;
    char url[URL_MAX];
    char ca_file[512];
    uint8_t *body;
    size_t body_len;
    uint8_t answer[COSIGNER_ANSWER_BYTES_MAX];
    size_t answer_len;
    bool is_long;
    bool is_size;
    long status;
    char error[CURL_ERROR_SIZE];
};

struct kept {
    char path[512];
    uint8_t *bytes; /* NULL: nothing is to be written */
    size_t len;
};

struct asker {
    asker_done_fn *done;
    void *context;
    long timeout_ms;
    CURLM *multi;
    struct esep_wakeup *wake;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    /* under the lock */
    bool stop;
    struct place places[COSIGNERS_MAX];
    struct kept files[ASKER_FILES_MAX];
    int unkept;
};

static size_t take_answer(char *data, size_t size, size_t count, void *context)
{
    struct place *place = context;
    const size_t len = size * count;
    if (len > sizeof place->answer - place->answer_len) {
        place->is_long = true;
        return 0;
    }
    memcpy(place->answer + place->answer_len, data, len);
    place->answer_len += len;
    return len;
}

static void take_down(struct place *place)
{
    curl_easy_cleanup(place->easy);
    curl_slist_free_all(place->headers);
    free(place->body);
    place->easy = NULL;
    place->headers = NULL;
    place->body = NULL;
}

static bool prepare(const struct asker *a, struct place *place)
{
    place->easy = curl_easy_init();
    place->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    struct curl_slist *more =
        place->headers != NULL ? curl_slist_append(place->headers, "Expect:") : NULL;
    if (place->easy == NULL || more == NULL)
        return false;
    place->headers = more;
    place->error[0] = '\0';
    place->answer_len = 0;
    place->is_long = place->is_size = false;
    (void)curl_easy_setopt(place->easy, CURLOPT_PRIVATE, place);
    (void)curl_easy_setopt(place->easy, CURLOPT_ERRORBUFFER, place->error);
    (void)curl_easy_setopt(place->easy, CURLOPT_NOSIGNAL, 1L);
    /* Else the end waits for a name server. */
    (void)curl_easy_setopt(place->easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_easy_setopt(place->easy, CURLOPT_TIMEOUT_MS, a->timeout_ms);
    (void)curl_easy_setopt(place->easy, CURLOPT_FORBID_REUSE, 1L);
    (void)curl_easy_setopt(place->easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(place->easy, CURLOPT_USERAGENT, "esep/" ESEP_VERSION);
    (void)curl_easy_setopt(place->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (place->ca_file[0] != '\0') {
        (void)curl_easy_setopt(place->easy, CURLOPT_CAINFO, place->ca_file);
        (void)curl_easy_setopt(place->easy, CURLOPT_CAPATH, NULL);
        (void)curl_easy_setopt(place->easy, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* else for a day */
    }
    (void)curl_easy_setopt(place->easy, CURLOPT_URL, place->url);
    (void)curl_easy_setopt(place->easy, CURLOPT_HTTPHEADER, place->headers);
    (void)curl_easy_setopt(place->easy, CURLOPT_POSTFIELDS, place->body);
    (void)curl_easy_setopt(place->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)place->body_len);
    (void)curl_easy_setopt(place->easy, CURLOPT_WRITEFUNCTION, take_answer);
    (void)curl_easy_setopt(place->easy, CURLOPT_WRITEDATA, place);
    return true;
}

static void set_state(struct asker *a, struct place *place, enum place_state state)
{
    (void)pthread_mutex_lock(&a->lock);
    place->state = state;
    (void)pthread_mutex_unlock(&a->lock);
}

static void finish(struct asker *a, struct place *place, CURLcode result)
{
    const char *type = NULL;
    place->status = 0;
    if (result == CURLE_OK) {
        (void)curl_easy_getinfo(place->easy, CURLINFO_RESPONSE_CODE, &place->status);
        (void)curl_easy_getinfo(place->easy, CURLINFO_CONTENT_TYPE, &type);
        place->is_size = type != NULL && strcmp(type, ESEP_ADD_CHECKPOINT_CONFLICT) == 0;
    } else {
        const char *why = place->is_long            ? "it answers without end"
                          : place->error[0] != '\0' ? place->error
                                                    : curl_easy_strerror(result);
        place->answer_len = (size_t)snprintf((char *)place->answer, 128, "%.120s", why);
    }
    take_down(place);
    set_state(a, place, DONE);
    esep_wakeup_ring(a->wake);
}

static void begin(struct asker *a, struct place *place)
{
    if (!prepare(a, place) || curl_multi_add_handle(a->multi, place->easy) != CURLM_OK)
        finish(a, place, CURLE_OUT_OF_MEMORY);
}

static void keep(struct asker *a, const struct kept *file)
{
    const int error =
        esep_file_replace(file->path, 0640, ESEP_REPLACE_SYNCED, file->bytes, file->len) ? 0
                                                                                         : errno;
    free(file->bytes);
    (void)pthread_mutex_lock(&a->lock);
    if (error != 0)
        a->unkept = error;
    (void)pthread_mutex_unlock(&a->lock);
}

/* What the loop has handed over. False: it is over. */
static bool take_work(struct asker *a)
{
    bool is_new[COSIGNERS_MAX] = {false};
    struct kept files[ASKER_FILES_MAX];
    (void)pthread_mutex_lock(&a->lock);
    const bool stop = a->stop;
    for (size_t i = 0; i < COSIGNERS_MAX && !stop; i++)
        if (a->places[i].state == READY) {
            a->places[i].state = UNDER_WAY;
            is_new[i] = true;
        }
    for (size_t i = 0; i < ASKER_FILES_MAX; i++) {
        files[i] = a->files[i];
        a->files[i].bytes = NULL;
    }
    (void)pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < COSIGNERS_MAX; i++)
        if (is_new[i])
            begin(a, &a->places[i]);
    for (size_t i = 0; i < ASKER_FILES_MAX; i++)
        if (files[i].bytes != NULL)
            keep(a, &files[i]);
    return !stop;
}

static void take_ends(struct asker *a)
{
    CURLMsg *message = NULL;
    int left = 0;
    while ((message = curl_multi_info_read(a->multi, &left)) != NULL) {
        struct place *place = NULL;
        const CURLcode result = message->data.result;
        CURL *easy = message->easy_handle;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &place);
        (void)curl_multi_remove_handle(a->multi, easy);
        finish(a, place, result);
    }
}

static void *work(void *context)
{
    struct asker *a = context;
    while (take_work(a)) {
        int running = 0;
        (void)curl_multi_perform(a->multi, &running);
        take_ends(a);
        if (curl_multi_poll(a->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
            (void)poll(NULL, 0, 100); /* no descriptor is left, say: not as fast as it can */
    }
    return NULL;
}

/* With the first work. */
static bool start(struct asker *a)
{
    a->has_thread = a->has_thread || esep_thread_start(&a->thread, work, a);
    return a->has_thread;
}

/* One at a time: whoever hears of it may ask anew at once. */
static void on_wake(void *context)
{
    struct asker *a = context;
    for (size_t i = 0; i < COSIGNERS_MAX; i++) {
        struct place *place = &a->places[i];
        (void)pthread_mutex_lock(&a->lock);
        const bool is_done = place->state == DONE;
        (void)pthread_mutex_unlock(&a->lock);
        if (!is_done)
            continue;
        uint8_t bytes[COSIGNER_ANSWER_BYTES_MAX];
        memcpy(bytes, place->answer, place->answer_len);
        const struct cosigner_answer answer = {.status = (unsigned)place->status,
                                               .is_size = place->is_size,
                                               .body = esep_slice(bytes, place->answer_len)};
        place->state = FREE;
        a->done(a->context, i, &answer);
    }
}

enum esep_status asker_new(struct asker **ret, struct esep_loop *loop, int64_t timeout,
                           asker_done_fn *done, void *context, struct esep_reason *reason)
{
    struct asker *a = calloc(1, sizeof *a);
    if (a == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for witnesses");
    a->done = done;
    a->context = context;
    a->timeout_ms = (long)(timeout / (ESEP_SECOND / 1000));
    (void)pthread_mutex_init(&a->lock, NULL);
    enum esep_status status = esep_wakeup_new(&a->wake, loop, on_wake, a, reason);
    if (status == ESEP_OK && (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
                              (a->multi = curl_multi_init()) == NULL))
        status = esep_because(reason, ESEP_NOMEM, "no memory for witnesses");
    if (status != ESEP_OK) {
        asker_free(a);
        return status;
    }
    *ret = a;
    return ESEP_OK;
}

void asker_free(struct asker *a)
{
    if (a == NULL)
        return;
    if (a->has_thread) {
        (void)pthread_mutex_lock(&a->lock);
        a->stop = true;
        (void)pthread_mutex_unlock(&a->lock);
        (void)curl_multi_wakeup(a->multi);
        (void)pthread_join(a->thread, NULL);
    }
    for (size_t i = 0; i < COSIGNERS_MAX; i++) {
        if (a->places[i].easy != NULL)
            (void)curl_multi_remove_handle(a->multi, a->places[i].easy);
        take_down(&a->places[i]);
    }
    for (size_t i = 0; i < ASKER_FILES_MAX; i++)
        free(a->files[i].bytes);
    if (a->multi != NULL)
        (void)curl_multi_cleanup(a->multi);
    esep_wakeup_free(a->wake);
    (void)pthread_mutex_destroy(&a->lock);
    free(a);
}

static uint8_t *copy(struct esep_slice bytes)
{
    uint8_t *out = malloc(bytes.len + 1);
    if (out != NULL && bytes.len > 0)
        memcpy(out, bytes.data, bytes.len);
    return out;
}

enum esep_status asker_ask(struct asker *a, size_t number, const char *url, const char *ca_file,
                           struct esep_slice body)
{
    ESEP_ASSERT(number < COSIGNERS_MAX);
    struct place *place = &a->places[number];
    uint8_t *bytes = copy(body);
    if (bytes == NULL || !start(a)) {
        free(bytes);
        return ESEP_NOMEM;
    }
    (void)pthread_mutex_lock(&a->lock);
    ESEP_ASSERT(place->state == FREE);
    (void)snprintf(place->url, sizeof place->url, "%s/add-checkpoint", url);
    (void)snprintf(place->ca_file, sizeof place->ca_file, "%s", ca_file);
    place->body = bytes;
    place->body_len = body.len;
    place->state = READY;
    (void)pthread_mutex_unlock(&a->lock);
    (void)curl_multi_wakeup(a->multi);
    return ESEP_OK;
}

enum esep_status asker_keep(struct asker *a, size_t which, const char *path,
                            struct esep_slice bytes)
{
    ESEP_ASSERT(which < ASKER_FILES_MAX);
    uint8_t *taken = copy(bytes);
    if (taken == NULL || !start(a)) {
        free(taken);
        return ESEP_NOMEM;
    }
    (void)pthread_mutex_lock(&a->lock);
    struct kept *file = &a->files[which];
    free(file->bytes);
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    file->bytes = taken;
    file->len = bytes.len;
    (void)pthread_mutex_unlock(&a->lock);
    (void)curl_multi_wakeup(a->multi);
    return ESEP_OK;
}

int asker_unkept(struct asker *a)
{
    (void)pthread_mutex_lock(&a->lock);
    const int error = a->unkept;
    a->unkept = 0;
    (void)pthread_mutex_unlock(&a->lock);
    return error;
}
