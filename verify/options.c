/* verify/options.c - see options.h. */
#include "verify/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] =
    "usage: esep-verify --log VKEY [OPTION...] PROOF REPORT\n"
    "       esep-verify --log VKEY [OPTION...] --file PROOF FILE\n"
    "       esep-verify --broker HEX [OPTION...] INGRESS-PROOF REPORT\n"
    "       esep-verify [OPTION...] --batch < LIST\n"
    "       esep-verify log --log VKEY [OPTION...] FOLDER [PROOF|CHECKPOINT...]\n"
    "\n"
    "Says what a .tlog-proof proves of a report's bytes, and by whose clock; or whether a log's\n"
    "tiles are whole, and of one history with these proofs and heads.\n"
    "\n"
    "  --log VKEY           the log's public key, name+1234abcd+base64; once more for each other\n"
    "                       key that it had (up to 32 times)\n"
    "  --witness VKEY       a witness whose clock you trust (up to 16 times)\n"
    "  --quorum N           refuse what fewer than N of these witnesses signed\n"
    "  --office-key HEX     refuse what another key signed than this\n"
    "  --office-key-file F  the same, the key in a file\n"
    "  --due INSTANT        the deadline, as in 2013-01-20T23:59:59+06:00\n"
    "  --broker HEX         PROOF is a broker's note of ingress, and this is the broker's key:\n"
    "                       the weakest proof, where the log has none yet\n"
    "  --file               FILE is an attached file, not a report\n"
    "  --lang kk|ru|en      the language of the verdict\n"
    "  --json               the verdict as one line of JSON\n"
    "  --batch              for each line of standard input: options, PROOF and REPORT, with tabs\n"
    "                       between them; one line of JSON for each\n"
    "\n"
    "Ends with 0: proven, and in time if --due was given; 1: proven, but late; 65: refused;\n"
    "64: wrong usage; 69: a file cannot be read. docs/verify.md says how it is checked.\n";

int verify_wrong(const char *what, const char *why)
{
    (void)fprintf(stderr, "esep-verify: %s: %s\n", what, why);
    return EX_USAGE;
}

static int add_log(struct verify_options *o, const char *text)
{
    struct verify_request *r = &o->request;
    struct verify_key key;
    const char *why = verify_key_parse(text, &key);
    if (why == NULL && key.algorithm != VERIFY_ED25519)
        why = "this is no log's key (its first byte is not 1); a witness's goes with --witness";
    if (why == NULL && r->log_count == VERIFY_LOGS_MAX)
        why = "32 at most";
    if (why == NULL && r->log_count > 0 && strcmp(r->logs[0].name, key.name) != 0)
        why = "this is a key of another log than the one before: one log at a time";
    if (why != NULL)
        return verify_wrong("--log", why);
    r->logs[r->log_count++] = key;
    return 0;
}

/* A cosignature does not name its witness, so one key under two names would count twice. */
static int add_witness(struct verify_options *o, const char *text)
{
    struct verify_request *r = &o->request;
    if (r->witness_count == VERIFY_WITNESSES_MAX)
        return verify_wrong("--witness", "16 at most");
    struct verify_key *key = &r->witnesses[r->witness_count];
    const char *why = verify_key_parse(text, key);
    if (why == NULL && key->algorithm != VERIFY_COSIGNATURE)
        why = "this is no witness's key (its first byte is not 4); the log's goes with --log";
    for (size_t i = 0; why == NULL && i < r->witness_count; i++)
        if (memcmp(r->witnesses[i].public, key->public, sizeof key->public) == 0)
            why = "this key was given already, and counts once";
    if (why != NULL)
        return verify_wrong("--witness", why);
    r->witness_count++;
    return 0;
}

static int set_office_key(struct verify_options *o, const char *text)
{
    size_t len = strcspn(text, "\r\n");
    if (!verify_hex(verify_bytes(text, len), o->request.office_key, sizeof o->request.office_key))
        return verify_wrong("--office-key", "a public key is 64 hexadecimal digits");
    o->request.has_office_key = true;
    return 0;
}

int verify_cannot_read(const char *name)
{
    (void)fprintf(stderr, "esep-verify: %s: %s\n", name, strerror(errno));
    return EX_UNAVAILABLE;
}

static int set_broker(struct verify_options *o, const char *text)
{
    if (!verify_hex(verify_text(text), o->request.broker_key, sizeof o->request.broker_key))
        return verify_wrong("--broker", "a public key is 64 hexadecimal digits");
    o->request.has_broker = true;
    return 0;
}

static int set_office_key_file(struct verify_options *o, const char *name)
{
    char text[128] = "";
    FILE *file = fopen(name, "r");
    if (file == NULL)
        return verify_cannot_read(name);
    size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    return set_office_key(o, text);
}

static int set_quorum(struct verify_options *o, const char *text)
{
    uint64_t value = 0;
    if (!verify_decimal(verify_text(text), &value) || value > VERIFY_WITNESSES_MAX)
        return verify_wrong("--quorum", "a number from 0 to 16");
    o->request.quorum = (unsigned)value;
    return 0;
}

static int set_due(struct verify_options *o, const char *text)
{
    if (!verify_time(text, &o->request.due_us, &o->offset_s))
        return verify_wrong("--due", "write it as 2013-01-20T23:59:59+06:00, with its offset");
    o->request.has_due = true;
    return 0;
}

static int set_language(struct verify_options *o, const char *text)
{
    return verify_language(text, &o->language) ? 0 : verify_wrong("--lang", "kk, ru or en");
}

static int set_file(struct verify_options *o, const char *text)
{
    (void)text;
    o->request.is_file = true;
    return 0;
}

static int set_json(struct verify_options *o, const char *text)
{
    (void)text;
    o->is_json = true;
    return 0;
}

static int set_batch(struct verify_options *o, const char *text)
{
    (void)text;
    o->is_batch = true;
    return 0;
}

static const struct option names[] = {
    {"log", required_argument, NULL, 0},
    {"witness", required_argument, NULL, 0},
    {"quorum", required_argument, NULL, 0},
    {"office-key", required_argument, NULL, 0},
    {"office-key-file", required_argument, NULL, 0},
    {"broker", required_argument, NULL, 0},
    {"due", required_argument, NULL, 0},
    {"lang", required_argument, NULL, 0},
    {"file", no_argument, NULL, 0},
    {"json", no_argument, NULL, 0},
    {"batch", no_argument, NULL, 0},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};
static int (*const setters[])(struct verify_options *o, const char *text) = {
    add_log, add_witness,  set_quorum, set_office_key, set_office_key_file, set_broker,
    set_due, set_language, set_file,   set_json,       set_batch,
};

int verify_options_read(struct verify_options *o, int argc, char **argv, int *ret_first)
{
    int which = 0;
    int c = 0;
    optind = 0; /* a batch reads options again */
    while ((c = getopt_long(argc, argv, "+", names, &which)) != -1) {
        if (c == 'h') {
            (void)fputs(usage, stdout);
            return -1;
        }
        if (c == 'v') {
            (void)puts("esep-verify " ESEP_VERSION);
            return -1;
        }
        int ended = c == 0 ? setters[which](o, optarg) : EX_USAGE;
        if (ended != 0)
            return ended;
    }
    *ret_first = optind;
    return 0;
}
