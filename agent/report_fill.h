/* agent/report_fill.h - a report put together from words on the command line or from a file.
 *
 * Other entries are named as people do (entry_name.h); what is meant is looked up when the report
 * gets its place (agent_report_place), and in the message stands its content hash alone.
 *
 * Both name the same fields and check them the same way. Money is read as people write it, in tenge
 * ("1 234,50"), and kept in tiyn; what could be read in two ways is refused, never guessed. Whether
 * the whole is well-formed is said by domain/report.h, once, when the entry is packed.
 *
 * Invariant: every pointer in `message` lives in the arena or in this struct.
 */
#ifndef AGENT_REPORT_FILL_H
#define AGENT_REPORT_FILL_H

#include "base/arena.h"
#include "base/crypto.h"
#include "domain/media.h"
#include "esep/v1/report.pb-c.h"
#include "io/yaml.h"

#define AGENT_INDICATORS_MAX 64
#define AGENT_MONEY_MAX 32
#define AGENT_SETTLES_MAX 8
#define AGENT_CITES_MAX 64
#define AGENT_ATTACHED_MAX ESEP_MEDIA_REPORT_FILES_MAX

struct agent_report {
    Esep__V1__Report message;
    struct esep_arena *arena;
    const char *folder; /* of the file that is read */
    Esep__V1__Person preparer, signatory;
    Esep__V1__Indicator *indicators[AGENT_INDICATORS_MAX];
    Esep__V1__Money *money[AGENT_MONEY_MAX];
    ProtobufCBinaryData settles[AGENT_SETTLES_MAX];
    ProtobufCBinaryData cites[AGENT_CITES_MAX];
    Esep__V1__AttachmentRef *attachments[AGENT_ATTACHED_MAX];
    /* As they were named by hand. What a draft held has its hash already, and stands before them.
     */
    struct agent_named {
        const char *builds_on; /* NULL: not named */
        const char *settles[AGENT_SETTLES_MAX];
        const char *cites[AGENT_CITES_MAX];
        size_t settles_count, cites_count;
        const char *files[AGENT_ATTACHED_MAX]; /* paths; attach.h takes them in */
        size_t files_count;
    } named;
    struct agent_drafted {
        bool builds_on;
        size_t settles, cites;
    } drafted;
};

void agent_report_init(struct agent_report *ret, struct esep_arena *arena);
/* A text field by its name in report.proto. ESEP_NOT_FOUND: no text field has this name. */
ESEP_MUST_USE enum esep_status agent_report_text(struct agent_report *r, const char *name,
                                                 const char *value, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status agent_report_fulfilment(struct agent_report *r, const char *value,
                                                       struct esep_reason *reason);
ESEP_MUST_USE enum esep_status agent_report_percent(struct agent_report *r, const char *value,
                                                    struct esep_reason *reason);
/* "name=value,unit,target,breakdown"; what follows the value may be left out. */
ESEP_MUST_USE enum esep_status agent_report_indicator(struct agent_report *r, const char *value,
                                                      struct esep_reason *reason);
/* "source:programme:planned:allocated:spent"; "within" for planned: within allotted funds. */
ESEP_MUST_USE enum esep_status agent_report_money(struct agent_report *r, const char *value,
                                                  struct esep_reason *reason);
/* "Name, position". */
ESEP_MUST_USE enum esep_status agent_report_person(struct agent_report *r, bool signatory,
                                                   const char *value, struct esep_reason *reason);
/* "settles", "cites": one entry more; "builds_on": that entry. value: see entry_name.h. */
ESEP_MUST_USE enum esep_status agent_report_entry(struct agent_report *r, const char *name,
                                                  const char *value, struct esep_reason *reason);
/* A file to attach, by its path; relative to `folder` where that is not NULL. */
ESEP_MUST_USE enum esep_status agent_report_file(struct agent_report *r, const char *folder,
                                                 const char *path, struct esep_reason *reason);
/* A file that is in the store. The same once more changes nothing; another of that name, or what is
 * over the limits of domain/media.h, is refused. */
ESEP_MUST_USE enum esep_status agent_report_attached(struct agent_report *r, const char *name,
                                                     const char *media_type, uint64_t size_bytes,
                                                     const struct esep_hash *sha256,
                                                     struct esep_reason *reason);
/* Takes an attachment off by its name. ESEP_NOT_FOUND: there is none. */
ESEP_MUST_USE enum esep_status agent_report_detach(struct agent_report *r, const char *name,
                                                   struct esep_reason *reason);
/* "open" or "official_use". */
ESEP_MUST_USE enum esep_status agent_report_access(struct agent_report *r, const char *value,
                                                   struct esep_reason *reason);
/* Tenge as people write them, to tiyn. */
ESEP_MUST_USE enum esep_status agent_tenge_parse(const char *text, int64_t *ret_tiyn,
                                                 struct esep_reason *reason);

/* One entry more that this one settles or cites, by its hash; one that is there already is no more.
 */
ESEP_MUST_USE enum esep_status agent_report_settle(struct agent_report *r,
                                                   const struct esep_hash *hash,
                                                   struct esep_reason *reason);
ESEP_MUST_USE enum esep_status
agent_report_cite(struct agent_report *r, const struct esep_hash *hash, struct esep_reason *reason);

/* A map with the fields of report.proto (docs/json.md says which); every fault is a complaint.
 * Relative paths of attachments begin at `folder` (NULL: where the command stands). */
void agent_report_from_node(struct agent_report *r, const char *folder,
                            const struct esep_yaml_node *map, struct esep_complaints *complaints);
/* A copy of a packed report, to go on from (a draft). */
ESEP_MUST_USE enum esep_status agent_report_from_bytes(struct agent_report *r,
                                                       struct esep_slice packed,
                                                       struct esep_reason *reason);

#endif
