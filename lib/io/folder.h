/* lib/io/folder.h - a change of a name, made durable; and a file that readers find whole.
 *
 * What was renamed, linked or removed has its name on the disk only once the folder that holds the
 * name is synced (fsync(2)): a power cut may bring the old one back till then. Nothing is tried
 * twice: where a sync fails, what was written is not known to be there.
 */
#ifndef ESEP_IO_FOLDER_H
#define ESEP_IO_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* false: errno says why. */
bool esep_folder_sync(const char *folder);
/* The folder that holds the name: of "a/b" and "a/b/" it is "a", of "b" the working directory. */
bool esep_folder_sync_above(const char *path);
enum esep_replace {
    ESEP_REPLACE_UNSYNCED, /* for what its writer makes again: a power cut may leave it empty */
    ESEP_REPLACE_SYNCED,   /* on the disk under its name; after a power cut one of both is whole */
};
/* Puts a file in another's place: who reads sees the old one or the new one, whole. By way of
 * PATH.new, which is always made anew: nothing is written into what somebody else has opened, or
 * through a link. The file has the mode, less what the umask takes. One writer at a time. false:
 * errno says why, and the old one is still there. */
bool esep_file_replace(const char *path, mode_t mode, enum esep_replace how, const void *bytes,
                       size_t len);

#endif
