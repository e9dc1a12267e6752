"""Passwords and secrets: what is stored of them, which is never themselves.

Passwords are hashed with scrypt (RFC 7914). Tokens, sessions and links are 256 random bits, so
their sha256 is enough.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_COST = 2**15
_BLOCK = 8
_LANES = 1
_MAX_MEMORY_BYTES = 64 * 1024 * 1024
_UNKNOWN = "scrypt$32768$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def hash_password(password: str) -> str:
    """The stored form of a password: scheme, costs, salt and key.
    Takes about a tenth of a second, on purpose.
    """
    salt = secrets.token_bytes(16)
    key = _key(password, salt, _COST, _BLOCK, _LANES)
    return "$".join(("scrypt", str(_COST), str(_BLOCK), str(_LANES), _text(salt), _text(key)))


def is_password(password: str, stored: str | None) -> bool:
    """Whether this is the password; takes the same time where there is none,
    so that names cannot be guessed.
    """
    _, cost, block, lanes, salt, key = (stored or _UNKNOWN).split("$")
    found = _key(password, base64.b64decode(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(found, base64.b64decode(key)) and stored is not None


def new_secret(prefix: str) -> str:
    """A secret that is shown once; the prefix tells people, and leak scanners, what it is."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def secret_digest(secret: str) -> str:
    """The stored form of a secret: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _key(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    encoded = password.encode(errors="surrogatepass")
    return hashlib.scrypt(
        encoded, salt=salt, n=cost, r=block, p=lanes, maxmem=_MAX_MEMORY_BYTES, dklen=32
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
