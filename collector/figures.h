/* collector/figures.h - what ingest counts, for those who cannot ask it: a file beside the store.
 *
 * Ingest serves nobody but brokers and local orders, and its page may be down, or run as another
 * user. So it lays its figures into STORE/figures, each few seconds: samples in Prometheus' text
 * format, which the page's process adds to /metrics as they are, and sentences ("# say KEY: ..."),
 * which `status` prints. Nothing is synced: after a crash they are of before it, and their age
 * tells so.
 *
 * It decides nothing; what a figure means is said where it is put.
 */
#ifndef COLLECTOR_FIGURES_H
#define COLLECTOR_FIGURES_H

#include "base/slice.h"
#include "base/time.h"

#define FIGURES_EVERY (5 * ESEP_SECOND)
#define FIGURES_STALE (30 * ESEP_SECOND) /* older: ingest is not running, or its loop is stuck */
#define FIGURES_BYTES_MAX (32u << 10)

/* Being made. What does not fit is left out; the file is whole lines always. */
void figures_begin(struct esep_buf *ret);
/* name: [a-z_]+; a counter's ends in _total. label: "" or a value that tells samples of one name
 * apart ({name="..."}); they are put one behind the other. */
void figures_put(struct esep_buf *figures, const char *name, const char *label, uint64_t value);
/* key: [a-z-]+. One line, whatever text holds. "" says nothing. */
void figures_say(struct esep_buf *figures, const char *key, const char *text);
/* ESEP_IO: errno says why. */
ESEP_MUST_USE enum esep_status figures_publish(const char *store, const struct esep_buf *figures);

/* As they were read. */
struct figures {
    size_t len; /* 0: there are none */
    esep_time age;
    char text[FIGURES_BYTES_MAX + 1];
};
void figures_read(const char *store, struct figures *ret);
/* Of a name without a label; false: not among them. */
ESEP_MUST_USE bool figures_value(const struct figures *figures, const char *name,
                                 uint64_t *ret_value);
/* Copies the sentence of this key; "" where there is none. */
void figures_said(const struct figures *figures, const char *key, struct esep_reason *ret);

#endif
