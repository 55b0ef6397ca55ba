/* collector/mail_address.c - see mail_address.h. */
#include "collector/mail_address.h"

#include <string.h>

bool collector_mail_address(const char *text)
{
    const char *at = strchr(text, '@');
    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL)
        return false;
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f ||
            strchr("<>()[]\\,;:\"", *p) != NULL)
            return false;
    return true;
}
