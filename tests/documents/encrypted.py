"""Encrypted documents to test with,
in both schemes of ECMA-376 that Word has written (MS-OFFCRYPTO §2.3.4).
"""

import hashlib
import hmac
import io
import struct
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from hashlib import sha1
from importlib import import_module
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_SALT = bytes(range(16))
_VERIFIER = bytes(range(100, 116))
_ROUNDS = 50_000
_AGILE_ROUNDS = 1_000


def agile(package: bytes, password: str) -> bytes:
    """The package as Word 2010 and later encrypt it."""
    output = io.BytesIO()
    encryption: Any = import_module("msoffcrypto.format.ooxml")
    encryption.OOXMLFile(io.BytesIO(package)).encrypt(password, output)
    return output.getvalue()


def agile_of(hashing: str, bits: int) -> Callable[[bytes, str], bytes]:
    """Agile encryption with another hash and length of key: Word 2010 wrote SHA-1 and 128."""
    return partial(_agile, hashing, bits)


def _agile(hashing: str, bits: int, package: bytes, password: str) -> bytes:
    def hashed(data: bytes, size: int) -> bytes:
        return (
            hashlib.new(hashing, data, usedforsecurity=False).digest()[:size].ljust(size, b"\x36")
        )

    def sealed(data: bytes, key: bytes, vector: bytes) -> bytes:
        encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
        return encryptor.update(data + bytes(-len(data) % 16)) + encryptor.finalize()

    def stored(data: bytes) -> str:
        return b64encode(data).decode()

    whole, size, secret = (
        hashlib.new(hashing).digest_size,
        bits // 8,
        bytes(range(50, 50 + bits // 8)),
    )
    digest = hashed(_SALT + password.encode("utf-16-le"), whole)
    for number in range(_AGILE_ROUNDS):
        digest = hashed(struct.pack("<I", number) + digest, whole)
    blocks = ("fea7d2763b4b9e79", "d7aa0f6d3061344e", "146e0be7abacd0d6")
    values = (_VERIFIER, hashed(_VERIFIER, whole), secret)
    verifier, verifier_hash, key = (
        stored(sealed(value, hashed(digest + bytes.fromhex(block), size), _SALT))
        for block, value in zip(blocks, values, strict=True)
    )
    body = struct.pack("<Q", len(package)) + b"".join(
        sealed(
            package[start : start + 4096],
            secret,
            hashed(_SALT + struct.pack("<I", start // 4096), 16),
        )
        for start in range(0, len(package), 4096)
    )
    seals = bytes(range(whole)), hmac.digest(bytes(range(whole)), body, hashing)
    vectors = (
        hashed(_SALT + bytes.fromhex(block), 16)
        for block in ("5fb2ad010cb9e1f6", "a0677f02b22c8433")
    )
    hmac_key, hmac_value = (
        stored(sealed(seal, secret, vector)) for seal, vector in zip(seals, vectors, strict=True)
    )
    same = (
        f'saltSize="16" blockSize="16" keyBits="{bits}" hashSize="{whole}" cipherAlgorithm="AES" '
        f'cipherChaining="ChainingModeCBC" hashAlgorithm="{hashing.upper()}" saltValue="{stored(_SALT)}"'
    )
    office = "http://schemas.microsoft.com/office/2006"
    description = (
        f'<encryption xmlns="{office}/encryption" xmlns:p="{office}/keyEncryptor/password"><keyData {same}/>'
        f'<dataIntegrity encryptedHmacKey="{hmac_key}" encryptedHmacValue="{hmac_value}"/><keyEncryptors>'
        f'<keyEncryptor uri="{office}/keyEncryptor/password"><p:encryptedKey spinCount="{_AGILE_ROUNDS}" {same} '
        f'encryptedVerifierHashInput="{verifier}" encryptedVerifierHashValue="{verifier_hash}" '
        f'encryptedKeyValue="{key}"/></keyEncryptor></keyEncryptors></encryption>'
    )
    return contained(body, b"\x04\x00\x04\x00\x40\x00\x00\x00" + description.encode())


def standard(package: bytes, password: str) -> bytes:
    """The package as Word 2007 encrypts it: AES-128 in ECB mode, the key from SHA-1."""
    key = _key(password)
    padded = package + bytes(-len(package) % 16)
    return contained(struct.pack("<Q", len(package)) + _aes(key, padded), _description(key))


def contained(package: bytes, description: bytes) -> bytes:
    """An OLE container of an encrypted package and the description of its encryption."""
    output = io.BytesIO()
    container: Any = import_module("msoffcrypto.method.container.ecma376_encrypted")
    container.ECMA376Encrypted(package, description).write_to(output)
    return output.getvalue()


def _description(key: bytes) -> bytes:
    provider = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
    flags = 0x24  # AES by the CryptoAPI
    header = struct.pack("<8I", flags, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + provider
    hashed = sha1(_VERIFIER, usedforsecurity=False).digest()
    verifier = (
        struct.pack("<I", 16)
        + _SALT
        + _aes(key, _VERIFIER)
        + struct.pack("<I", 20)
        + _aes(key, hashed + bytes(12))
    )
    return struct.pack("<HHII", 4, 2, flags, len(header)) + header + verifier


def _key(password: str) -> bytes:
    digest = sha1(_SALT + password.encode("utf-16-le"), usedforsecurity=False).digest()
    for number in range(_ROUNDS):
        digest = sha1(struct.pack("<I", number) + digest, usedforsecurity=False).digest()
    digest = sha1(digest + struct.pack("<I", 0), usedforsecurity=False).digest()
    return sha1(
        bytes(a ^ b for a, b in zip(digest.ljust(64, b"\0"), b"\x36" * 64, strict=True)),
        usedforsecurity=False,
    ).digest()[:16]


def _aes(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - what the scheme prescribes
    return encryptor.update(data) + encryptor.finalize()
