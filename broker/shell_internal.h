/* broker/shell_internal.h - the daemon's state, shared by shell.c, shell_open.c and status.c. */
#ifndef BROKER_SHELL_INTERNAL_H
#define BROKER_SHELL_INTERNAL_H

#include "broker/shell.h"
#include "io/clock.h"
#include "io/keyfile.h"
#include "io/loop.h"
#include "io/zap.h"

#include <event2/event.h>

#define BROKER_DESCRIPTORS_SPARE 8

struct broker_shell {
    struct broker_settings *settings;
    char config_file[256];
    struct esep_curve_key curve;
    bool signs_ingress;
    uint8_t sign_public[ESEP_KEY_BYTES];
    struct esep_clock clock;
    struct broker *core;
    struct esep_loop *loop;
    void *zmq;
    struct esep_zap *zap;
    struct esep_zsock *agents;
    struct esep_zsock *collectors;
    struct esep_zsock *control; /* NULL: none */
    struct event *descriptors_timer;
    struct esep_config_texts agents_bound;
    struct esep_config_texts collectors_bound;
    bool accepting;
    uint64_t descriptors_open, descriptors_max;
    int descriptors_spare[BROKER_DESCRIPTORS_SPARE]; /* -1: let go */
    esep_time started_at;
    uint64_t dropped; /* messages that libzmq should not have let in: no User-Id, too many parts */
};

/* Carries out the core's effects, and sets the next deadline. */
void broker_shell_pump(struct broker_shell *shell, esep_time now);
void broker_shell_arm(struct broker_shell *shell, esep_time now);
/* shell_open.c: keys, core, ZAP, sockets. */
ESEP_MUST_USE enum esep_status broker_shell_open(struct broker_shell *shell,
                                                 struct esep_reason *reason);
/* shell.c: what the sockets call. */
void broker_shell_on_agents(struct esep_zsock *sock, void *context);
void broker_shell_on_collectors(struct esep_zsock *sock, void *context);
void broker_shell_on_control(struct esep_zsock *sock, void *context);
bool broker_shell_allow(const char *domain, const char *address, const uint8_t key[32],
                        void *context);
/* shell_descriptors.c: stops accepting before they run out. */
ESEP_MUST_USE enum esep_status broker_shell_watch_descriptors(struct broker_shell *shell,
                                                              struct esep_reason *reason);
void broker_shell_unwatch_descriptors(struct broker_shell *shell); /* half built, too */
/* The answer to `status`: JSON, to be freed. NULL: no memory. */
char *broker_status_json(const struct broker_shell *shell, bool offices);

#endif
