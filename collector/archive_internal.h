/* collector/archive_internal.h - the layout that writer and reader of archive.h share. */
#ifndef COLLECTOR_ARCHIVE_INTERNAL_H
#define COLLECTOR_ARCHIVE_INTERNAL_H

#include "collector/archive.h"

#include <sodium.h>

#define ARCHIVE_TAG "esep/backup/v1"
#define ARCHIVE_HEAD_TAG "esep/bkhead/v1"
#define ARCHIVE_SEALED_BYTES (ESEP_KEY_BYTES + crypto_box_SEALBYTES)
#define ARCHIVE_RECORD_BYTES 48
#define ARCHIVE_CHUNK_SEALED (ARCHIVE_CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)

enum {
    AT_TAG = 0,
    AT_LOG_ID = 16,
    AT_LOG_KEY = 48,
    AT_RECIPIENT = 80,
    AT_ENTRIES = 112,
    AT_ROOT = 120,
    AT_MADE = 152,
    AT_STORE_BYTES = 160,
    AT_FILES_BYTES = 168,
    AT_FILES = 176,
    AT_SEALED = 184,
    AT_STREAM = 264,
    AT_SIGNATURE = 288,
};
_Static_assert(AT_SEALED + ARCHIVE_SEALED_BYTES == AT_STREAM, "layout");
_Static_assert(AT_STREAM + crypto_secretstream_xchacha20poly1305_HEADERBYTES == AT_SIGNATURE,
               "layout");
_Static_assert(AT_SIGNATURE + ESEP_SIGNATURE_BYTES == ARCHIVE_HEAD_BYTES, "layout");
/* Shorter than 16: the zero behind it is in no text, so that neither statement is a checkpoint. */
_Static_assert(sizeof ARCHIVE_HEAD_TAG <= 16 && sizeof ARCHIVE_TAG <= 16, "a zero ends a tag");

/* The fields up to the sealed key. */
void archive_head_pack(const struct archive_head *head, uint8_t out[AT_SEALED]);
void archive_head_unpack(const uint8_t bytes[AT_SEALED], struct archive_head *ret);
void archive_statement(const char *tag, const struct esep_hash *log_id,
                       const struct esep_hash *hash, uint8_t out[ARCHIVE_STATEMENT_BYTES]);

#endif
