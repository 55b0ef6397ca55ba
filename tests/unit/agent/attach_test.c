/* tests/unit/agent/attach_test.c - is what a report names in the office's store, is what may not be
 * attached refused in words and kept nowhere, and goes away only what nobody names?
 */
#include "agent/attach.h"
#include "journal_world.h"
#include "wire/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>

struct office {
    struct journal_world world;
    struct agent_settings settings;
    struct esep_blobs *files;
    struct esep_arena arena;
    struct agent_report report;
};
static struct esep_reason reason;

static struct office *begin(void **state)
{
    struct office *o = calloc(1, sizeof *o);
    assert_non_null(o);
    world_begin(&o->world, state, 16 * MIB, 0);
    o->settings.files_bytes = 8 * MIB;
    (void)snprintf(o->settings.files, sizeof o->settings.files, "%s/files", (const char *)*state);
    assert_int_equal(agent_files_open(&o->settings, false, &o->files, &reason), ESEP_OK);
    assert_int_equal(esep_arena_init(&o->arena, 1u << 20), ESEP_OK);
    agent_report_init(&o->report, &o->arena);
    return o;
}

static void end(struct office *o)
{
    esep_arena_done(&o->arena);
    esep_blobs_close(o->files);
    journal_close(&o->world.journal);
    free(o);
}

static const char *file(void **state, const char *name, const void *bytes, size_t len)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", (const char *)*state, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
    return path;
}

static enum esep_status attach(struct office *o, const char *path)
{
    assert_int_equal(agent_report_file(&o->report, NULL, path, &reason), ESEP_OK);
    const enum esep_status status = agent_report_take_files(o->files, &o->report, &reason);
    o->report.named.files_count = 0;
    return status;
}

static void test_a_file_is_taken_in(void **state)
{
    struct office *o = begin(state);
    uint64_t size = 0;
    assert_false(agent_report_has_files(&o->report));
    assert_int_equal(attach(o, file(state, "an \"act\".TXT", "done", 4)), ESEP_OK);
    assert_int_equal(o->report.message.n_attachments, 1);
    const Esep__V1__AttachmentRef *ref = o->report.message.attachments[0];
    const struct esep_hash hash = esep_sha256(esep_slice_str("done"));
    assert_string_equal(ref->name, "an _act_.TXT");
    assert_string_equal(ref->media_type, "text/plain");
    assert_int_equal(ref->size_bytes, 4);
    assert_memory_equal(ref->sha256.data, hash.bytes, ESEP_HASH_BYTES);
    assert_int_equal(esep_blobs_have(o->files, &hash, &size), ESEP_OK);
    assert_int_equal(attach(o, file(state, "an \"act\".TXT", "done", 4)), ESEP_OK);
    assert_int_equal(o->report.message.n_attachments, 1); /* it is there already */
    assert_int_equal(attach(o, file(state, "b.txt", "done", 4)), ESEP_OK);
    assert_int_equal(o->report.message.n_attachments, 2); /* the same under two names */
    assert_int_equal(esep_blobs_used(o->files), 4);
    assert_int_equal(attach(o, file(state, "b.txt", "else", 4)), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "--detach"));
    assert_int_equal(agent_report_detach(&o->report, "c.txt", &reason), ESEP_NOT_FOUND);
    assert_int_equal(agent_report_detach(&o->report, "an _act_.TXT", &reason), ESEP_OK);
    assert_int_equal(o->report.message.n_attachments, 1);
    assert_string_equal(o->report.message.attachments[0]->name, "b.txt");
    const int fd = open(file(state, "upload", "from a page", 11), O_RDONLY);
    struct agent_attachment made;
    assert_int_equal(agent_attach_fd(o->files, fd, "C:\\page.txt", &made, &reason), ESEP_OK);
    assert_string_equal(made.name, "page.txt");
    assert_int_equal(close(fd), 0);
    end(o);
}

static bool count_one(void *context, const struct esep_blob *blob)
{
    (void)blob;
    ++*(size_t *)context;
    return true;
}

static size_t kept(const struct office *o)
{
    size_t count = 0;
    assert_int_equal(esep_blobs_list(o->files, count_one, &count, &reason), ESEP_OK);
    return count;
}

static void test_what_is_refused_is_told(void **state)
{
    struct office *o = begin(state);
    char missing[512];
    assert_int_equal(attach(o, file(state, "prize.pdf", "MZ\x90\0\3\0\0\0", 8)), ESEP_INVALID);
    assert_string_equal(reason.text, "prize.pdf cannot be attached: it is a Windows program");
    assert_int_equal(attach(o, file(state, "page.txt", "<html>", 6)), ESEP_INVALID);
    (void)snprintf(missing, sizeof missing, "%s/none.pdf", (const char *)*state);
    assert_int_equal(attach(o, missing), ESEP_NOT_FOUND);
    assert_non_null(strstr(reason.text, "none.pdf cannot be attached"));
    assert_int_equal(kept(o), 0);
    assert_int_equal(o->report.message.n_attachments, 0);
    esep_blobs_limit(o->files, 5, ESEP_MEDIA_FILE_BYTES_MAX);
    assert_int_equal(attach(o, file(state, "a.txt", "enough", 6)), ESEP_LIMIT);
    assert_non_null(strstr(reason.text, "full"));
    end(o);
}

