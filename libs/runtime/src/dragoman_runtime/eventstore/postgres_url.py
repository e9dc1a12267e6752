"""Connections to PostgreSQL by URL, and the refusals that only a person can cure.

The driver reads the URL as libpq does: `sslmode`, `sslrootcert`, `sslcert`, `sslkey` and several
hosts. A parameter that it does not know becomes a setting of the session, `application_name` among
them. This module needs no SQLAlchemy, slow to import.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

from dragoman_contracts.errors import PermanentError

_NAMED = "application_name="


class StoreRefusedError(PermanentError):
    """PostgreSQL answers, and refuses the role, the database or the way of connecting."""

    default_code = "store.refused"


def named(url: str, application: str) -> str:
    """The URL with this `application_name`, by which PostgreSQL lists the connection; a name that
    is in the URL stays.
    """
    if _NAMED in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}{_NAMED}{application}"


async def connect(url: str) -> asyncpg.Connection[Any]:
    """A new connection.

    Raises:
        StoreRefusedError: only a person can cure it; the driver's own errors are left as they are.
    """
    with refusals(url):
        return await asyncpg.connect(url)


@contextmanager
def refusals(url: str) -> Generator[None]:
    """Turn errors that come again at every attempt to connect into StoreRefusedError."""
    try:
        yield
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.InsufficientPrivilegeError,
        asyncpg.exceptions.ClientConfigurationError,
        ssl.SSLError,
        ConnectionError,
    ) as error:
        cure = _cure(error)
        if cure is None:
            raise
        raise StoreRefusedError(f"PostgreSQL at {place_of(url)}: {cure}") from error


def place_of(url: str) -> str:
    """Host, role and database of a URL, in words and without the password."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    role = unquote(user.partition(":")[0]) or "of this account"
    return f"{host or 'localhost'}, role {role}, database {unquote(parts.path.strip('/')) or role}"


def _cure(error: Exception) -> str | None:
    match error:
        case asyncpg.InvalidCatalogNameError():
            return "there is no such database; create it (CREATE DATABASE … OWNER …)."
        case asyncpg.InvalidPasswordError():
            return "the password is wrong, or there is no such role; correct the URL or the role."
        case asyncpg.InvalidAuthorizationSpecificationError():
            return "the role may not connect so; look at the role, at pg_hba.conf and at sslmode."
        case asyncpg.InsufficientPrivilegeError():
            return "the role lacks a right; see docs/operate/run-as-services.md for the grants."
        case asyncpg.exceptions.ClientConfigurationError():
            return f"the URL cannot be used: {error}."
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message}); look at sslrootcert."
        case ssl.SSLError():
            return "the TLS handshake fails; look at sslmode and the certificates."
        case ConnectionError() if "rejected SSL" in str(error):
            return "the server has no TLS; switch it on there, or lower sslmode."
        case _:
            return None
