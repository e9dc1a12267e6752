"""The previous version of a document: what a job on a new version takes over from it. Pure.

    policy.previous_version → PreviousPin → PreviousVersion    the units as people left them
    plan.previous           → PreviousMatches                  those whose text stands here again

A job on a new version pins the units of an earlier job when it is submitted. Edits that people make
in the earlier job later change nothing for it, nor for its replay.
"""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Annotated
from uuid import UUID

from pydantic import Field

from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.text import Content


class ContextChanged(StrEnum):
    """The treatment of a unit whose own text is that of the previous version and whose neighbours are
    not: its translation is kept and marked, or an engine translates it anew.

    A person's translation is kept in either case.
    """

    KEEP = "keep"
    TRANSLATE = "translate"


class PreviousUnit(Value):
    """A translated unit of an earlier job, as people left it.

    `before` and `after` are digests of the neighbouring sources, 0 at the document's edges. A
    translation `is_persons` where a person wrote or accepted it; else QA let the engine's pass.
    `accepted` are the codes of the findings that this person let stand.
    """

    unit_id: str
    source: Content
    target: Content
    before: Annotated[int, Field(ge=0, lt=2**64)] = 0
    after: Annotated[int, Field(ge=0, lt=2**64)] = 0
    is_persons: bool = False
    accepted: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()


class PreviousVersion(Value):
    """The translated units of an earlier job, in document order."""

    job_id: UUID
    units: tuple[PreviousUnit, ...]


class PreviousPin(Value):
    """The earlier job that a job takes over from, with its units as an object.

    `document_version` is the version of the document that it translated. `person_count` units are
    people's. `made_by` is the engine and the model that made the others; None where these are not
    taken over, since the new job is done on other terms.
    """

    job_id: UUID
    document_version: Annotated[int, Field(ge=1)] | None = None
    units: ObjectRef
    unit_count: Annotated[int, Field(ge=0)]
    person_count: Annotated[int, Field(ge=0)]
    made_by: Annotated[EngineChoice | None, Field(exclude_if=not_)] = None


class PreviousMatch(Value):
    """A unit of the previous version that matches one of this version.

    `score` and `differences` are those of `libs/memory`. `target` has the tag ids of this version's
    unit. Where it `is_kept`, it is the unit's translation and no engine was asked.
    """

    unit_id: str
    previous_unit_id: str
    score: Annotated[int, Field(ge=0, le=102)]
    source: Content
    target: Content
    is_persons: bool = False
    is_kept: bool = False
    is_context_changed: bool = False
    is_ambiguous: Annotated[bool, Field(exclude_if=not_)] = False
    differences: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()
    accepted: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()


class PreviousMatches(Value):
    """The best match of each unit in the previous version, in document order; units without one are
    left out.
    """

    job_id: UUID
    units: tuple[PreviousMatch, ...] = ()
