#!/usr/bin/env python3
"""golden: the signed layouts and the sealed session, written a second time and independently.

Prints the golden files that the tests compare with, byte for byte: `golden.py statements`,
`golden.py session` and `golden.py keys`. The files are kept in the tree and never made by the build: what was signed once must
stay verifiable, so a difference is a bug in the code, not a reason to run this again. It needs
python3-cryptography, and follows lib/wire/statement.h and lib/wire/session.h by the letter alone.
"""
import hashlib
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def run(start, count=32):
    return bytes((start + i) & 0xff for i in range(count))


def tag(text):
    return text.encode().ljust(16, b"\0")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def raw(public):
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


LOG_ID = run(0x00)
SIGN_SEED = run(0x20)
SIGNER = Ed25519PrivateKey.from_private_bytes(SIGN_SEED)
SIGN_PUBLIC = raw(SIGNER.public_key())


def statements():
    start = sha256(tag("esep/chain/v1"), LOG_ID, struct.pack(">II", 7, 2), SIGN_PUBLIC)
    entry = b"the bytes of an entry"
    content, nothing = sha256(tag("esep/content/v1"), entry), sha256(tag("esep/content/v1"))
    step = sha256(tag("esep/entry/v2"), start, struct.pack(">Q", 1), content)
    empty = sha256(tag("esep/entry/v2"), step, struct.pack(">Q", 1 << 40), nothing)
    head = tag("esep/head/v1") + LOG_ID + struct.pack(">IIQ", 7, 2, 0x0102030405060708) + run(0x40) \
        + struct.pack(">qQ", -5, 0x1112131415161718) + run(0x60)
    refusal = tag("esep/refusal/v1") + run(0x80, 16) + struct.pack(">QIII4xQ8x", 17, 11, 7, 2, 18)
    assert (len(head), len(refusal)) == (144, 72)
    yield "chain_start", start
    yield "chain_step", step
    yield "chain_step_empty", empty
    yield "content", content
    yield "content_empty", nothing
    yield "commitment", head
    yield "commitment_signature", SIGNER.sign(head)
    yield "refusal", refusal
    yield "auth", sha256(tag("esep/auth/v1"), run(0x90), run(0xb0), LOG_ID, b"bound")
    yield "join", sha256(tag("esep/join/v1"), run(0x90), LOG_ID, run(0xd0, 16), run(0xb0))
    yield "order", sha256(tag("esep/order/v1"), LOG_ID, b"an order")


def keys():
    fresh = Ed25519PrivateKey.from_private_bytes(run(0xa0))
    pair = SIGN_PUBLIC + run(0xb0)
    statement = tag("esep/rotate/v1") + LOG_ID + struct.pack(">II", 7, 3) + pair \
        + raw(fresh.public_key()) + run(0xd0)
    assert len(statement) == 184
    yield "rotation", statement
    yield "rotation_by_old", SIGNER.sign(statement)
    yield "rotation_by_new", fresh.sign(statement)
    yield "keys_hash", sha256(tag("esep/keys/v1"), pair)
    ingress = tag("esep/ingress/v1") + LOG_ID + raw(fresh.public_key()) + run(0xb0) + run(0xc0) \
        + struct.pack(">q", 1358701199250000)
    assert len(ingress) == 152
    yield "ingress", ingress + fresh.sign(ingress)


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha, section 2.2."""
    state = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key)) \
        + list(struct.unpack("<4I", nonce))

    def rotate(value, bits):
        return ((value << bits) | (value >> (32 - bits))) & 0xffffffff

    def quarter(a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xffffffff
            state[z] = rotate(state[z] ^ state[x], bits)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *(state[0:4] + state[12:16]))


def seal(key, direction, counter, ad, plain):
    nonce = struct.pack(">QQQ", direction, 0, counter)
    subkey = hchacha20(key, nonce[:16])
    return ChaCha20Poly1305(subkey).encrypt(b"\0\0\0\0" + nonce[16:], plain, ad)


def kdf(key, *parts):
    return hashlib.blake2b(b"".join(parts), key=key, digest_size=32).digest()


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def frame(key, direction, kind, session, counter, plain, ephemeral=b"", log_id=b""):
    ad = b"esep/envelope/v1" + struct.pack(">II", 1, kind) + session + struct.pack(">Q", counter) \
        + ephemeral + log_id
    head = b"\x08\x01\x10" + varint(kind) + b"\x1a\x10" + session
    if counter:
        head += b"\x20" + varint(counter)
    for field, value in ((5, ephemeral), (6, log_id)):
        if value:
            head += bytes([field << 3 | 2, len(value)]) + value
    sealed = seal(key, direction, counter, ad, plain)
    return head + b"\x7a" + varint(len(sealed)) + sealed


def session():
    e, s, f = (X25519PrivateKey.from_private_bytes(run(start)) for start in (0x31, 0x51, 0x71))
    E, S, F = (raw(key.public_key()) for key in (e, s, f))
    first = kdf(e.exchange(X25519PublicKey.from_public_bytes(S)), b"esep/first/v1", E, S, LOG_ID)
    key = kdf(e.exchange(X25519PublicKey.from_public_bytes(F)), b"esep/session/v1", first, E, F)
    name = sha256(E)[:16]
    enrolled = b"you are office 7"
    salt = kdf(first, b"esep/salt/v1", struct.pack(">I", 21), enrolled)
    yield "hello", frame(first, 1, 1, name, 0, b"hello", E, LOG_ID)
    yield "welcome", frame(kdf(first, b"esep/reply/v1", F), 2, 16, name, 0, b"welcome", F)
    yield "batch_1", frame(key, 1, 2, name, 1, b"batch")
    yield "batch_2", frame(key, 1, 2, name, 2, b"x" * 300)
    yield "receipt_1", frame(key, 2, 17, name, 1, b"receipt")
    yield "enrol_reply", frame(kdf(first, b"esep/reply/v1", salt), 2, 21, name, 0, enrolled, salt)
    yield "bundle_1", frame(first, 1, 2, name, 1, b"batch")


if __name__ == "__main__":
    for label, value in {"statements": statements, "session": session, "keys": keys}[sys.argv[1]]():
        print(label, value.hex())
