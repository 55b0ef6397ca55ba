/* collector/log_signer.c - see log_signer.h. */
#include "collector/log_signer.h"

#include "io/keyfile.h"

#define PATIENCE_MS 2000 /* a loop stands still meanwhile */

static enum esep_status take_key(struct log_signer *signer, const char *path,
                                 struct esep_reason *reason)
{
    struct esep_keyfile file;
    enum esep_status status = esep_keyfile_read(path, &file, reason);
    if (status != ESEP_OK)
        return status;
    status = esep_keyfile_sign(&file, &signer->memory.keys.present);
    esep_wipe(&file, sizeof file);
    if (status != ESEP_OK)
        status =
            esep_because(reason, status,
                         "%.150s holds no sign key for the log, and signer.socket names nobody "
                         "who does",
                         path);
    return status;
}

enum esep_status log_signer_open(struct log_signer *ret, const struct collector_settings *settings,
                                 struct esep_reason *reason)
{
    *ret = (struct log_signer)LOG_SIGNER_NONE;
    if (settings->signer[0] != '\0') {
        collector_signer_remote(&ret->ask, settings->signer);
        collector_signer_remote(&ret->heads, settings->signer);
        ret->ask.patience_ms = PATIENCE_MS;
        return ESEP_OK;
    }
    collector_signer_local(&ret->ask, &ret->memory);
    collector_signer_local(&ret->heads, &ret->memory);
    return take_key(ret, settings->keys, reason);
}

void log_signer_close(struct log_signer *signer)
{
    collector_signer_done(&signer->ask);
    collector_signer_done(&signer->heads);
    esep_wipe(&signer->memory, sizeof signer->memory);
}

enum esep_status log_signer_public(const struct collector_settings *settings,
                                   uint8_t ret[ESEP_KEY_BYTES], struct esep_reason *reason)
{
    struct log_signer signer;
    enum esep_status status = log_signer_open(&signer, settings, reason);
    if (status == ESEP_OK)
        status = collector_signer_key(&signer.ask, ret, reason);
    log_signer_close(&signer);
    return status;
}

static enum esep_status ask_keys(struct collector_signer *ask, struct esep_log_keys *ret,
                                 struct esep_reason *reason)
{
    struct collector_signer_keys signer;
    struct signer_request request = {.op = SIGNER_CHAIN};
    struct esep_log_key key;
    enum esep_status status = collector_signer_keys(ask, &signer, reason);
    if (status != ESEP_OK || signer.count == 1) {
        if (status == ESEP_OK)
            esep_log_keys_begin(ret, signer.present);
        return status;
    }
    for (; status == ESEP_OK && request.size < signer.count; request.size++) {
        status = collector_signer_change(ask, &request, &key, reason);
        if (status == ESEP_OK && request.size == 0)
            esep_log_keys_begin(ret, key.public);
        else if (status == ESEP_OK)
            status = esep_log_keys_push(ret, esep_log_keys_newest(ret), &key);
    }
    return status;
}

enum esep_status log_signer_keys(const struct collector_settings *settings,
                                 struct esep_log_keys *ret, struct esep_reason *reason)
{
    struct log_signer signer;
    enum esep_status status = log_signer_open(&signer, settings, reason);
    if (status == ESEP_OK)
        status = ask_keys(&signer.ask, ret, reason);
    log_signer_close(&signer);
    return status;
}
