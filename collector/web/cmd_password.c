/* collector/web/cmd_password.c - `password`: an invitation, a password, or a second factor for an
 * account. For operators, on the machine of the page's process and as its user.
 *
 * The log says that it was done and by whom, before it is (collector_order_credential.c), so the
 * daemon must run. What was done lies in web.credentials alone.
 */
#include "collector/commands.h"
#include "collector/web/commands.h"
#include "collector/web/credentials.h"
#include "io/clock.h"
#include "io/keyfile.h"
#include "wire/unpack.h"

#include <sodium.h>
#include <stdlib.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

struct words {
    struct command_common common;
    const char *name;
    bool invite;
    bool second_factor;
    bool no_second_factor;
};

enum { INVITE = 256, SECOND_FACTOR, NO_SECOND_FACTOR };

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case INVITE:
        words->invite = true;
        return 0;
    case SECOND_FACTOR:
        words->second_factor = true;
        return 0;
    case NO_SECOND_FACTOR:
        words->no_second_factor = true;
        return 0;
    case ARGP_KEY_ARG:
        if (words->name != NULL)
            argp_error(state, "'%s' is one word too many", value);
        words->name = value;
        return 0;
    case ARGP_KEY_END:
        if (words->name == NULL)
            argp_error(state, "whose? Say the account's name");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One line from the terminal, unseen, or from whatever stdin is. */
static bool read_line(const char *prompt, char *out, size_t len)
{
    struct termios seen;
    struct termios unseen;
    const bool terminal = tcgetattr(STDIN_FILENO, &seen) == 0;
    if (terminal) {
        unseen = seen;
        unseen.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
        (void)fputs(prompt, stderr);
    }
    const bool got = fgets(out, (int)len, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
        (void)fputc('\n', stderr);
    }
    if (got)
        out[strcspn(out, "\r\n")] = '\0';
    return got;
}

