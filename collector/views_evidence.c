/* collector/views_evidence.c - files that reports name, and which of them are here.
 *
 * A taken report names its attachments by hash and size; each gets a row 'N', so that ingest takes
 * only what somebody answers for. An EVIDENCE entry says that the file is here and whole: a row
 * 'E' under the same key, and the office's sum. Both are read from the store when asked for and
 * take no memory here, however many reports there are.
 */
#include "collector/views_state.h"

static struct esep_slice key_of(uint8_t out[VIEWS_FILE_KEY_BYTES], char table,
                                const struct views_file *file)
{
    views_file_key(table, file, out);
    return esep_slice(out, VIEWS_FILE_KEY_BYTES);
}

void views_file_key(char table, const struct views_file *file, uint8_t out[VIEWS_FILE_KEY_BYTES])
{
    struct views_writer w = {out};
    views_w8(&w, (unsigned char)table);
    views_w32(&w, file->office);
    views_wbytes(&w, file->sha256.bytes, ESEP_HASH_BYTES);
    views_w64(&w, file->size_bytes);
}

void views_put_named(struct views *v, const struct views_entry *entry,
                     const Esep__V1__Report *report)
{
    uint8_t key[VIEWS_FILE_KEY_BYTES];
    uint8_t value[8];
    esep_be64_put(value, entry->index);
    for (size_t i = 0; i < report->n_attachments; i++) {
        const Esep__V1__AttachmentRef *ref = report->attachments[i];
        struct views_file file = {.office = entry->leaf.office, .size_bytes = ref->size_bytes};
        if (ref->sha256.len != ESEP_HASH_BYTES)
            continue; /* it was judged: only a store that lies says so */
        memcpy(file.sha256.bytes, ref->sha256.data, ESEP_HASH_BYTES);
        views_put(v, key_of(key, VIEWS_TABLE_NAMED, &file), esep_slice(value, sizeof value));
    }
}

enum esep_status views_apply_evidence(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__evidence__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Evidence *evidence = (const Esep__V1__Evidence *)message;
    struct views_office_slot *slot = views_office_slot(v, evidence->office);
    if (slot == NULL || evidence->sha256.len != ESEP_HASH_BYTES || evidence->size_bytes == 0 ||
        evidence->size_bytes > UINT64_MAX - slot->pub.evidence_bytes)
        return esep_because(entry->reason, ESEP_INVALID, "evidence of no office, or of no file");
    struct views_file file = {.office = evidence->office, .size_bytes = evidence->size_bytes};
    memcpy(file.sha256.bytes, evidence->sha256.data, ESEP_HASH_BYTES);
    uint8_t key[VIEWS_FILE_KEY_BYTES];
    uint8_t value[16];
    esep_be64_put(value, entry->index);
    esep_be64_put(value + 8, (uint64_t)entry->leaf.accepted_at);
    views_put(v, key_of(key, VIEWS_TABLE_EVIDENCE, &file), esep_slice(value, sizeof value));
    slot->pub.evidence_bytes += evidence->size_bytes;
    slot->pub.evidence_files++;
    views_saw(v, slot, entry->leaf.accepted_at);
    return ESEP_OK;
}

bool views_evidence_read(struct esep_slice value, struct views_evidence *ret)
{
    if (value.len != 16)
        return false;
    ret->index = esep_be64(value.data);
    ret->accepted_at = (esep_time)esep_be64(value.data + 8);
    return true;
}
