/* agent/keys_asked.h - new keys for the office: who wants them, and making them.
 *
 * A clerk does (`keys rotate`), or an operator, by mail (KeysAsked). A request names the signing
 * key that is to go, so that one which was met, or came twice, asks for nothing. The daemon meets
 * it by itself: the keys are made here, and nothing of the office's leaves with them; where no
 * daemon runs, `status` and `keys` say so, and the clerk does it.
 */
#ifndef AGENT_KEYS_ASKED_H
#define AGENT_KEYS_ASKED_H

#include "agent/journal.h"

#include <jansson.h>

struct agent_keys_asked {
    bool asked; /* for others than these */
    esep_time at;
    char actor[160];
    char reason[256];
};
/* The newest request of the mailbox that speaks of this key. */
ESEP_MUST_USE enum esep_status agent_keys_asked(struct journal *journal,
                                                const uint8_t sign_public[ESEP_KEY_BYTES],
                                                struct agent_keys_asked *ret,
                                                struct esep_reason *reason);
/* {asked_at, by, reason, made_at} as `status` and the page show it; null: nobody asks for others.
 */
json_t *agent_keys_asked_json(struct journal *journal, const uint8_t sign_public[ESEP_KEY_BYTES],
                              const struct esep_zone *zone);
/* Whether this item of the mailbox is such a request. */
bool agent_keys_is_request(const struct agent_mail *mail);
/* Makes new keys beside the key file, where none are on their way, and has the journal name them.
 * On the disk before the journal names them: what it names can always be found. */
ESEP_MUST_USE enum esep_status agent_keys_make(struct journal *journal, const char *key_file,
                                               esep_time now, struct esep_reason *reason);

#endif
