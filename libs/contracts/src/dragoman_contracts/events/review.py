"""Events of a review: people's work on the translations of a job.

The texts are in objects; an event says how many units it tells of and how many are left.
"""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from dragoman_contracts.events.base import Count, Event, PhaseResult, Usage
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import Service

_TMX = "tmx"
_Format = Annotated[
    str,
    # Left out of what is stored where it is what it always was.
    Field(pattern=r"^[a-z][a-z0-9.-]*$", max_length=40, exclude_if=lambda name: name == _TMX),
]


_CountIfKnown = Annotated[Count | None, Field(exclude_if=lambda count: count is None)]


class ReviewOpened(Event):
    """People look at the translations of a job that needs none or is completed:
    it waits for them until the review is closed.
    """

    name: ClassVar[str] = "review.opened"
    producer: ClassVar[Service | None] = Service.GATEWAY

    session_id: UUID


class ReviewAssigned(Event):
    """The review has these reviewers, by the ids of their accounts, and is due at this time."""

    name: ClassVar[str] = "review.assigned"
    producer: ClassVar[Service | None] = Service.GATEWAY

    session_id: UUID
    due_at: AwareDatetime | None = None
    reviewer_ids: tuple[UUID, ...] = ()


class UnitsReviewed(Event):
    """A person worked on units: `edits` is an object with their `ReviewEdits`.

    `pending_count` units still need a person; for `reviewed_count` somebody stands, and of these
    `approved_count` are approved (None in events of older versions). `state` is the `ReviewState`
    with these edits and all before them, stored now and then so that a long review need not be read
    edit by edit.
    """

    name: ClassVar[str] = "units.reviewed"
    producer: ClassVar[Service | None] = Service.GATEWAY

    session_id: UUID
    edits: ObjectRef
    unit_count: Count
    pending_count: Count
    state: ObjectRef | None = None
    reviewed_count: _CountIfKnown = None
    approved_count: _CountIfKnown = None


class RetranslationRequested(Event):
    """A person wants units translated once more: `request` is an object with the
    `RetranslationRequest`. Requests of a job are counted from 0 by `index`.
    """

    name: ClassVar[str] = "retranslation.requested"
    producer: ClassVar[Service | None] = Service.GATEWAY

    session_id: UUID
    index: Count
    request: ObjectRef
    unit_count: Count


class UnitsRetranslated(Event):
    """The request of this `index` is done: `edits` is an object with the `ReviewEdits` that give
    `unit_count` units a draft each. An edit is passed over where a person was at its unit since.

    `failed_count` units got no usable answer and stay as they were. `pending_count` units then need
    a person, for `reviewed_count` somebody stands, of which `approved_count` are approved.
    """

    name: ClassVar[str] = "units.retranslated"
    producer: ClassVar[Service | None] = Service.TRANSLATE

    session_id: UUID
    index: Count
    edits: ObjectRef
    unit_count: Count
    failed_count: Count
    pending_count: Count
    reviewed_count: _CountIfKnown = None
    approved_count: _CountIfKnown = None
    calls: tuple[ObjectRef, ...] = ()
    usage: Usage = Usage()


class ReviewExported(Event):
    """The translations went out for review in an exchange format."""

    name: ClassVar[str] = "review.exported"
    producer: ClassVar[Service | None] = Service.GATEWAY

    session_id: UUID
    artifact: ObjectRef
    unit_count: Count
    format: _Format = _TMX


class ReviewImported(PhaseResult):
    """A review came back. `pending_count` units still need a person; at 0 reassembly is owed."""

    name: ClassVar[str] = "review.imported"
    producer: ClassVar[Service | None] = Service.GATEWAY

    session_id: UUID
    artifact: ObjectRef
    targets: ObjectRef
    changed_count: Count
    pending_count: Count
    format: _Format = _TMX


class ReviewClosed(PhaseResult):
    """The review is at its end: `targets` are those of all units that people worked on.

    `taken_count` units still needed a person and were taken as they are.
    """

    name: ClassVar[str] = "review.closed"
    producer: ClassVar[Service | None] = Service.GATEWAY

    session_id: UUID
    targets: ObjectRef
    unit_count: Count
    taken_count: Count = 0
