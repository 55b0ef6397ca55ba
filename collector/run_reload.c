/* collector/run_reload.c - HUP: the new configuration, whole or not at all; see run.h.
 *
 * What concerns alerts is swapped in place, since it is looked up each time: recipients for alerts
 * raised from now on, webhooks, mail account and retry rules for the next try. Operators belong to
 * the core: a new core is started from the store, and offices say Hello again. Store, keys,
 * witnesses, brokers, clock and limits are fixed for the life of the process.
 */
#include "collector/run.h"
#include "io/log.h"

static void swap_alerts(struct collector_settings *s, const struct collector_settings *fresh)
{
    memcpy(s->recipients, fresh->recipients, sizeof s->recipients);
    s->recipient_count = fresh->recipient_count;
    memcpy(s->webhooks, fresh->webhooks, sizeof s->webhooks);
    s->webhook_count = fresh->webhook_count;
    s->delivery_tries = fresh->delivery_tries;
    s->delivery_backoff = fresh->delivery_backoff;
    s->delivery_backoff_max = fresh->delivery_backoff_max;
    s->delivery_timeout = fresh->delivery_timeout;
    memcpy(s->mail_url, fresh->mail_url, sizeof s->mail_url);
    memcpy(s->mail_from, fresh->mail_from, sizeof s->mail_from);
    memcpy(s->mail_user, fresh->mail_user, sizeof s->mail_user);
    memcpy(s->mail_password_file, fresh->mail_password_file, sizeof s->mail_password_file);
    s->mail_tls = fresh->mail_tls;
}

static bool same_operators(const struct collector_settings *a, const struct collector_settings *b)
{
    return a->operator_count == b->operator_count &&
           memcmp(a->operators, b->operators, sizeof a->operators) == 0;
}

void run_reload(struct run *run)
{
    struct esep_reason reason = {""};
    struct collector_settings *fresh = NULL;
    struct collector_settings *s = run->settings;
    if (collector_settings_read(run->config_file, &fresh, &reason) != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "config-refused", "%s; the old configuration stays", reason.text);
        return;
    }
    swap_alerts(s, fresh);
    enum esep_log_level level;
    if (esep_log_level_parse(fresh->log_level, &level))
        esep_log_init("esep-collector", level);
    if (!same_operators(s, fresh)) {
        memcpy(s->operators, fresh->operators, sizeof s->operators);
        s->operator_count = fresh->operator_count;
        run->ended = true;
        esep_loop_deadline(run->loop, 0);
    }
    collector_settings_free(fresh);
    esep_log(ESEP_LOG_INFO, "config-reloaded",
             "alerts, operators and log level swapped; store, keys, brokers, witnesses, clock and "
             "limits hold from the next start");
}
