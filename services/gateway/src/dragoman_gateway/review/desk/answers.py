"""A review as people see it: pages of units, a unit with its past, the review as a whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from cachetools import LRUCache

from dragoman_catalog import Catalog
from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.job import Job
from dragoman_contracts.policy import Policy
from dragoman_contracts.resources import Term, TermList, TermStatus
from dragoman_gateway.jobs.detail.facts import names_of
from dragoman_gateway.review.desk.desktop import Desktop
from dragoman_gateway.review.rules.edits import is_open, may_open
from dragoman_gateway.review.rules.sheet import (
    UnitFilter,
    UnitNow,
    counts_now,
    rows,
    similar,
)
from dragoman_gateway.review.schemas import (
    MatchView,
    Reviewer,
    ReviewView,
    TermView,
    UnitDetail,
    UnitPage,
    UnitView,
    WhyView,
    unit_detail,
    unit_view,
)
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_linguistics import term_hits
from dragoman_runtime.objects import ObjectStore, get_value

_cursors = CursorCodec("units", tuple[int])
_KEPT_JOBS = 16


def cursor_behind(position: int) -> str:
    """The cursor of the list of units that goes on behind the unit at this place."""
    return _cursors.cursor((position,))


class ReviewAnswers:
    """Makes the answers about a review."""

    def __init__(self, objects: ObjectStore, catalog: Catalog) -> None:
        self._objects = objects
        self._catalog = catalog
        self._known_terms: LRUCache[tuple[UUID, str], tuple[Term, ...]] = LRUCache(_KEPT_JOBS)

    async def page(
        self, desktop: Desktop, which: UnitFilter, *, cursor: str | None, limit: int
    ) -> UnitPage:
        """A page of the units that the filter lets through.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        found = self.rows(desktop, which, cursor=cursor, limit=limit)
        return UnitPage(items=await self.views(desktop, found.rows), next_cursor=found.next_cursor)

    def rows(
        self, desktop: Desktop, which: UnitFilter, *, cursor: str | None, limit: int
    ) -> Page[UnitNow]:
        """As `page`, as they are.

        Raises:
            InvalidCursorError: as `page`.
        """
        after = _cursors.key(cursor)[0] if cursor else -1
        found: list[UnitNow] = []
        for row in rows(desktop.sheet, desktop.progress.state, which, after):
            if len(found) == limit:
                return Page(tuple(found), _cursors.cursor((found[-1].position,)) if found else None)
            found.append(row)
        return Page(tuple(found), None)

    async def views(self, desktop: Desktop, found: Iterable[UnitNow]) -> list[UnitView]:
        """Units as the API tells them."""
        found = list(found)
        names = await self._names(desktop.job, found)
        return [unit_view(row, desktop.sheet, names) for row in found]

    async def told(self, row: UnitNow, desktop: Desktop) -> dict[str, Any]:
        """A unit as the error about another person's save tells it."""
        (view,) = await self.views(desktop, [row])
        return view.model_dump(mode="json")

    async def units(self, desktop: Desktop, unit_ids: Iterable[str]) -> list[UnitView]:
        """The units of these ids as the API tells them."""
        return await self.views(desktop, [desktop.row(unit_id) for unit_id in unit_ids])

    async def detail(self, desktop: Desktop, unit_id: str) -> UnitDetail:
        """A unit with its past, what reads like it, and the engine's call that made it.

        Raises:
            UnitMissingError: the job has no such unit.
        """
        row = desktop.row(unit_id)
        names = await self._names(desktop.job, [row])
        matches = [
            MatchView(
                unit_id=other.unit.unit_id,
                source=other.key.text,
                target=None if other.target is None else other.written(other.target),
                score=score,
                origin="document",
            )
            for score, other in await asyncio.to_thread(
                similar, desktop.sheet, desktop.progress.state, row.unit
            )
        ]
        terms = await self._terms(desktop.job, row)
        why = await self._why(desktop.job, row)
        return unit_detail(row, desktop.sheet, names, matches, terms, why)

    async def review(self, desktop: Desktop) -> ReviewView:
        """The review as a whole."""
        job, review = desktop.job, desktop.job.review
        counts = await asyncio.to_thread(counts_now, desktop.sheet, desktop.progress.state)
        reviewers = [
            Reviewer(user_id=user_id, name=await self._name(user_id))
            for user_id in (review.reviewer_ids if review else ())
        ]
        return ReviewView(
            session_id=review.session_id if review else None,
            status=review.status.value if review else "not_open",
            is_editable=is_open(job),
            may_open=may_open(job),
            pending_units=len(desktop.progress.pending),
            counts_by_stage={stage: n for stage, n in counts.stages.items() if n},
            counts_by_state={state: n for state, n in counts.states.items() if n},
            findings_by_code={code: n for code, n in sorted(counts.codes.items()) if n},
            due_at=review.due_at if review else None,
            reviewers=reviewers,
            retranslations_waiting=[key.index for key in job.retranslations_owed],
        )

    async def people(self, desktop: Desktop) -> list[Reviewer]:
        """The people whose accounts are active and see the job's project, by name."""
        projects = await self._catalog.projects.all()
        wanted = desktop.job.project_id
        code = next((each.code for each in projects if each.project_id == wanted), "")
        found = [
            Reviewer(user_id=user.user_id, name=user.display_name)
            for user in await self._catalog.users.all()
            if user.is_active and (user.scope is None or code in user.scope)
        ]
        return sorted(found, key=lambda each: (each.name.casefold(), each.user_id))

    async def _name(self, user_id: UUID) -> str:
        user = await self._catalog.users.find(user_id)
        return user.display_name if user else ""

    async def _names(self, job: Job, found: Iterable[UnitNow]) -> dict[str, str]:
        records = {
            each.actor_record
            for row in found
            if row.reviewed
            for each in (*row.reviewed.history, *row.reviewed.comments)
            if each.actor_record
        }
        return await names_of(self._objects, job, records)

    async def _terms(self, job: Job, row: UnitNow) -> list[TermView]:
        """The job's terms whose source stands in the unit; none where they were erased."""
        try:
            terms = await self._job_terms(job)
        except (ObjectMissingError, ObjectCorruptError):
            return []
        hits = term_hits(row.key.text, terms, job.locales.source)
        return [
            TermView(
                source=term.source,
                target=term.target,
                note=term.note,
                is_forbidden=term.status is TermStatus.FORBIDDEN,
            )
            for term in dict.fromkeys(hit.term for hit in hits)
        ]

    async def _job_terms(self, job: Job) -> tuple[Term, ...]:
        """The terms of a job, read once for all its units."""
        key = (job.project_id, job.policy.digest)
        if (known := self._known_terms.get(key)) is not None:
            return known
        policy = await get_value(self._objects, job.project_id, job.policy, Policy)
        found: tuple[Term, ...] = ()
        if policy.terms is not None:
            found = (await get_value(self._objects, job.project_id, policy.terms, TermList)).terms
        self._known_terms[key] = found
        return found

    async def _why(self, job: Job, row: UnitNow) -> WhyView | None:
        """The recorded call that gave the unit its text; None where none did, or it was erased."""
        if row.call is None:
            return None
        try:
            data = await self._objects.get(job.project_id, row.call)
        except (ObjectMissingError, ObjectCorruptError):
            return None
        call = _mapping(json.loads(data))
        signature, reply = _mapping(call.get("signature")), _mapping(call.get("reply"))
        prompt = reply.get("prompt")
        return WhyView(
            engine=str(signature.get("name", "")),
            model=str(reply.get("model") or signature.get("model") or ""),
            call=row.call,
            prompt=prompt
            if isinstance(prompt, str)
            else json.dumps(prompt, ensure_ascii=False, indent=2),
            reply=str(reply.get("response", "")),
            usage=dict(_mapping(reply.get("usage"))),
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
