/* bench/peer_postgres.c - see peer.h. An instance of its own as user postgres where we are root,
 * asked by four psql at once; each runs a script of COPYs, a transaction each. The table has the
 * key that "exactly once" needs, and the server numbers the rows: that costs less than to send
 * numbers.
 */
#include "bench/journal.h"
#include "bench/peer.h"

#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 4u
#define ROWS_A_COPY 1000u

struct instance {
    char folder[BENCH_PATH];
    char programs[BENCH_PATH];
    bool drop; /* we are root: it will not run so */
    pid_t pid;
};

/* Debian keeps initdb and postgres off the PATH. */
static void find_programs(struct instance *i)
{
    glob_t found;
    i->programs[0] = '\0';
    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0 && found.gl_pathc > 0)
        (void)snprintf(i->programs, sizeof i->programs, "%.*s",
                       (int)(strrchr(found.gl_pathv[found.gl_pathc - 1], '/') + 1 -
                             found.gl_pathv[found.gl_pathc - 1]),
                       found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

/* A command line as the user postgres. */
static void as_postgres(const struct instance *i, const char **argv, size_t *count)
{
    static const char *const words[] = {"setpriv", "--reuid=postgres", "--regid=postgres",
                                        "--clear-groups"};
    for (size_t k = 0; i->drop && k < sizeof words / sizeof words[0]; k++)
        argv[(*count)++] = words[k];
}

static enum esep_status write_inputs(const struct instance *i, uint64_t copies,
                                     struct esep_reason *reason)
{
    char path[BENCH_PATH];
    (void)snprintf(path, sizeof path, "%.200s/rows", i->folder);
    FILE *rows = fopen(path, "we");
    for (unsigned k = 0; rows != NULL && k < ROWS_A_COPY; k++) {
        (void)fprintf(rows, "%u\t", k % 31);
        for (unsigned c = 0; c < BENCH_REPORT_BYTES; c++)
            (void)fputc('a' + (int)(k % 26), rows);
        (void)fputc('\n', rows);
    }
    if (rows == NULL || fclose(rows) != 0)
        return esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
    (void)snprintf(path, sizeof path, "%.200s/script", i->folder);
    FILE *script = fopen(path, "we");
    for (uint64_t k = 0; script != NULL && k < copies; k++)
        (void)fprintf(script, "\\copy entries (office, body) from '%s/rows'\n", i->folder);
    if (script == NULL || fclose(script) != 0)
        return esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
    return ESEP_OK;
}

static enum esep_status start(struct instance *i, struct esep_reason *reason)
{
    char data[BENCH_PATH];
    char output[BENCH_PATH];
    char program[BENCH_PATH + 16];
    const char *argv[20];
    size_t count = 0;
    (void)snprintf(data, sizeof data, "%.200s/data", i->folder);
    (void)snprintf(output, sizeof output, "%.200s/log", i->folder);
    (void)snprintf(program, sizeof program, "%sinitdb", i->programs);
    as_postgres(i, argv, &count);
    const char *const make[] = {program, "-D",       data, "-A",   "trust",
                                "-U",    "postgres", "-E", "UTF8", NULL};
    memcpy(argv + count, make, sizeof make);
    enum esep_status status = bench_run(argv, output, reason);
    if (status != ESEP_OK)
        return status;
    (void)snprintf(program, sizeof program, "%spostgres", i->programs);
    count = 0;
    as_postgres(i, argv, &count);
    const char *const serve[] = {program,
                                 "-D",
                                 data,
                                 "-k",
                                 i->folder,
                                 "-c",
                                 "listen_addresses=",
                                 "-c",
                                 "max_wal_size=8GB",
                                 "-c",
                                 "shared_buffers=512MB",
                                 NULL};
    memcpy(argv + count, serve, sizeof serve);
    status = bench_spawn(argv, output, &i->pid, reason);
    return status == ESEP_OK
               ? bench_await(output, "ready to accept connections", i->pid, NULL, 0, reason)
               : status;
}

static enum esep_status create_table(const struct instance *i, struct esep_reason *reason)
{
    char output[BENCH_PATH];
    (void)snprintf(output, sizeof output, "%.200s/psql", i->folder);
    const char *const argv[] = {
        "psql",
        "-X",
        "-q",
        "-U",
        "postgres",
        "-h",
        i->folder,
        "-c",
        "create sequence s cache 1000; create table entries (office int, seq bigint default "
        "nextval('s'), body text, primary key (office, seq))",
        NULL};
    return bench_run(argv, output, reason);
}

static enum esep_status copy_all(const struct instance *i, struct esep_reason *reason)
{
    char script[BENCH_PATH];
    char output[BENCH_PATH];
    pid_t pids[CLIENTS] = {0};
    enum esep_status status = ESEP_OK;
    (void)snprintf(script, sizeof script, "%.200s/script", i->folder);
    const char *const argv[] = {"psql", "-X",       "-q", "-v",      "ON_ERROR_STOP=1",
                                "-U",   "postgres", "-h", i->folder, "-f",
                                script, NULL};
    for (unsigned k = 0; status == ESEP_OK && k < CLIENTS; k++) {
        (void)snprintf(output, sizeof output, "%.200s/client.%u", i->folder, k);
        status = bench_spawn(argv, output, &pids[k], reason);
    }
    for (unsigned k = 0; k < CLIENTS; k++) {
        int how = 0;
        if (pids[k] > 0 && (waitpid(pids[k], &how, 0) < 0 || how != 0) && status == ESEP_OK)
            status = esep_because(reason, ESEP_IO, "postgres: a COPY failed");
    }
    return status;
}

enum esep_status bench_postgres(uint64_t records, double *ret_records_s, struct esep_reason *reason)
{
    struct instance i = {.drop = getuid() == 0};
    const uint64_t copies = records / CLIENTS / ROWS_A_COPY + 1;
    find_programs(&i);
    enum esep_status status = bench_peer_folder(i.folder, reason);
    if (status != ESEP_OK)
        return status;
    const struct passwd *user = getpwnam("postgres");
    if (i.drop && (user == NULL || chown(i.folder, user->pw_uid, user->pw_gid) != 0))
        status = esep_because(reason, ESEP_NOT_FOUND, "no user 'postgres': install postgresql");
    if (status == ESEP_OK)
        status = write_inputs(&i, copies, reason);
    if (status == ESEP_OK)
        status = start(&i, reason);
    if (status == ESEP_OK)
        status = create_table(&i, reason);
    const double from = bench_seconds();
    if (status == ESEP_OK)
        status = copy_all(&i, reason);
    *ret_records_s = (double)(copies * CLIENTS * ROWS_A_COPY) / (bench_seconds() - from);
    bench_stop(i.pid);
    bench_remove_folder(i.folder);
    return status;
}
