"""Encrypted documents to test with, in both schemes of ECMA-376 that Word has written (MS-OFFCRYPTO §2.3.4)."""

import io
import struct
from hashlib import sha1
from importlib import import_module
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_SALT = bytes(range(16))
_VERIFIER = bytes(range(100, 116))
_ROUNDS = 50_000


def agile(package: bytes, password: str) -> bytes:
    """The package as Word 2010 and later encrypt it."""
    output = io.BytesIO()
    encryption: Any = import_module("msoffcrypto.format.ooxml")
    encryption.OOXMLFile(io.BytesIO(package)).encrypt(password, output)
    return output.getvalue()


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
        struct.pack("<I", 16) + _SALT + _aes(key, _VERIFIER) + struct.pack("<I", 20) + _aes(key, hashed + bytes(12))
    )
    return struct.pack("<HHII", 4, 2, flags, len(header)) + header + verifier


def _key(password: str) -> bytes:
    digest = sha1(_SALT + password.encode("utf-16-le"), usedforsecurity=False).digest()
    for number in range(_ROUNDS):
        digest = sha1(struct.pack("<I", number) + digest, usedforsecurity=False).digest()
    digest = sha1(digest + struct.pack("<I", 0), usedforsecurity=False).digest()
    return sha1(
        bytes(a ^ b for a, b in zip(digest.ljust(64, b"\0"), b"\x36" * 64, strict=True)), usedforsecurity=False
    ).digest()[:16]


def _aes(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - what the scheme prescribes
    return encryptor.update(data) + encryptor.finalize()