static void test_a_report_is_not_endless(void **state)
{
    struct office *o = begin(state);
    char name[32];
    struct esep_hash hash = {{0}};
    const uint64_t third = ESEP_MEDIA_REPORT_BYTES_MAX / 3;
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%u.pdf", i);
        hash.bytes[0] = (uint8_t)i;
        assert_int_equal(
            agent_report_attached(&o->report, name, "application/pdf", third, &hash, &reason),
            ESEP_OK);
    }
    assert_int_equal(
        agent_report_attached(&o->report, "x.pdf", "application/pdf", 1, &hash, &reason),
        ESEP_INVALID);
    assert_non_null(strstr(reason.text, "62914561"));
    agent_report_init(&o->report, &o->arena);
    for (unsigned i = 0; i < AGENT_ATTACHED_MAX + 1; i++) {
        (void)snprintf(name, sizeof name, "%u.pdf", i);
        assert_int_equal(
            agent_report_attached(&o->report, name, "application/pdf", 1, &hash, &reason),
            i < AGENT_ATTACHED_MAX ? ESEP_OK : ESEP_INVALID);
    }
    for (unsigned i = 0; i < AGENT_ATTACHED_MAX + 1; i++)
        assert_int_equal(agent_report_file(&o->report, "forms", "a.pdf", &reason),
                         i < AGENT_ATTACHED_MAX ? ESEP_OK : ESEP_INVALID);
    assert_string_equal(o->report.named.files[0], "forms/a.pdf");
    end(o);
}

static void keep_draft(struct office *o)
{
    struct esep_buf packed;
    esep_buf_init(&packed, 65536);
    o->report.message.obligation = (char[]){"p/annual/-/moj/1"};
    assert_int_equal(esep_pack(&o->report.message.base, &packed), ESEP_OK);
    assert_int_equal(
        journal_draft_put(&o->world.journal, "p/annual/-/moj/1", esep_buf_slice(&packed), &reason),
        ESEP_OK);
    esep_buf_done(&packed);
}

static void report_it(struct office *o)
{
    struct esep_buf packed;
    struct agent_head head;
    uint8_t nonce[16] = {5};
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    esep_buf_init(&packed, AGENT_ENTRY_BYTES_MAX);
    o->report.message.obligation = (char[]){"p/annual/-/moj/1"};
    o->report.message.revision = 1;
    o->report.message.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    entry.nonce = (ProtobufCBinaryData){.len = sizeof nonce, .data = nonce};
    entry.written_at_us = 1000;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &o->report.message;
    if (agent_entry_pack(&entry, &packed, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    const struct esep_slice bytes = esep_buf_slice(&packed);
    assert_int_equal(
        journal_append(&o->world.journal, &o->world.office_key, &bytes, 1, 1000, &head, &reason),
        ESEP_OK);
    esep_buf_done(&packed);
}

static void test_orphans_go_and_nothing_else(void **state)
{
    struct office *o = begin(state);
    struct agent_attachment lost;
    size_t removed = 9;
    assert_int_equal(attach(o, file(state, "reported.txt", "reported", 8)), ESEP_OK);
    report_it(o);
    agent_report_init(&o->report, &o->arena);
    assert_int_equal(attach(o, file(state, "drafted.txt", "drafted", 7)), ESEP_OK);
    keep_draft(o);
    assert_int_equal(agent_attach(o->files, file(state, "lost.txt", "lost", 4), &lost, &reason),
                     ESEP_OK);
    assert_int_equal(agent_files_clear(o->files, &o->world.journal, ESEP_DAY, &removed, &reason),
                     ESEP_OK);
    assert_int_equal(removed, 0); /* it may be somebody's who is writing just now */
    assert_int_equal(agent_files_clear(o->files, &o->world.journal, 0, &removed, &reason), ESEP_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(kept(o), 2);
    /* The draft's file vanished: the draft says so. */
    agent_report_init(&o->report, &o->arena);
    struct esep_buf packed;
    esep_buf_init(&packed, 65536);
    assert_int_equal(journal_draft_get(&o->world.journal, "p/annual/-/moj/1", &packed, &reason),
                     ESEP_OK);
    assert_int_equal(agent_report_from_bytes(&o->report, esep_buf_slice(&packed), &reason),
                     ESEP_OK);
    assert_true(agent_report_has_files(&o->report));
    assert_int_equal(agent_report_take_files(o->files, &o->report, &reason), ESEP_OK);
    const struct esep_hash hash = esep_sha256(esep_slice_str("drafted"));
    assert_int_equal(esep_blobs_remove(o->files, &hash, 0, &reason), ESEP_OK);
    assert_int_equal(agent_report_take_files(o->files, &o->report, &reason), ESEP_NOT_FOUND);
    assert_non_null(strstr(reason.text, "drafted.txt"));
    esep_buf_done(&packed);
    /* A draft that cannot be read may name anything: nothing is removed. */
    assert_int_equal(agent_attach(o->files, file(state, "lost.txt", "lost", 4), &lost, &reason),
                     ESEP_OK);
    assert_int_equal(journal_draft_put(&o->world.journal, "p/annual/-/moj/2",
                                       esep_slice_str("\xff\xff\xff"), &reason),
                     ESEP_OK);
    assert_int_equal(agent_files_clear(o->files, &o->world.journal, 0, &removed, &reason),
                     ESEP_INVALID);
    assert_int_equal(kept(o), 2);
    end(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_a_file_is_taken_in),
        unit_test_in_folder(test_what_is_refused_is_told),
        unit_test_in_folder(test_a_report_is_not_endless),
        unit_test_in_folder(test_orphans_go_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
