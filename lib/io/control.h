/* lib/io/control.h - one question to a daemon on this machine, one answer.
 *
 * Commands speak to their daemon over a ZeroMQ REQ socket on ipc://; the folder of the socket
 * (mode 0700) says who may. A socket for another process of the same house (the collector's web
 * process, under its own user) lies in a folder that its group may enter (0750), and is 0660.
 * The call blocks up to the deadline; for commands, never for daemons.
 */
#ifndef ESEP_IO_CONTROL_H
#define ESEP_IO_CONTROL_H

#include "base/slice.h"

/* reply is cleared first. ESEP_AGAIN: nobody answered in time, the daemon does not run or is busy.
 * ESEP_DENIED: the socket is not ours to open. ESEP_LIMIT: the answer does not fit reply. */
ESEP_MUST_USE enum esep_status esep_control_call(const char *path, struct esep_slice request,
                                                 int timeout_ms, struct esep_buf *reply,
                                                 struct esep_reason *reason);
/* Makes the socket's folder with mode 0700 (group: 0750) where it is missing; ESEP_DENIED where it
 * is there and open to others. */
ESEP_MUST_USE enum esep_status esep_control_folder(const char *path, bool group,
                                                   struct esep_reason *reason);
/* After the bind: the socket's own mode, 0600 or (group) 0660, whatever the umask. */
ESEP_MUST_USE enum esep_status esep_control_mode(const char *path, bool group,
                                                 struct esep_reason *reason);

#endif
