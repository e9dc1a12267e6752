"""Refusals by the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman_contracts.errors import ConflictError, PermanentError, RetryableError
from dragoman_contracts.pipeline_checks import PipelineFault


class EntryMissingError(PermanentError):
    """There is no such entry."""

    default_code = "catalog.missing"


class EntryExistsError(PermanentError):
    """There is such an entry already; edit it or choose another name."""

    default_code = "catalog.exists"


class StaleEditError(ConflictError):
    """Somebody edited the entry after it was read; read it again and decide anew."""

    default_code = "catalog.stale_edit"


class PipelineRefusedError(PermanentError):
    """The phases of a pipeline cannot be as they are.

    Attributes:
        faults: what is wrong, each with its place.
    """

    default_code = "pipeline.invalid"

    def __init__(self, faults: Sequence[PipelineFault]) -> None:
        said = "; ".join(f"{'.'.join(map(str, fault.place))}: {fault.message}" for fault in faults)
        super().__init__(f"The pipeline cannot be saved. {said}")
        self.faults = tuple(faults)


class CatalogUnavailableError(RetryableError):
    """The catalogue's database cannot be reached."""

    default_code = "catalog.unavailable"


class LastAdminError(PermanentError):
    """The edit would leave nobody who may edit the configuration."""

    default_code = "user.last_admin"
