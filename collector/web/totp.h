/* collector/web/totp.h - the second factor: one-time codes of six digits, for half a minute each.
 *
 * What authenticator programs do by default: HMAC-SHA-1, 30 seconds, 6 digits. A code of the step
 * before or after is taken too, since telephones' clocks differ; none is taken twice.
 * Source: RFC 6238, RFC 4226 (codes), RFC 4648 (base32).
 */
#ifndef COLLECTOR_WEB_TOTP_H
#define COLLECTOR_WEB_TOTP_H

#include "base/slice.h"
#include "base/time.h"

#define WEB_TOTP_SECRET_BYTES 20
#define WEB_TOTP_BASE32_CHARS 33 /* of such a secret, with the NUL */

uint32_t web_totp_code(const uint8_t secret[WEB_TOTP_SECRET_BYTES], uint64_t step);
/* Whether `text` (six digits, spaces allowed) is a code of now. last_step: of the last code taken,
 * 0 at first; becomes the one of this. */
ESEP_MUST_USE bool web_totp_check(const uint8_t secret[WEB_TOTP_SECRET_BYTES], const char *text,
                                  esep_time now, uint64_t *last_step);
/* How people and programs are told a secret. */
void web_totp_base32(const uint8_t secret[WEB_TOTP_SECRET_BYTES], char ret[WEB_TOTP_BASE32_CHARS]);

#endif
