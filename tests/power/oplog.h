/* tests/power/oplog.h - operations in a file: env.c writes them, the cutter reads them.
 *
 * Each is a head of fixed size, the two names, the data; integers as this machine has them, since a
 * record never leaves it. A record's length is a moment: everything before it has happened.
 */
#ifndef TESTS_POWER_OPLOG_H
#define TESTS_POWER_OPLOG_H

#include "disk.h"

/* Appends in one write. false: errno says why. */
bool power_oplog_put(int fd, const struct power_op *op);

struct power_oplog {
    uint8_t *bytes;
    size_t len, at;
};
bool power_oplog_open(struct power_oplog *log, const char *path);
/* Borrowed from the log. false: the end, or a half one. */
bool power_oplog_next(struct power_oplog *log, struct power_op *ret);
void power_oplog_close(struct power_oplog *log);

#endif
