"""Where pages are."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from dragoman_contracts.job import WorkKey


def job_address(job_id: UUID, **query: str | int | None) -> str:
    """The page of a job."""
    return address(f"/console/jobs/{job_id}", **query)


def units_address(job_id: UUID, verification_state: str, cursor: str | None = None) -> str:
    """The page of a job's units."""
    return address(
        f"/console/jobs/{job_id}/units", verification_state=verification_state, cursor=cursor
    )


def review_address(job_id: UUID, verification_state: str = "", cursor: str | None = None) -> str:
    """The page where a job's units are reviewed."""
    return address(
        f"/console/jobs/{job_id}/review", verification_state=verification_state, cursor=cursor
    )


def preview_address(job_id: UUID, page: int) -> str:
    """A page of a job's draft, as LibreOffice lays it out."""
    return address(f"/console/jobs/{job_id}/preview", page=page)


def correction_address(job_id: UUID) -> str:
    """The form for a corrected version of a job's document."""
    return address("/console/new", corrects=str(job_id))


def new_version_address(job_id: UUID) -> str:
    """The form for a new version of a job's document, which takes the job's translations over."""
    return address("/console/new", new_version_of=str(job_id))


def parked_address(job_id: UUID, key: WorkKey) -> str:
    """The page of a job's parked work."""
    return address(f"/console/jobs/{job_id}/parked/{key.kind}/{key.index}", phase=key.phase)


def address(path: str, **query: str | int | None) -> str:
    """A path with what of the query says something."""
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path
