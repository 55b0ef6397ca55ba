/* lib/io/control.c - see control.h. */
#include "io/control.h"

#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static enum esep_status exchange(void *socket, const char *path, struct esep_slice request,
                                 int timeout_ms, struct esep_buf *reply, struct esep_reason *reason)
{
    if (zmq_send(socket, request.data, request.len, 0) < 0)
        return esep_because(reason, ESEP_AGAIN, "nobody listens at %s: is the daemon running?",
                            path);
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    int ready = zmq_poll(&item, 1, timeout_ms);
    if (ready <= 0)
        return esep_because(reason, ESEP_AGAIN,
                            "no answer at %s within %d ms: is the daemon running?", path,
                            timeout_ms);
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    enum esep_status status = ESEP_OK;
    if (zmq_msg_recv(&message, socket, 0) < 0)
        status = esep_because(reason, ESEP_AGAIN, "no answer at %s", path);
    else
        status = esep_buf_put(reply, zmq_msg_data(&message), zmq_msg_size(&message));
    (void)zmq_msg_close(&message);
    return status;
}

enum esep_status esep_control_call(const char *path, struct esep_slice request, int timeout_ms,
                                   struct esep_buf *reply, struct esep_reason *reason)
{
    esep_buf_clear(reply);
    struct stat there;
    if (stat(path, &there) != 0)
        return esep_because(reason, errno == EACCES ? ESEP_DENIED : ESEP_AGAIN,
                            errno == EACCES ? "%s: not permitted: run as the daemon's user"
                                            : "%s: no such socket: is the daemon running?",
                            path);
    if (access(path, W_OK) != 0)
        return esep_because(reason, ESEP_DENIED, "%s: not permitted: run as the daemon's user",
                            path);
    enum esep_status enough = esep_files_check(reason);
    if (enough != ESEP_OK)
        return enough;
    void *context = zmq_ctx_new();
    void *socket = context != NULL ? zmq_socket(context, ZMQ_REQ) : NULL;
    enum esep_status status = ESEP_NOMEM;
    if (socket != NULL) {
        char endpoint[300];
        int zero = 0;
        int64_t most = (int64_t)reply->max;
        (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
        (void)zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
        (void)zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout_ms, sizeof timeout_ms);
        (void)zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
        status = zmq_connect(socket, endpoint) == 0
                     ? exchange(socket, path, request, timeout_ms, reply, reason)
                     : esep_because(reason, ESEP_INVALID, "%s: not a socket's path: %s", path,
                                    zmq_strerror(zmq_errno()));
        (void)zmq_close(socket);
    }
    if (context != NULL)
        (void)zmq_ctx_term(context);
    return status;
}

enum esep_status esep_control_folder(const char *path, bool group, struct esep_reason *reason)
{
    char folder[256];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return esep_because(reason, ESEP_INVALID, "control: '%s' must lie in a folder of its own",
                            path);
    *slash = 0;
    if (mkdir(folder, group ? 0750 : 0700) != 0 && errno != EEXIST)
        return esep_because(reason, errno == EACCES || errno == EROFS ? ESEP_DENIED : ESEP_IO,
                            "%s: cannot make the folder: %s", folder, strerror(errno));
    struct stat there;
    if (stat(folder, &there) != 0 || !S_ISDIR(there.st_mode))
        return esep_because(reason, ESEP_INVALID, "%s: not a folder", folder);
    if ((there.st_mode & (group ? 027 : 077)) != 0 || there.st_uid != geteuid())
        return esep_because(reason, ESEP_DENIED,
                            "%s: must be ours and closed to others (chmod %s): who may open the "
                            "socket may give orders",
                            folder, group ? "750" : "700");
    return ESEP_OK;
}

enum esep_status esep_control_mode(const char *path, bool group, struct esep_reason *reason)
{
    if (chmod(path, group ? 0660 : 0600) != 0)
        return esep_because(reason, ESEP_IO, "%s: cannot set its mode: %s", path, strerror(errno));
    return ESEP_OK;
}
