"""The jobs that a page is about, as its address says: filters of the list, which other pages take
over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from dragoman_contracts.identity import project_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import SignedIn, Visit

_Short = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The jobs that the person chose, and the query of the address that says so."""

    filter: JobFilter
    query: dict[str, str]

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(self.query.values())


def chosen_jobs(
    visit: SignedIn,
    status: _Short = "",
    q: _Short = "",
    project: _Short = "",
    stage: _Short = "",
    language: _Short = "",
    engine: _Short = "",
    pipeline: _Short = "",
    submitter: _Short = "",
    first_day: _Short = "",
    last_day: _Short = "",
    submission: _Short = "",
) -> Chosen:
    """The jobs that the address asks for, of those that the person sees.

    Raises:
        FieldRefusedError: there is no such status.
    """
    query = {
        "status": status,
        "q": q,
        "project": project,
        "stage": stage,
        "language": language.strip(),
        "engine": engine.strip(),
        "pipeline": pipeline.strip(),
        "submitter": submitter.strip(),
        "first_day": first_day,
        "last_day": last_day,
        "submission": submission,
    }
    return Chosen(_filter(visit, query), query)


ChosenJobs = Annotated[Chosen, Depends(chosen_jobs)]


def _filter(visit: Visit, query: dict[str, str]) -> JobFilter:
    status, scope = query["status"], visit.principal.project_ids
    if status and status not in set(JobStatus):
        raise FieldRefusedError("status", "There is no such status.")
    if query["project"]:
        wanted = frozenset({project_id(query["project"])})
        scope = wanted if scope is None else scope & wanted
    return JobFilter(
        project_ids=scope,
        statuses=frozenset({JobStatus(status)}) if status else frozenset[JobStatus](),
        stage=query["stage"] or None,
        text=query["q"],
        submission_id=_uuid(query["submission"]),
        target_locale=_locale(query["language"]),
        engine=query["engine"],
        pipeline_name=query["pipeline"],
        submitter=query["submitter"],
        first_day=_day(query["first_day"]),
        last_day=_day(query["last_day"]),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise FieldRefusedError("submission", "There is no such submission.") from None


def _locale(text: str) -> str:
    """The tag as it is kept, `pt-BR` for `pt-br`; a text that is none finds nothing."""
    try:
        return Locale(text) if text else ""
    except ValueError:
        return text


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
