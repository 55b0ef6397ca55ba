/* tests/unit/paper/write.c - writes the samples into a folder, for programs that read them back.
 *
 * write FOLDER LANGUAGE ROWS: all.*, noise.* and rows.* in FOLDER, each in three formats, twice: a
 * second time under another name, which has to hold the same bytes. Says the seconds of each and
 * the most memory.
 */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

typedef enum esep_status writer_fn(const struct paper *, FILE *, const struct paper_writing *,
                                   struct esep_reason *);

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int write_one(const struct paper *paper, const char *folder, const char *name,
                     writer_fn *writer)
{
    char path[512];
    struct esep_reason reason = {""};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    if (out == NULL)
        return 1;
    double begun = seconds();
    enum esep_status status = writer(paper, out, NULL, &reason);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s: %s %s %.2f s, %ld KiB at most\n", name, esep_status_name(status), reason.text,
           seconds() - begun, usage.ru_maxrss);
    return fclose(out) != 0 || status != ESEP_OK;
}

static int write_all(const struct paper *paper, const char *folder, const char *stem)
{
    static const struct {
        const char *ending;
        writer_fn *writer;
    } kinds[] = {{"docx", paper_write_docx}, {"xlsx", paper_write_xlsx}, {"pdf", paper_write_pdf}};
    int failed = 0;
    for (size_t i = 0; i < 3 && !failed; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", stem, kinds[i].ending);
        failed = write_one(paper, folder, name, kinds[i].writer);
        snprintf(name, sizeof name, "%s-again.%s", stem, kinds[i].ending);
        failed = failed || write_one(paper, folder, name, kinds[i].writer);
    }
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 64;
    struct paper *all = sample_of_all(argv[2]);
    struct paper *noise = sample_of_noise(20140210);
    struct paper *rows = sample_of_rows(argv[2], strtoul(argv[3], NULL, 10));
    int failed = all == NULL || noise == NULL || rows == NULL || write_all(all, argv[1], "all") ||
                 write_all(noise, argv[1], "noise") || write_all(rows, argv[1], "rows");
    paper_free(all);
    paper_free(noise);
    paper_free(rows);
    return failed;
}
