/* collector/witness/witness_own.c - a key and the store that goes with it; see witness_run.h.
 *
 * They are made in an order in which a crash leaves nothing that could be mistaken for a loss: the
 * store, the key, the key's name in the store. A key without a store was the witness of another
 * one.
 */
#include "collector/witness/witness_run.h"
#include "io/keyfile.h"

static enum esep_status read_key(struct witness_own *own, const struct witness_settings *settings,
                                 bool make, struct esep_reason *reason)
{
    static const char *const kinds[] = {"sign"};
    struct esep_keyfile file;
    esep_keyfile_tidy(settings->keys);
    enum esep_status status = esep_keyfile_read(settings->keys, &file, reason);
    if (status == ESEP_NOT_FOUND && make) {
        esep_keyfile_generate(&file, kinds, 1);
        status = esep_keyfile_create(settings->keys, &file, reason);
    }
    if (status == ESEP_OK) {
        status = esep_keyfile_sign(&file, &own->key);
        esep_wipe(&file, sizeof file);
        if (status != ESEP_OK)
            return esep_because(reason, ESEP_INVALID, "%.120s lacks a sign key", settings->keys);
    }
    return status == ESEP_OK ? esep_note_key(&own->name, settings->name, ESEP_NOTE_COSIGNATURE,
                                             own->key.public, reason)
                             : status;
}

static enum esep_status open_store(struct witness_own *own, const struct witness_settings *settings,
                                   bool make, struct esep_reason *reason)
{
    enum esep_status status =
        witness_store_open(&own->store, settings->store, false, false, reason);
    if (status != ESEP_NOT_FOUND || !make)
        return status;
    struct esep_keyfile file;
    const enum esep_status had = esep_keyfile_read(settings->keys, &file, NULL);
    esep_wipe(&file, sizeof file);
    if (had == ESEP_NOT_FOUND)
        return witness_store_open(&own->store, settings->store, true, false, reason);
    return esep_because(reason, ESEP_NOT_FOUND,
                        "the key %.80s has no store any more: what it signed is forgotten, so it "
                        "must sign nothing more; move it away and make a new one",
                        settings->keys);
}

enum esep_status witness_own_open(struct witness_own *ret, const struct witness_settings *settings,
                                  bool make, struct esep_reason *reason)
{
    uint8_t of_store[ESEP_KEY_BYTES];
    *ret = (struct witness_own){0};
    enum esep_status status = open_store(ret, settings, make, reason);
    if (status == ESEP_OK)
        status = read_key(ret, settings, make, reason);
    if (status == ESEP_OK)
        status = witness_store_key(ret->store, of_store, reason);
    if (status == ESEP_OK && memcmp(of_store, ret->key.public, ESEP_KEY_BYTES) != 0)
        status = esep_because(reason, ESEP_INVALID, "the store %.80s belongs to another key",
                              settings->store);
    if (status == ESEP_NOT_FOUND && ret->store != NULL && make)
        status = witness_store_set_key(ret->store, ret->key.public, reason);
    else if (status == ESEP_NOT_FOUND && ret->store != NULL)
        (void)esep_because(reason, status, "there is no key yet: run 'witness keygen'");
    if (status != ESEP_OK)
        witness_own_close(ret);
    return status;
}

void witness_own_close(struct witness_own *own)
{
    witness_store_close(own->store);
    esep_wipe(own, sizeof *own);
}
