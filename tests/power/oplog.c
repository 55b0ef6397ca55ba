/* tests/power/oplog.c - see oplog.h. */
#include "oplog.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC 0x65736570u

struct head {
    uint32_t magic, kind;
    uint64_t file, offset, size;
    uint32_t name_len, name2_len; /* with their NUL */
    uint64_t data_len;
};

bool power_oplog_put(int fd, const struct power_op *op)
{
    const char *name = op->name != NULL ? op->name : "";
    const char *name2 = op->name2 != NULL ? op->name2 : "";
    struct head head = {.magic = MAGIC,
                        .kind = op->kind,
                        .file = op->file,
                        .offset = op->offset,
                        .size = op->size,
                        .name_len = (uint32_t)strlen(name) + 1,
                        .name2_len = (uint32_t)strlen(name2) + 1,
                        .data_len = op->data.len};
    const struct iovec parts[] = {
        {.iov_base = &head, .iov_len = sizeof head},
        {.iov_base = (void *)(uintptr_t)name, .iov_len = head.name_len},
        {.iov_base = (void *)(uintptr_t)name2, .iov_len = head.name2_len},
        {.iov_base = (void *)(uintptr_t)op->data.data, .iov_len = op->data.len},
    };
    size_t len = sizeof head + head.name_len + head.name2_len + op->data.len;
    return syscall(SYS_writev, fd, parts, 4) == (ssize_t)len;
}

bool power_oplog_open(struct power_oplog *log, const char *path)
{
    struct stat info;
    *log = (struct power_oplog){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        return false;
    log->bytes = malloc((size_t)info.st_size + 1);
    if (log->bytes == NULL)
        abort();
    ssize_t got = 1;
    while (log->len < (size_t)info.st_size && got > 0) {
        got = read(fd, log->bytes + log->len, (size_t)info.st_size - log->len);
        log->len += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    return got >= 0;
}

bool power_oplog_next(struct power_oplog *log, struct power_op *ret)
{
    struct head head;
    if (log->len - log->at < sizeof head)
        return false;
    memcpy(&head, log->bytes + log->at, sizeof head);
    size_t len = sizeof head + head.name_len + head.name2_len + (size_t)head.data_len;
    if (head.magic != MAGIC || log->len - log->at < len)
        return false;
    const char *name = (const char *)log->bytes + log->at + sizeof head;
    *ret = (struct power_op){
        .kind = (enum power_kind)head.kind,
        .file = head.file,
        .offset = head.offset,
        .size = head.size,
        .name = name,
        .name2 = name + head.name_len,
        .data = esep_slice(name + head.name_len + head.name2_len, (size_t)head.data_len)};
    log->at += len;
    return true;
}

void power_oplog_close(struct power_oplog *log)
{
    free(log->bytes);
    *log = (struct power_oplog){0};
}
