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

/* false: errno says why. */
bool esep_folder_sync(const char *folder);
/* The folder that holds the name: of "a/b" and "a/b/" it is "a", of "b" the working directory. */
bool esep_folder_sync_above(const char *path);
/* Puts a file in another's place: who reads sees the old one or the new one, whole. By way of
 * PATH.new. Not synced: it is for what its writer makes again. false: errno says why. */
bool esep_file_replace(const char *path, const void *bytes, size_t len);

#endif
