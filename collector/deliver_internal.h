/* collector/deliver_internal.h - one delivery, shared by the queue (deliver.c) and the wire
 * (deliver_send.c). */
#ifndef COLLECTOR_DELIVER_INTERNAL_H
#define COLLECTOR_DELIVER_INTERNAL_H

#include "collector/deliver.h"

#include <curl/curl.h>

struct delivery {
    struct delivery *next;
    struct delivery *handed; /* next in a list between the threads */
    uint64_t alert_index;
    uint32_t target;
    Esep__V1__Channel channel;
    char address[256]; /* CHANNEL_WEBHOOK: its name */
    char *subject;
    char *text;
    size_t text_len;
    esep_time raised_at;
    bool busy;
    uint32_t attempts;
    int64_t not_before_us; /* monotonic */
    char detail[256];      /* of the last try */
    char error[CURL_ERROR_SIZE];
    CURL *easy;      /* of the try under way: the worker's while busy */
    CURLcode result; /* of the try that ended */
    curl_mime *mime;
    struct curl_slist *headers;
    struct curl_slist *recipients;
    size_t answered; /* bytes of a webhook's answer */
};

/* Copies. ESEP_INVALID: the target's channel is not configured. */
ESEP_MUST_USE enum esep_status delivery_new(struct delivery **ret, const struct deliver_item *item,
                                            const struct collector_settings *settings);
void delivery_free(struct delivery *delivery);
/* Builds the easy handle of one try. */
ESEP_MUST_USE enum esep_status delivery_prepare(struct delivery *delivery,
                                                const struct collector_settings *settings,
                                                const struct esep_hash *log_id);
/* Judges and takes down a try that has ended; fills detail. */
bool delivery_ended(struct delivery *delivery, CURLcode result);

#endif
