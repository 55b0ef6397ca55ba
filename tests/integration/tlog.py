"""Transparency logs as C2SP has them, from the specifications alone: notes, checkpoints, cosignatures, RFC 6962's tree and
proofs. What the programs say is held against this, so it shares nothing with them but libsodium's Ed25519."""

import base64
import ctypes
import hashlib

SODIUM = ctypes.CDLL("libsodium.so.23")
assert SODIUM.sodium_init() >= 0
LOG, WITNESS = 1, 4  # algorithms of keys


def b64(data):
    return base64.b64encode(data).decode()


class Key:
    """A secret key with a name; of a log, or of a witness."""

    def __init__(self, name, seed, algorithm=LOG, raw=None):
        self.name = name
        self.secret = ctypes.create_string_buffer(64)
        public = ctypes.create_string_buffer(32)
        SODIUM.crypto_sign_seed_keypair(public, self.secret, raw or hashlib.sha256(seed).digest())
        self.vkey = Vkey.of(name, algorithm, public.raw)

    def sign(self, text):
        """The note: text and its signature line."""
        text = text.encode()
        signature = ctypes.create_string_buffer(64)
        SODIUM.crypto_sign_detached(signature, None, text, ctypes.c_ulonglong(len(text)), self.secret)
        return text.decode() + "\n" + f"\N{EM DASH} {self.name} {b64(self.vkey.id + signature.raw)}\n"


class Vkey:
    def __init__(self, text):
        self.text = text
        self.name, shown, key = text.split("+", 2)
        key = base64.b64decode(key, validate=True)
        self.algorithm, self.public = key[0], key[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + key).digest()[:4]
        assert self.id.hex() == shown and len(self.public) == 32

    @staticmethod
    def of(name, algorithm, public):
        key = bytes([algorithm]) + public
        shown = hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8]
        return Vkey(f"{name}+{shown}+{b64(key)}")

    def verify(self, note):
        """What this key signed of a note: for a log True, for a witness the time; None: no line of it."""
        text, lines = note.rsplit("\n\n", 1)
        text = (text + "\n").encode()
        for line in lines.splitlines():
            dash, name, signature = line.split(" ")
            assert dash == "\N{EM DASH}"
            signature = base64.b64decode(signature, validate=True)
            if name != self.name or signature[:4] != self.id:
                continue
            signature = signature[4:]
            time = None
            if self.algorithm == WITNESS:
                time = int.from_bytes(signature[:8], "big")
                signed, signature = f"cosignature/v1\ntime {time}\n".encode() + text, signature[8:]
            else:
                signed = text
            bad = SODIUM.crypto_sign_verify_detached(signature, signed, ctypes.c_ulonglong(len(signed)), self.public)
            assert bad == 0, f"a bad signature of {name}"
            return True if time is None else time
        return None


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    """RFC 6962, 2.1, from the hashes of the leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    at = split(len(leaves))
    return node_hash(root(leaves[:at]), root(leaves[at:]))


def consistency(old, leaves, whole=True):
    """RFC 6962, 2.1.2: PROOF(old, leaves)."""
    if old in (0, len(leaves)):
        return [] if whole or old == 0 else [root(leaves)]
    at = split(len(leaves))
    if old <= at:
        return consistency(old, leaves[:at], whole) + [root(leaves[at:])]
    return consistency(old - at, leaves[at:], False) + [root(leaves[:at])]


def checkpoint(origin, leaves):
    return f"{origin}\n{len(leaves)}\n{b64(root(leaves))}\n"


def add_checkpoint(old, leaves, note):
    """A request to a witness."""
    proof = consistency(old, leaves) if old <= len(leaves) else []
    return "".join([f"old {old}\n", *(b64(item) + "\n" for item in proof), "\n", note])
