/* collector/log_signer.h - who signs for this collector's log, as the configuration says.
 *
 * `signer.socket` names a process that holds the log's key (`esep-collector signer`,
 * docs/adr/0022). Without it the key stands in the key file and signs in this process. Everything
 * that the log's key signs goes through here.
 */
#ifndef COLLECTOR_LOG_SIGNER_H
#define COLLECTOR_LOG_SIGNER_H

#include "collector/settings.h"
#include "collector/signer/signer_service.h"

struct log_signer {
    struct signer_memory memory;   /* the key is in this process */
    struct collector_signer ask;   /* for the thread that opened it: short of patience */
    struct collector_signer heads; /* for a thread that may wait */
};
#define LOG_SIGNER_NONE                                                                            \
    {                                                                                              \
        .ask = {.fd = -1}, .heads = {.fd = -1 }                                                    \
    } /* not opened; may be closed */
/* Nobody is asked yet. */
ESEP_MUST_USE enum esep_status log_signer_open(struct log_signer *ret,
                                               const struct collector_settings *settings,
                                               struct esep_reason *reason);
/* Also where it could not be opened. */
void log_signer_close(struct log_signer *signer);
/* The log's public key, as whoever holds it says. */
ESEP_MUST_USE enum esep_status log_signer_public(const struct collector_settings *settings,
                                                 uint8_t ret[ESEP_KEY_BYTES],
                                                 struct esep_reason *reason);

/* All keys that the log has had, the present one last, as whoever holds that one says. */
ESEP_MUST_USE enum esep_status log_signer_keys(const struct collector_settings *settings,
                                               struct esep_log_keys *ret,
                                               struct esep_reason *reason);

#endif
