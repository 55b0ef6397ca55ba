/* lib/domain/media.h - which files may be evidence: what one is, by its content, and what it is
 * called.
 *
 * What a file is, its bytes say; its name only has to agree. There is a short list of what is
 * taken, and nothing else is: PDF, JPEG, PNG, TIFF, DOCX, XLSX, ODT, ODS, plain text in UTF-8. All
 * of these show or print what an office did, and none of them runs when it is opened as the browser
 * or the office program is shipped. Never taken: markup that a browser would render (HTML, SVG,
 * XML), programs and scripts, archives, documents with macros or with other programs' objects in
 * them (DOCM and the like, ActiveX, Excel 4 macros, OLE packages, Basic in ODF), the old binary DOC
 * and XLS (whose macros are not told apart here), encrypted ones, and CSV (its cells run as
 * formulas and its letters are a guess; XLSX and ODS hold tables). Of a PDF this looks at the frame
 * alone: what scripts it may hold lies compressed, a reader of today asks before it runs one, and
 * the commission's page hands every file out as a download.
 *
 * The limits stand here for the agent, the collector and the pages alike. A file is told in words a
 * clerk can act on: what it is, and what to save it as.
 *
 * Pure: the content is given whole (a mapped file will do); nothing is kept.
 */
#ifndef ESEP_DOMAIN_MEDIA_H
#define ESEP_DOMAIN_MEDIA_H

#include "base/slice.h"

#define ESEP_MEDIA_FILE_BYTES_MAX (UINT64_C(20) << 20)   /* of one file */
#define ESEP_MEDIA_REPORT_BYTES_MAX (UINT64_C(60) << 20) /* of all files of one report */
#define ESEP_MEDIA_REPORT_FILES_MAX 32
#define ESEP_MEDIA_NAME_BYTES 201 /* a cleaned name, NUL included */

struct esep_media {
    const char *type; /* "application/pdf" */
    const char
        *endings; /* " pdf ": of names; each between spaces, lower case, the usual one first */
    const char *called_en; /* "PDF" */
};
/* All that are taken, for pages to tell before the choice; NULL behind the last. */
const struct esep_media *esep_media_at(size_t number);
/* By media type; NULL: it is none of those. */
const struct esep_media *esep_media_find(const char *type);

/* What the content is. ESEP_INVALID, and what to do instead: it is empty, cut off, not taken, or
 * the name's ending is another kind's. ESEP_LIMIT: too large. */
ESEP_MUST_USE enum esep_status esep_media_check(struct esep_slice content, const char *name,
                                                const struct esep_media **ret,
                                                struct esep_reason *reason);
/* The last part of a path, fit for every disk and every listing: no separators, no control
 * characters, nothing that turns the direction of writing or hides, no names that Windows keeps for
 * itself; not too long, its ending kept. Never empty. */
void esep_media_name(const char *path, char out[ESEP_MEDIA_NAME_BYTES]);

/* media_zip.c: the kinds that are ZIP archives inside. */
ESEP_MUST_USE enum esep_status esep_media_zip(struct esep_slice content, const char **ret_type,
                                              struct esep_reason *reason);

#endif
