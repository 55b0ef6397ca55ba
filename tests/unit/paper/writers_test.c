/* Do the writers say what went wrong, stop when they are told to, and give everything back? */
#include "fixture.h"
#include "sample.h"

#include <errno.h>
#include <unistd.h>

typedef enum esep_status writer_fn(const struct paper *, FILE *, const struct paper_writing *,
                                   struct esep_reason *);
static writer_fn *const writers[] = {paper_write_docx, paper_write_pdf, paper_write_xlsx};

struct ear {
    size_t calls, last, total, stop_at;
};

static bool hear(void *context, size_t done, size_t total)
{
    struct ear *ear = context;
    assert_true(ear->last < ear->stop_at); /* not a step further */
    assert_true(done > ear->last && done <= total);
    assert_true(ear->total == 0 || ear->total == total);
    ear->last = done;
    ear->total = total;
    ear->calls++;
    return done < ear->stop_at;
}

static int open_files(void)
{
    int count = 0;
    for (int i = 0; i < 256; i++)
        count += dup2(i, i) == i;
    return count;
}

static void test_progress_comes_to_its_end(void **state)
{
    (void)state;
    struct paper *paper = sample_of_rows("ru", 40);
    for (size_t i = 0; i < 3; i++) {
        struct ear ear = {.stop_at = SIZE_MAX};
        struct paper_writing writing = {.progress = hear, .context = &ear};
        FILE *out = tmpfile();
        assert_non_null(out);
        assert_int_equal(writers[i](paper, out, &writing, NULL), ESEP_OK);
        assert_true(ear.calls >= 40);
        assert_int_equal(ear.last, ear.total);
        assert_true(ftell(out) > 2000);
        fclose(out);
    }
    paper_free(paper);
}

static void test_stopped_anywhere(void **state)
{
    (void)state;
    struct paper *paper = sample_of_all("kk");
    for (size_t i = 0; i < 3; i++) {
        int before = open_files();
        size_t total = SIZE_MAX;
        for (size_t stop_at = 1; stop_at <= total; stop_at += 1 + stop_at / 4) {
            struct ear ear = {.stop_at = stop_at};
            struct paper_writing writing = {.progress = hear, .context = &ear};
            struct esep_reason reason = {""};
            FILE *out = tmpfile();
            assert_non_null(out);
            assert_int_equal(writers[i](paper, out, &writing, &reason), ESEP_AGAIN);
            assert_true(ear.last >= stop_at);
            assert_non_null(strstr(reason.text, "stopped at"));
            total = ear.total;
            fclose(out);
        }
        assert_int_equal(open_files(), before);
    }
    paper_free(paper);
}

/* A disk that is full at some byte. */
struct disk {
    size_t room;
};
static ssize_t write_to_disk(void *cookie, const char *data, size_t len)
{
    (void)data;
    struct disk *disk = cookie;
    if (len > disk->room) {
        errno = ENOSPC;
        return 0;
    }
    disk->room -= len;
    return (ssize_t)len;
}

static void test_a_full_disk(void **state)
{
    (void)state;
    static const size_t rooms[] = {0, 1, 4096, 8192};
    struct paper *paper = sample_of_rows("en", 60);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < sizeof rooms / sizeof rooms[0]; j++) {
            struct disk disk = {.room = rooms[j]};
            struct esep_reason reason = {""};
            FILE *out = fopencookie(&disk, "w", (cookie_io_functions_t){.write = write_to_disk});
            assert_non_null(out);
            assert_int_equal(writers[i](paper, out, NULL, &reason), ESEP_IO);
            assert_non_null(strstr(reason.text, "No space left"));
            (void)fclose(out);
        }
    paper_free(paper);
}

static void test_what_no_cell_holds(void **state)
{
    (void)state;
    const size_t len = 32768;
    char *text = calloc(1, len + 2);
    assert_non_null(text);
    memset(text, 'x', len);
    for (unsigned over = 0; over < 2; over++) {
        text[32767] = over ? 'x' : '\0';
        struct paper *paper =
            paper_new(&(struct paper_about){.language = "en", .page = "%u", .bytes_max = 1 << 20});
        const struct paper_column column = {.title = "c"};
        paper_table(paper, "long", NULL, &column, 1);
        paper_row(paper, &(struct paper_cell){.kind = PAPER_TEXT, .text = "short"});
        paper_row(paper, &(struct paper_cell){.kind = PAPER_TEXT, .text = text});
        for (size_t i = 0; i < 3; i++) {
            struct esep_reason reason = {""};
            FILE *out = tmpfile();
            bool refused = over && writers[i] == paper_write_xlsx;
            assert_int_equal(writers[i](paper, out, NULL, &reason), refused ? ESEP_LIMIT : ESEP_OK);
            if (refused)
                assert_non_null(strstr(reason.text, "sheet \"long\", row 3: a text of 32768"));
            fclose(out);
        }
        paper_free(paper);
    }
    free(text);
}

/* Nothing at all, and nothing but a head of many columns that no page has room for. */
static void test_odd_documents(void **state)
{
    (void)state;
    struct paper *nothing = paper_new(&(struct paper_about){.bytes_max = 1 << 20});
    struct paper *wide = paper_new(&(struct paper_about){
        .language = "ru", .page = "%u", .foot = "a\nb\nc\nd\ne\nf", .bytes_max = 1 << 20});
    char title[4096];
    memset(title, 'w', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    struct paper_column columns[PAPER_COLUMNS_MAX];
    struct paper_cell cells[PAPER_COLUMNS_MAX];
    for (size_t i = 0; i < PAPER_COLUMNS_MAX; i++) {
        columns[i] = (struct paper_column){.title = i == 0 ? title : "word", .share = 1};
        cells[i] = (struct paper_cell){.kind = PAPER_MONEY, .value = INT64_MIN};
    }
    paper_heading(wide, 1, title);
    paper_heading(wide, 4, "");
    paper_page_break(wide);
    paper_page_break(wide);
    paper_table(wide, title, title, columns, PAPER_COLUMNS_MAX);
    for (size_t i = 0; i < 3; i++)
        paper_row(wide, cells);
    for (size_t i = 0; i < 3; i++) {
        FILE *out = tmpfile();
        assert_int_equal(writers[i](nothing, out, NULL, NULL), ESEP_OK);
        assert_int_equal(writers[i](wide, out, NULL, NULL), ESEP_OK);
        fclose(out);
    }
    paper_free(nothing);
    paper_free(wide);
}

/* Whatever stands in the texts, each writer comes to its end. */
static void test_noise(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct paper *paper = sample_of_noise(seed);
        assert_int_equal(paper_status(paper), ESEP_OK);
        for (size_t i = 0; i < 3; i++) {
            struct esep_reason reason = {""};
            FILE *out = tmpfile();
            assert_int_equal(writers[i](paper, out, NULL, &reason), ESEP_OK);
            fclose(out);
        }
        paper_free(paper);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress_comes_to_its_end),
        cmocka_unit_test(test_stopped_anywhere),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_what_no_cell_holds),
        cmocka_unit_test(test_odd_documents),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
