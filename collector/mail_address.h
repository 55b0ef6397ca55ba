/* collector/mail_address.h - what a letter may be sent to.
 *
 * It is asked when the configuration and a plan's recipients are read: an address that no mail
 * server takes is an error then, not a letter lost at night.
 */
#ifndef COLLECTOR_MAIL_ADDRESS_H
#define COLLECTOR_MAIL_ADDRESS_H

#include <stdbool.h>

/* A bare mail address, "who@host": one that can stand in a letter's head and in SMTP as it is. */
bool collector_mail_address(const char *text);

#endif