static enum esep_status take_password(const char *name, struct web_credential *credential,
                                      struct esep_reason *reason)
{
    char first[WEB_PASSWORD_BYTES_MAX + 3];
    char second[WEB_PASSWORD_BYTES_MAX + 3];
    enum esep_status status = ESEP_OK;
    if (!read_line("password: ", first, sizeof first) ||
        (isatty(STDIN_FILENO) != 0 && !read_line("once more: ", second, sizeof second)))
        status = esep_because(reason, ESEP_INVALID, "no password was given");
    else if (isatty(STDIN_FILENO) != 0 && strcmp(first, second) != 0)
        status = esep_because(reason, ESEP_INVALID, "the two are not the same: nothing changed");
    else
        status = web_password_check(name, first, reason);
    if (status == ESEP_OK && crypto_pwhash_str(credential->password, first, strlen(first),
                                               crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                               crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        status = esep_because(reason, ESEP_NOMEM, "no memory for hashing the password");
    esep_wipe(first, sizeof first);
    esep_wipe(second, sizeof second);
    return status;
}

/* What will be, but for what stays of what was there; the log's order of it; the text to print. */
static enum esep_status draw(const struct words *words, const struct esep_clock *clock,
                             struct web_credential *next, Esep__V1__CredentialOrder *order,
                             char ret_text[256], struct esep_reason *reason)
{
    ret_text[0] = '\0';
    if (words->invite) {
        char invitation[WEB_INVITATION_CHARS];
        char until[32];
        const esep_time end = esep_clock_now(clock) + WEB_INVITED_FOR;
        web_invitation_make(next, end, invitation);
        esep_time_format(end, NULL, until);
        (void)snprintf(ret_text, 256, "invitation: %s\ngood until: %s", invitation, until);
        esep_wipe(invitation, sizeof invitation);
        order->act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_INVITED;
        order->hash = esep_pb(next->invitation.bytes, ESEP_HASH_BYTES);
        order->until_us = end;
        return ESEP_OK;
    }
    if (words->second_factor) {
        char secret[WEB_TOTP_BASE32_CHARS];
        esep_random(next->totp, sizeof next->totp);
        web_totp_base32(next->totp, secret);
        (void)snprintf(ret_text, 256, "otpauth://totp/Esep:%.64s?secret=%s&issuer=Esep",
                       words->name, secret);
        esep_wipe(secret, sizeof secret);
        order->act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_SECOND_FACTOR;
        return ESEP_OK;
    }
    if (words->no_second_factor) {
        order->act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_NO_SECOND_FACTOR;
        return ESEP_OK;
    }
    order->act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_PASSWORD;
    return take_password(words->name, next, reason);
}

static void change(const struct words *words, const struct web_credential *next,
                   struct web_credential *credential)
{
    if (words->invite) {
        credential->invitation = next->invitation;
        credential->invited_until = next->invited_until;
    } else if (words->second_factor) {
        memcpy(credential->totp, next->totp, sizeof credential->totp);
        credential->totp_step = 0;
        credential->second_factor = true;
    } else if (words->no_second_factor) {
        credential->second_factor = false;
    } else { /* whoever holds an invitation would choose another one */
        memcpy(credential->password, next->password, sizeof credential->password);
        credential->invitation = (struct esep_hash){{0}};
        credential->invited_until = 0;
    }
}

static enum esep_status tell_log(const struct words *words,
                                 const struct collector_settings *settings,
                                 Esep__V1__CredentialOrder *credential, struct esep_reason *reason)
{
    char name[WEB_ACCOUNT_MAX];
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    struct collector_answer answer = {0};
    (void)snprintf(name, sizeof name, "%s", words->name);
    credential->account = name;
    order.what_case = ESEP__V1__ORDER__WHAT_CREDENTIAL;
    order.credential = credential;
    const enum esep_status status = collector_order_ask(settings, &order, &answer, reason);
    return status == ESEP_OK && !answer.ok
               ? esep_because(reason, ESEP_INVALID, "refused: %s", answer.text.text)
               : status;
}

static enum esep_status do_it(const struct words *words, const struct collector_settings *settings,
                              char ret_text[256], struct esep_reason *reason)
{
    struct esep_clock clock = {0};
    struct web_credentials *credentials = NULL;
    struct web_credential next = {.password = ""};
    struct web_credential credential = {.password = ""};
    Esep__V1__CredentialOrder order = ESEP__V1__CREDENTIAL_ORDER__INIT;
    enum esep_status status = esep_clock_init(&clock, settings->clock, reason);
    if (status == ESEP_OK)
        status = web_credentials_open(&credentials, settings->web_credentials, reason);
    if (status == ESEP_OK)
        status = draw(words, &clock, &next, &order, ret_text, reason);
    if (status == ESEP_OK)
        status = tell_log(words, settings, &order, reason);
    if (status == ESEP_OK) { /* only now: a login may have changed it meanwhile */
        status = web_credential_get(credentials, words->name, &credential, reason);
        status = status == ESEP_NOT_FOUND ? ESEP_OK : status;
    }
    if (status == ESEP_OK) {
        change(words, &next, &credential);
        status = web_credential_put(credentials, words->name, &credential, reason);
    }
    esep_wipe(&next, sizeof next);
    esep_wipe(&credential, sizeof credential);
    web_credentials_close(credentials);
    return status;
}

/* A credential without an account opens nothing; a slip in the name is told before it is made. */
static enum esep_status check_account(const struct collector_settings *settings, const char *name,
                                      struct esep_reason *reason)
{
    struct collector_state state = {0};
    enum esep_status status = collector_state_open(&state, settings, true, reason);
    if (status == ESEP_OK && views_account_named(state.views, name) == NULL)
        status = esep_because(reason, ESEP_NOT_FOUND,
                              "no account '%.64s': make it first, with esep-collector account add",
                              name);
    collector_state_close(&state);
    return status;
}

int collector_cmd_password(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"invite", INVITE, NULL, 0, "print a one-time invitation to choose a password (72 hours)",
         0},
        {"second-factor", SECOND_FACTOR, NULL, 0,
         "demand one-time codes from now on; prints the secret as an otpauth URI", 0},
        {"no-second-factor", NO_SECOND_FACTOR, NULL, 0, "demand none any more", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "NAME",
        .doc = "Sets what an account logs in with. Without options it reads the new password.",
        .children = children};
    struct words words = {0};
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    char text[256];
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    if (words.invite + words.second_factor + words.no_second_factor > 1) {
        (void)fputs("esep-collector password: say one of the options, not several\n", stderr);
        return EX_USAGE;
    }
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK)
        status = web_credentials_folder(settings, &reason);
    if (status == ESEP_OK)
        status = check_account(settings, words.name, &reason);
    if (status == ESEP_OK)
        status = do_it(&words, settings, text, &reason);
    if (status == ESEP_OK && text[0] != '\0')
        (void)printf("%s\n", text);
    esep_wipe(text, sizeof text);
    collector_settings_free(settings);
    return status == ESEP_OK ? esep_output_end(0) : collector_fail(status, &reason);
}
