"""Refusals by the catalogue."""

from __future__ import annotations

from dragoman_contracts.errors import ConflictError, PermanentError, RetryableError


class EntryMissingError(PermanentError):
    """There is no such entry."""

    default_code = "catalog.missing"


class EntryExistsError(PermanentError):
    """There is such an entry already; edit it or choose another name."""

    default_code = "catalog.exists"


class StaleEditError(ConflictError):
    """Somebody edited the entry after it was read; read it again and decide anew."""

    default_code = "catalog.stale_edit"


class CatalogUnavailableError(RetryableError):
    """The catalogue's database cannot be reached."""

    default_code = "catalog.unavailable"


class LastAdminError(PermanentError):
    """The edit would leave nobody who may edit the configuration."""

    default_code = "user.last_admin"
