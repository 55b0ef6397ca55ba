/* collector/backup.h - what `backup` and `restore` are made of.
 *
 * A backup is a copy of the store taken while the daemon writes, synced, read back, and verified
 * like the log itself before it gets its name, with the files that this log says are here, each
 * read whole. It lies in a folder (backup.c), open to whoever reads the disk, or in one file,
 * encrypted and signed (backup_pack.c, archive.h).
 *
 * A restore verifies first and covers nothing: what it brings is put together under a passing name
 * beside its place (STORE.restoring, FILES.restoring) and takes the store's name in the end. It
 * draws a new engine id: brokers do not take the copy for the store it was copied from, and the
 * offices send again what it lacks. A file that is missing or damaged fails neither: it is told,
 * and the offices are asked for it.
 */
#ifndef COLLECTOR_BACKUP_H
#define COLLECTOR_BACKUP_H

#include "collector/archive.h"
#include "collector/commands.h"
#include "collector/file_walk.h"
#include "collector/verify.h"

#define BACKUP_FILES "files"
#define BACKUP_PATH_MAX 240 /* of what the user names, so that passing names fit */
#define BACKUP_NAME_ROOM 320

/* A store's folder under a passing name, and what a crash left of an earlier one, removed. */
void backup_clear(const char *folder);
/* A folder of files under a passing name, likewise. */
void backup_clear_files(const char *folder);
/* Copies the store, whole and synced, into a new folder. */
ESEP_MUST_USE enum esep_status backup_copy_store(const struct collector_settings *settings,
                                                 const char *from, const char *to,
                                                 struct esep_reason *reason);
/* Holds a copy against itself, as `log verify` does. */
ESEP_MUST_USE enum esep_status backup_verify(const struct collector_settings *settings,
                                             const char *path, struct collector_verdict *ret,
                                             struct esep_reason *reason);
/* What the log at `store` says is here, from one folder into another. No folder: all is missing. */
ESEP_MUST_USE enum esep_status
backup_carry_files(const struct collector_settings *settings, const char *store, const char *from,
                   const char *to, struct collector_files_verdict *ret, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status backup_give_name(const char *from, const char *to,
                                                struct esep_reason *reason);
void backup_warn_of_files(const char *where, const struct collector_files_verdict *files);

/* backup_pack.c, backup_unpack.c */

/* Packs a verified copy of the store, and the files of settings->files that it names. */
struct backup_packing {
    const char *copy; /* the store's folder */
    const char *path; /* of the archive */
    uint8_t recipient[ESEP_KEY_BYTES];
    const struct collector_verdict *verdict;
};
ESEP_MUST_USE enum esep_status backup_pack(const struct collector_settings *settings,
                                           const struct backup_packing *packing,
                                           struct collector_files_verdict *ret_files,
                                           struct esep_reason *reason);
/* Whether there is room for what the head announces, in the store's map and on each disk.
 * ESEP_LIMIT. */
ESEP_MUST_USE enum esep_status backup_room(const struct archive_head *head, uint64_t map_bytes,
                                           const char *store, const char *files,
                                           struct esep_reason *reason);
/* Reads an unlocked archive to its end. With folders: the store and the files are put into them;
 * without (NULL), every file is hashed and nothing is written. OK: every byte is what was signed.
 */
ESEP_MUST_USE enum esep_status backup_unpack(struct archive_reader *reader, const char *store,
                                             const char *files, uint64_t *ret_files,
                                             struct esep_reason *reason);
/* An archive that the log has signed, by the key of its time (archive_open). Which keys: the one
 * given (hex, or a note's key "name+id+base64"), else backup.log_key of the configuration, else
 * that of the key file or the signer; and where the signer knows that one, all that the log has
 * had. ESEP_NOT_FOUND: there is none of these. */
ESEP_MUST_USE enum esep_status backup_open(struct archive_reader **ret,
                                           const struct collector_settings *settings,
                                           const char *given, const char *path,
                                           struct esep_reason *reason);
/* The secret key of a file that `backup keygen` made. */
ESEP_MUST_USE enum esep_status backup_secret(const char *path, struct esep_box_key *ret,
                                             struct esep_reason *reason);

/* cmd_backup_check.c: `backup keygen FILE` and `backup check FILE`. */
int backup_keygen(const char *path, bool json);
struct backup_checking {
    const struct collector_settings *settings; /* NULL: only what is given */
    const char *path;
    const char *secret; /* NULL: the signatures alone */
    const char *log_key;
    bool json;
};
int backup_check(const struct backup_checking *checking);

#endif
