/* verify/main.c - esep-verify: files and keys in, a verdict out. */
#include "verify/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define LINE_MAX_BYTES 16384
#define WORDS_MAX 64

/* Three hashes' worth of a file, however large it is. */
static int read_subject(const char *name, struct verify_subject *ret)
{
    static const uint8_t tag[16] = "esep/content/v1";
    static uint8_t piece[65536];
    crypto_hash_sha256_state plain;
    crypto_hash_sha256_state content;
    FILE *file = fopen(name, "rb");
    size_t len = 0;
    if (file == NULL)
        return verify_cannot_read(name);
    (void)crypto_hash_sha256_init(&plain);
    (void)crypto_hash_sha256_init(&content);
    (void)crypto_hash_sha256_update(&content, tag, sizeof tag);
    ret->size = 0;
    while ((len = fread(piece, 1, sizeof piece, file)) > 0) {
        (void)crypto_hash_sha256_update(&plain, piece, len);
        (void)crypto_hash_sha256_update(&content, piece, len);
        ret->size += len;
    }
    bool is_bad = ferror(file) != 0;
    int why = errno;
    (void)fclose(file);
    errno = why;
    (void)crypto_hash_sha256_final(&plain, ret->sha256.bytes);
    (void)crypto_hash_sha256_final(&content, ret->content.bytes);
    return is_bad ? verify_cannot_read(name) : 0;
}

/* A longer file than a proof may be is read as far as shows that it is too long. */
static int read_proof(const char *name, struct verify_bytes *ret)
{
    static uint8_t bytes[VERIFY_PROOF_MAX + 1];
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return verify_cannot_read(name);
    *ret = verify_bytes(bytes, fread(bytes, 1, sizeof bytes, file));
    bool is_bad = ferror(file) != 0;
    int why = errno;
    (void)fclose(file);
    errno = why;
    return is_bad ? verify_cannot_read(name) : 0;
}

static int judge(const struct verify_options *o, int count, char **files)
{
    static struct verify_proof scratch;
    struct verify_bytes proof = {NULL, 0};
    struct verify_subject subject = {.size = 0};
    struct verify_verdict verdict;
    if (o->request.log_count == 0 && !o->request.has_broker)
        return verify_wrong("--log", "is missing: whose log is it? --help says more");
    if (o->request.quorum > o->request.witness_count)
        return verify_wrong("--quorum", "is more than the witnesses that were given");
    if (count != 2)
        return verify_wrong("PROOF REPORT", "give two files, the proof and what it is about");
    int ended = read_proof(files[0], &proof);
    if (ended == 0)
        ended = read_subject(files[1], &subject);
    if (ended != 0)
        return ended;
    verify_receipt(&o->request, proof, &subject, &scratch, &verdict);
    if (o->is_json || o->is_batch)
        verify_say_json(stdout, &o->request, &verdict);
    else
        verify_say(stdout, &o->request, &verdict, o->language, o->offset_s);
    return verify_exit(&verdict);
}

/* One line: its words are options, on top of those of the command line, and two files. */
static int judge_line(const struct verify_options *common, char *line)
{
    struct verify_options o = *common;
    char name[] = "esep-verify";
    char *argv[WORDS_MAX + 2] = {name};
    int argc = 1;
    int first = 0;
    for (char *at = line; at != NULL; argc++) {
        if (argc > WORDS_MAX)
            return verify_wrong("--batch", "a line has at most 64 words");
        argv[argc] = strsep(&at, "\t");
    }
    int ended = verify_options_read(&o, argc, argv, &first);
    return ended != 0 ? ended : judge(&o, argc - first, argv + first);
}

static int judge_batch(const struct verify_options *o)
{
    static char line[LINE_MAX_BYTES];
    int worst = 0;
    for (unsigned number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
        size_t len = strcspn(line, "\n");
        if (line[len] != '\n' && !feof(stdin))
            return verify_wrong("--batch", "a line is longer than 16384 bytes");
        line[len] = '\0';
        int ended = judge_line(o, line);
        if (ended == EX_USAGE || ended == EX_UNAVAILABLE) {
            (void)fprintf(stderr, "esep-verify: line %u of the list\n", number);
            return ended;
        }
        worst = ended > worst ? ended : worst;
    }
    return worst;
}

static int end(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "esep-verify: the verdict cannot be written: %s\n", strerror(errno));
        return EX_UNAVAILABLE;
    }
    return code;
}

int main(int argc, char **argv)
{
    static struct verify_options o = {.language = VERIFY_EN};
    int first = 0;
    if (sodium_init() < 0) {
        (void)fputs("esep-verify: libsodium does not start\n", stderr);
        return EX_UNAVAILABLE;
    }
    static const char *const places[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *language = getenv(places[i]);
        if (language != NULL && *language != '\0') {
            (void)verify_language(language, &o.language);
            break;
        }
    }
    bool is_log = argc > 1 && strcmp(argv[1], "log") == 0;
    int ended = verify_options_read(&o, argc - is_log, argv + is_log, &first);
    if (ended != 0)
        return end(ended < 0 ? 0 : ended);
    if (is_log)
        return end(verify_log(&o, argc - 1 - first, argv + 1 + first));
    if (!o.is_batch)
        return end(judge(&o, argc - first, argv + first));
    if (first != argc)
        return verify_wrong("--batch", "the files stand in the list on standard input");
    return end(judge_batch(&o));
}
