/* verify/proof.h - a .tlog-proof file taken apart, and the way from its leaf to a root.
 *
 * C2SP tlog-proof: a head line, "extra" in base64, "index", the hashes of an audit path (RFC 6962),
 * an empty line, the checkpoint. Behind extra stand our parts. docs/verify.md, "The file" and "The
 * parts", is the specification of this file.
 *
 * A struct verify_proof is large and holds all that is decoded; the rest borrows from the file's
 * bytes. Nothing is believed of what is read here.
 *
 * A broker's note of ingress comes in a file of two lines, with parts of the same kind.
 */
#ifndef VERIFY_PROOF_H
#define VERIFY_PROOF_H

#include "verify/bytes.h"

#define VERIFY_INGRESS_HEAD "esep-ingress-proof@v1"
#define VERIFY_PROOF_MAX 262144 /* bytes of the file */
#define VERIFY_EXTRA_MAX 139264
#define VERIFY_PATH_MAX 65
#define VERIFY_AFTER_MAX 4096
#define VERIFY_LEAF_BYTES 160
#define VERIFY_SIGNED_BYTES 144 /* of a statement; its signature follows */
#define VERIFY_STATEMENT_BYTES 208
#define VERIFY_NONCE_BYTES 16
#define VERIFY_NOTED_BYTES 152 /* of a broker's note; its signature follows */
#define VERIFY_INGRESS_BYTES 216

struct verify_proof {
    uint64_t index;
    size_t path_count;
    struct verify_hash path[VERIFY_PATH_MAX];
    struct verify_bytes note;
    size_t extra_len;
    uint8_t extra[VERIFY_EXTRA_MAX];
};
/* NULL, or what is wrong with it. */
const char *verify_proof_parse(struct verify_bytes bytes, struct verify_proof *ret);
/* The file of a broker's note: extra alone. */
const char *verify_ingress_parse(struct verify_bytes bytes, struct verify_proof *ret);

struct verify_parts {
    const uint8_t *leaf;      /* 160; NULL with a broker's note */
    const uint8_t *nonce;     /* 16; NULL in a report's proof */
    const uint8_t *statement; /* 208; NULL in a file's proof, like the next three */
    const uint8_t *key;       /* 32 */
    const uint8_t *before;    /* 32 */
    const uint8_t *after;     /* 32 * after_count */
    size_t after_count;
    const uint8_t *ingress; /* 216: a broker's note; or NULL */
};
/* A report's five, or a file's two. */
const char *verify_parts_parse(struct verify_bytes extra, struct verify_parts *ret);
/* Of a broker's note: a report's last four, and the note. */
const char *verify_ingress_parts_parse(struct verify_bytes extra, struct verify_parts *ret);

/* Whether a leaf of these bytes stands at index in the tree of that size and root. */
bool verify_in_tree(struct verify_bytes leaf, uint64_t index, uint64_t size,
                    const struct verify_hash *root, const struct verify_hash *path, size_t count);

#endif
