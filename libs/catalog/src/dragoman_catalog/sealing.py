"""Keys of providers, sealed: stored so that the database alone gives none away (ADR-23).

sealed = seal.close(provider_id, key)      ciphertext and nonce, to be stored
key    = seal.open(provider_id, sealed)    the same key, or a refusal that names the cure
"""

from __future__ import annotations

import os
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from dragoman_catalog.errors import KeyUnreadableError

_PURPOSE = b"dragoman provider keys 1"
_KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2: random, of 96 bits


class Sealed(NamedTuple):
    """A sealed key: AES-256-GCM ciphertext with its tag, and its nonce."""

    ciphertext: bytes
    nonce: bytes


class KeySeal:
    """Seals keys with the installation's encryption key, and opens them again.

    A sealed key is bound to its provider: moved to the row of another, it does not open.
    """

    def __init__(self, encryption_key: bytes) -> None:
        # HKDF (RFC 5869) makes 256 bits of any secret; another purpose would get another key.
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(encryption_key)
        self._cipher = AESGCM(derived)

    def close(self, provider_id: UUID, key: SecretStr) -> Sealed:
        """The sealed key of a provider."""
        nonce = os.urandom(_NONCE_BYTES)
        text = key.get_secret_value().encode()
        return Sealed(self._cipher.encrypt(nonce, text, provider_id.bytes), nonce)

    def open(self, provider_id: UUID, name: str, sealed: Sealed) -> SecretStr:
        """The key of the provider of this name.

        Raises:
            KeyUnreadableError: it was sealed with another encryption key, or damaged.
        """
        try:
            text = self._cipher.decrypt(sealed.nonce, sealed.ciphertext, provider_id.bytes)
        except InvalidTag as error:
            raise KeyUnreadableError(name) from error
        return SecretStr(text.decode())
