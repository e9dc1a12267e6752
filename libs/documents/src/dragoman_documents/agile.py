"""Agile encryption of Word 2010 and later: the key that a password opens, and the check that
nothing was changed.

The rules are those of MS-OFFCRYPTO §2.3.4.

`msoffcrypto-tool` reads the description of the encryption. But it compares hashes with the zeros
that fill them up to a block, and does not lengthen a hash to a longer key: a file that Word 2010
wrote with SHA-1 would open with no password. So the key is computed here.

    password "secret", 100,000 rounds of SHA-512  →  the key of AES-256, or None for another password
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import TypedDict

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_HASHES = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
_KEY_BITS = (128, 192, 256)
# The block keys: constants that are hashed with the digest of the password, so that one password
# gives a different key for each stored value (§2.3.4.13, §2.3.4.14).
_VERIFIER = bytes.fromhex("fea7d2763b4b9e79")
_VERIFIER_HASH = bytes.fromhex("d7aa0f6d3061344e")
_KEY = bytes.fromhex("146e0be7abacd0d6")
_INTEGRITY_KEY = bytes.fromhex("5fb2ad010cb9e1f6")
_INTEGRITY_VALUE = bytes.fromhex("a0677f02b22c8433")


class Description(TypedDict):
    """How a package is encrypted, in the words of `msoffcrypto-tool`."""

    passwordSalt: bytes
    passwordHashAlgorithm: str
    passwordKeyBits: int
    spinValue: int
    encryptedVerifierHashInput: bytes
    encryptedVerifierHashValue: bytes
    encryptedKeyValue: bytes
    keyDataSalt: bytes
    keyDataHashAlgorithm: str
    keyDataBlockSize: int
    encryptedHmacKey: bytes
    encryptedHmacValue: bytes


def package_key(description: Description, password: str) -> bytes | None:
    """The key of the package; None where the password is wrong (§2.3.4.11 to 13).

    Raises:
        ValueError: the description is not one that Word writes.
    """
    algorithm, salt, bits = (
        description["passwordHashAlgorithm"],
        description["passwordSalt"],
        description["passwordKeyBits"],
    )
    if bits not in _KEY_BITS:
        raise ValueError("not a length of a key")
    digest = _hashed(algorithm, salt + password.encode("utf-16-le", "surrogatepass"))
    for number in range(description["spinValue"]):
        digest = _hashed(algorithm, struct.pack("<I", number) + digest)

    def opened(block: bytes, value: bytes) -> bytes:
        key = _hashed(algorithm, digest + block)
        return _decrypted(value, _fitted(key, bits // 8), salt)

    # AES works in blocks: every decrypted value is cut to its own length, or the zeros behind it
    # would be compared and hashed as well.
    verifier = opened(_VERIFIER, description["encryptedVerifierHashInput"])[: len(salt)]
    expected = _hashed(algorithm, verifier)
    stored = opened(_VERIFIER_HASH, description["encryptedVerifierHashValue"])
    if not hmac.compare_digest(stored[: len(expected)], expected):
        return None
    return opened(_KEY, description["encryptedKeyValue"])[: bits // 8]


def is_intact(description: Description, key: bytes, package: bytes) -> bool:
    """Whether the encrypted package is unchanged since it was saved (§2.3.4.14)."""
    algorithm, salt = description["keyDataHashAlgorithm"], description["keyDataSalt"]

    def opened(block: bytes, value: bytes) -> bytes:
        vector = _hashed(algorithm, salt + block)
        return _decrypted(value, key, _fitted(vector, description["keyDataBlockSize"]))

    size = len(_hashed(algorithm, b""))
    secret = opened(_INTEGRITY_KEY, description["encryptedHmacKey"])[:size]
    stored = opened(_INTEGRITY_VALUE, description["encryptedHmacValue"])[:size]
    return hmac.compare_digest(stored, hmac.digest(secret, package, _name(algorithm)))


def _hashed(algorithm: str, data: bytes) -> bytes:
    # The format prescribes SHA-1 for files of Word 2010, which OpenSSL in FIPS mode refuses to a
    # caller that does not say this.
    return _HASHES[_name(algorithm)](data, usedforsecurity=False).digest()


def _name(algorithm: str) -> str:
    return algorithm.replace("-", "").lower()


def _fitted(digest: bytes, size: int) -> bytes:
    # A hash shorter than the key is filled up with 0x36 (§2.3.4.11). The description states the
    # size, so a hostile one gets 64 bytes more at most.
    return digest[:size].ljust(min(size, len(digest) + 64), b"\x36")


def _decrypted(data: bytes, key: bytes, vector: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return decryptor.update(data) + decryptor.finalize()
