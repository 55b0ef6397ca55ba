/* lib/io/control.h - one question to a daemon on this machine, one answer.
 *
 * Commands speak to their daemon over a ZeroMQ REQ socket on ipc://; the folder of the socket
 * (mode 0700) says who may. Blocks up to the deadline; for commands, never for daemons.
 */
#ifndef ESEP_IO_CONTROL_H
#define ESEP_IO_CONTROL_H

#include "base/slice.h"

/* reply is cleared first. ESEP_AGAIN: nobody answered in time, the daemon does not run or is busy.
 * ESEP_DENIED: the socket is not ours to open. ESEP_LIMIT: the answer does not fit reply. */
ESEP_MUST_USE enum esep_status esep_control_call(const char *path, struct esep_slice request,
                                                 int timeout_ms, struct esep_buf *reply,
                                                 struct esep_reason *reason);
/* Makes the socket's folder with mode 0700 where it is missing; ESEP_DENIED where it is there and
 * open to others. */
ESEP_MUST_USE enum esep_status esep_control_folder(const char *path, struct esep_reason *reason);

#endif
