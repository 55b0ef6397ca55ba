/* verify/log.h - a whole log, from the tiles that it is served as.
 *
 * A folder as C2SP tlog-tiles lays it out: `checkpoint`, `tile/0/...` with 256 hashes of entries in
 * each file, and `tile/entries/...` with the entries, where they are given out. All hashes are put
 * together again, and must lead to the root that the log signed. Whoever kept older heads, or
 * receipts, learns whether they are of the same history: what was taken out, put in, changed or
 * moved leads to other roots.
 *
 * One pass over the files; memory for one tile, and for each head that is compared.
 */
#ifndef VERIFY_LOG_H
#define VERIFY_LOG_H

#include "verify/options.h"

#define VERIFY_HEADS_MAX 256 /* proofs and checkpoints compared with one log */

/* files: the folder, then proofs (.tlog-proof) or checkpoints. Says what is found; returns the code
 * to end with: 0, 65, 64, 69. */
int verify_log(const struct verify_options *options, int count, char **files);

#endif
