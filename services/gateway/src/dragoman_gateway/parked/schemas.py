"""The bodies of parked work and dead letters, as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.vocabulary import WorkName
from dragoman_gateway.jobs.detail.words import cure_of
from dragoman_gateway.parked.view import ParkedRow
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.fields import NUL_FREE
from dragoman_runtime.worker.failure import ParkingReason


class ParkedLinks(BaseModel):
    """Where parked work is, and what can be done with it."""

    self: str
    job: str
    redrive: str
    discard: str


class ParkedWork(BaseModel):
    """Work that was set aside until a person acts. In a list it may lag a moment behind the job."""

    job_id: UUID
    project_code: str
    file_name: str
    kind: str
    index: int = Field(description="The batch, from 0; 0 for work that is not cut into batches.")
    phase: str = Field(default="", description="The phase; empty where the kind says which it is.")
    code: str
    message: str = Field(
        description="What to do about it; what is known of the code, where the reason was erased or "
        "could not be stored."
    )
    attempts: int
    parked_at: datetime
    links: ParkedLinks


class ParkedDetail(ParkedWork):
    """Parked work with where in our code it failed, the innermost call last."""

    stack: list[str]


class ParkedPage(BaseModel):
    """A page of parked work, the newest first."""

    items: list[ParkedWork]
    next_cursor: str | None


class RedriveRequest(BaseModel):
    """Which parked work to redrive; all that is left out lets everything through."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(max_length=80, pattern=NUL_FREE)] | None = None
    project: Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_-]*$")] | None = None
    cursor: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="`next_cursor` of the answer before."
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class RefusedRedrive(BaseModel):
    """Parked work that could not be redriven, and why."""

    job_id: UUID
    kind: str
    index: int
    phase: str = Field(default="", description="The phase; empty where the kind says which it is.")
    code: str
    message: str


class Redriven(BaseModel):
    """The result of a bulk redrive. `next_cursor` goes on with the rest;
    None where nothing is left.
    """

    redriven_count: int
    refused: list[RefusedRedrive]
    next_cursor: str | None


class DeadLetterEntry(BaseModel):
    """A message that no worker could read, or answer because of a bug."""

    letter_id: UUID
    queue: str = Field(description="Where it came from, and where a redrive sends it.")
    message_id: str
    died_at: datetime
    size_bytes: int
    faults: list[str] = Field(
        description="Why it cannot be read; empty where it can, and a bug kept it from an answer."
    )
    job_id: UUID | None = Field(description="The job it is work of, where it can be read.")
    kind: WorkName | None = Field(description="The work it asks for, where it can be read.")


class DeadLetterDetail(DeadLetterEntry):
    """A message with what is in it."""

    body: str = Field(description="The first 10,000 bytes as UTF-8, with escapes for what is none.")


class DeadLetterPage(BaseModel):
    """A page of dead letters, the newest first."""

    items: list[DeadLetterEntry]
    next_cursor: str | None


def parked_links(job_id: UUID, key: WorkKey) -> ParkedLinks:
    """The addresses of parked work, from the server's root."""
    base = f"/api/v1/jobs/{job_id}/parked/{key.kind}/{key.index}"
    return ParkedLinks(
        self=address(base, phase=key.phase),
        job=f"/api/v1/jobs/{job_id}",
        redrive=address(f"{base}/redrive", phase=key.phase),
        discard=address(f"{base}/discard", phase=key.phase),
    )


def parked_work(row: ParkedRow) -> ParkedWork:
    """A row of the view of parked work."""
    same = row.model_dump(exclude={"pipeline_name", "subject_kind"})
    message = row.message or cure_of(row.code)
    links = parked_links(row.job_id, row.key)
    return ParkedWork.model_validate({**same, "message": message, "links": links})


def parked_detail(
    job: Job, key: WorkKey, record: IntakeRecord | None, reason: ParkingReason | None
) -> ParkedDetail:
    """Parked work as the job's events tell it."""
    trouble = job.parked[key]
    return ParkedDetail(
        job_id=job.job_id,
        project_code=record.project_code if record else "",
        file_name=record.file_name if record else "",
        kind=key.kind,
        index=key.index,
        phase=key.phase,
        code=trouble.code,
        message=(reason.message if reason else "") or cure_of(trouble.code),
        attempts=trouble.attempt,
        parked_at=trouble.occurred_at,
        stack=list(reason.stack) if reason else [],
        links=parked_links(job.job_id, key),
    )
