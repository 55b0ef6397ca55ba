/* collector/cosigners_file.c - see cosigners_file.h. */
#include "collector/cosigners_file.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define FORMAT "esep-witnesses/1"

static json_t *row(const struct cosigner *c)
{
    char vkey[ESEP_NOTE_VKEY_MAX];
    char root[ESEP_HASH_BASE64_MAX];
    char signature[2 * ESEP_SIGNATURE_BYTES + 1];
    char log_key[2 * ESEP_KEY_BYTES + 1];
    const struct esep_checkpoint *at = &c->head.checkpoint;
    esep_note_key_format(&c->key, vkey);
    esep_hash_base64(&at->root, root);
    esep_hex(c->head.signature, sizeof c->head.signature, signature);
    esep_hex(c->head.log_key, sizeof c->head.log_key, log_key);
    return json_pack(
        "{s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:s%}",
        "name", c->key.name, "key", vkey, "generation", (json_int_t)c->head.generation, "origin",
        at->origin, "size", (json_int_t)at->size, "root", root, "log_key", log_key, "log_signature",
        signature, "cosigned_at", (json_int_t)c->time_s, "line", c->line, "asked",
        (json_int_t)c->asked_count, "cosigned", (json_int_t)c->cosigned_count, "failed",
        (json_int_t)c->failed_count, "failures", (json_int_t)c->failures, "alarm",
        cosigner_alarm_name(c->alarm), "alarm_size", (json_int_t)c->alarm_size, "said", c->said,
        esep_utf8_valid(esep_slice_str(c->said)) ? strlen(c->said) : 0);
}

enum esep_status cosigners_file_write(const struct cosigners *set, struct esep_buf *out)
{
    json_t *list = json_array();
    esep_buf_clear(out);
    for (size_t i = 0; i < set->count; i++)
        (void)json_array_append_new(list, row(&set->list[i]));
    const bool is_whole = json_array_size(list) == set->count;
    json_t *file = json_pack("{s:s, s:o}", "format", FORMAT, "witnesses", list);
    char *text = is_whole && file != NULL ? json_dumps(file, JSON_COMPACT) : NULL;
    const enum esep_status status =
        text != NULL ? esep_buf_put(out, text, strlen(text)) : ESEP_NOMEM;
    free(text);
    json_decref(file);
    return status;
}

json_t *cosigners_file_read(const char *store)
{
    char path[512];
    char *text = malloc(COSIGNERS_FILE_BYTES_MAX);
    (void)snprintf(path, sizeof path, "%s/" RUN_WITNESSES, store);
    FILE *file = text != NULL ? fopen(path, "re") : NULL;
    const size_t len = file != NULL ? fread(text, 1, COSIGNERS_FILE_BYTES_MAX, file) : 0;
    if (file != NULL)
        (void)fclose(file);
    json_t *value = len > 0 ? json_loadb(text, len, 0, NULL) : NULL;
    free(text);
    const char *format = json_string_value(json_object_get(value, "format"));
    if (format != NULL && strcmp(format, FORMAT) == 0)
        return value;
    json_decref(value);
    return NULL;
}

static bool read_row(const json_t *row, struct cosigners_head *ret, const char **ret_key,
                     const char **ret_line)
{
    const char *origin = NULL;
    const char *root = NULL;
    const char *signature = NULL;
    const char *log_key = NULL;
    json_int_t generation = 0;
    json_int_t size = 0;
    *ret = (struct cosigners_head){0};
    if (json_unpack((json_t *)(uintptr_t)row, "{s:s, s:I, s:s, s:I, s:s, s:s, s:s, s:s}", "key",
                    ret_key, "generation", &generation, "origin", &origin, "size", &size, "root",
                    &root, "log_key", &log_key, "log_signature", &signature, "line",
                    ret_line) != 0 ||
        size <= 0 || strlen(origin) > ESEP_ORIGIN_MAX || strlen(*ret_line) >= ESEP_NOTE_LINE_MAX ||
        strlen(signature) != 2 * sizeof ret->signature ||
        strlen(log_key) != 2 * sizeof ret->log_key ||
        esep_unhex(log_key, ret->log_key, sizeof ret->log_key) != ESEP_OK ||
        esep_unhex(signature, ret->signature, sizeof ret->signature) != ESEP_OK ||
        !esep_hash_parse_base64(esep_slice_str(root), &ret->checkpoint.root))
        return false;
    ret->generation = (uint64_t)generation;
    ret->checkpoint.size = (uint64_t)size;
    memcpy(ret->checkpoint.origin, origin, strlen(origin) + 1);
    return true;
}

void cosigners_file_recall(struct cosigners *set, const json_t *file)
{
    const json_t *list = json_object_get(file, "witnesses");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct cosigners_head head;
        const char *key = NULL;
        const char *line = NULL;
        if (!read_row(json_array_get(list, i), &head, &key, &line))
            continue;
        for (size_t k = 0; k < set->count; k++) {
            char vkey[ESEP_NOTE_VKEY_MAX];
            esep_note_key_format(&set->list[k].key, vkey);
            if (strcmp(vkey, key) == 0 && cosigner_recall(&set->list[k], &head, line) != ESEP_OK)
                continue; /* it is asked again */
        }
    }
}

enum esep_status cosigners_note(const struct cosigners *set, const struct cosigners_head *head,
                                struct esep_buf *out)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    char log_line[ESEP_NOTE_LINE_MAX];
    struct esep_note_key key;
    esep_buf_clear(out);
    enum esep_status status =
        esep_note_key(&key, head->checkpoint.origin, ESEP_NOTE_ED25519, head->log_key, NULL);
    if (status != ESEP_OK)
        return status;
    (void)esep_note_line(&key, head->signature, log_line);
    const size_t len = cosigners_text(head, text);
    status = esep_buf_put(out, text, len);
    if (status == ESEP_OK)
        status = esep_buf_put(out, "\n", 1);
    if (status == ESEP_OK)
        status = esep_buf_put(out, log_line, strlen(log_line));
    for (size_t i = 0; status == ESEP_OK && i < set->count; i++)
        if (cosigner_signed(&set->list[i], head))
            status = esep_buf_put(out, set->list[i].line, strlen(set->list[i].line));
    return status;
}
