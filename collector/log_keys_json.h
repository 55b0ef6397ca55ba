/* collector/log_keys_json.h - the keys of a log as listings and the page show them: from where on
 * each signs, and the two signatures that say so, so that a stranger can follow the chain by
 * himself.
 */
#ifndef COLLECTOR_LOG_KEYS_JSON_H
#define COLLECTOR_LOG_KEYS_JSON_H

#include "collector/log.h"
#include "wire/log_keys.h"
#include "wire/note.h"

#include <jansson.h>

/* esep-log-keys/1. NULL: no memory. */
json_t *log_keys_json(const struct collector_log *log, const struct esep_log_keys *keys);
/* As witnesses and verifiers take it, under the log's present origin. */
void log_keys_vkey(const struct collector_log *log, const uint8_t key[ESEP_KEY_BYTES],
                   char out[ESEP_NOTE_VKEY_MAX]);

#endif
