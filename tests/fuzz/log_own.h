/* tests/fuzz/log_own.h - entries of the collector's own that the choices in some bytes make: what
 * log.c has beside reports and the decisions over them. Each is well-formed but for those choices.
 */
#ifndef FUZZ_LOG_OWN_H
#define FUZZ_LOG_OWN_H

#include "story.h"

/* A true leaf of any LogType, of any office, over the bytes as its body. */
void log_own_typed(struct story *s, struct fuzz_input in);
/* MailAck, Presence or Alarm: what offices say without writing. */
void log_own_sign_of_life(struct story *s, struct fuzz_input in);
void log_own_code(struct story *s, struct fuzz_input in);
void log_own_credential(struct story *s, struct fuzz_input in);
void log_own_evidence(struct story *s, struct fuzz_input in);
void log_own_generation(struct story *s, struct fuzz_input in);
void log_own_log_key(struct story *s, struct fuzz_input in);
void log_own_rights(struct story *s, struct fuzz_input in);
void log_own_keys_asked(struct story *s, struct fuzz_input in);

#endif
