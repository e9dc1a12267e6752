"""Deciding again whenever another writer was first, on a real store."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_contracts.envelope import Origin
from dragoman_contracts.errors import ConflictError
from dragoman_contracts.events import CancelRequested, StartRequested
from dragoman_contracts.job import Job
from dragoman_runtime.eventstore import Append, Head, Jobs, decide_on_job
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from services.gateway.histories import History

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@dataclass
class Place:
    """A store with one job, and another writer."""

    store: SqliteEventStore
    job_id: UUID

    def append(self, job: Job, head: Head, event: CancelRequested | StartRequested) -> Append:
        """The event behind this head."""
        return Append(
            job.job_id,
            job.project_id,
            head,
            (event,),
            Origin(actor="t", correlation_id=job.job_id),
            NOW,
        )

    async def others_are_first(self) -> None:
        """Another process appends to the job."""
        job, head = await Jobs(self.store).load(self.job_id)
        await self.store.commit((self.append(job, head, StartRequested()),))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    store = SqliteEventStore(tmp_path / "events.db")
    objects = FileObjectStore(tmp_path / "objects")
    await objects.open()
    yield Place(store, await History(store, objects).submit("a.docx"))
    await store.aclose()


async def test_where_another_writer_was_first_it_is_decided_again_on_what_is_true_then(
    place: Place,
) -> None:
    seen: list[int] = []

    async def appends(job: Job, head: Head) -> Sequence[Append]:
        seen.append(job.version)
        if len(seen) == 1:
            await place.others_are_first()
        return (place.append(job, head, CancelRequested()),)

    decided = await decide_on_job(place.store, Jobs(place.store), place.job_id, appends)

    assert seen == [1, 2]
    assert decided.job.version == 2
    assert [each.recorded.version for each in decided.stored] == [3]


async def test_a_state_that_was_just_read_is_decided_on_first_and_read_anew_after_a_conflict(
    place: Place,
) -> None:
    jobs = Jobs(place.store)
    known = await jobs.load(place.job_id)
    await place.others_are_first()
    seen: list[int] = []

    async def appends(job: Job, head: Head) -> Sequence[Append]:
        seen.append(job.version)
        return (place.append(job, head, CancelRequested()),)

    await decide_on_job(place.store, jobs, place.job_id, appends, known=known)

    assert seen == [1, 2]


async def test_where_others_are_always_first_the_caller_is_told_to_ask_again(place: Place) -> None:
    tries = 0

    async def appends(job: Job, head: Head) -> Sequence[Append]:
        nonlocal tries
        tries += 1
        await place.others_are_first()
        return (place.append(job, head, CancelRequested()),)

    with pytest.raises(ConflictError, match="changing too fast; ask again"):
        await decide_on_job(place.store, Jobs(place.store), place.job_id, appends, attempts=3)
    assert tries == 3


async def test_a_conflict_that_the_decision_itself_finds_is_not_tried_again(place: Place) -> None:
    tries = 0

    async def appends(job: Job, head: Head) -> Sequence[Append]:
        nonlocal tries
        tries += 1
        raise ConflictError("the job is done")

    with pytest.raises(ConflictError, match="the job is done"):
        await decide_on_job(place.store, Jobs(place.store), place.job_id, appends)
    assert tries == 1


async def test_where_there_is_nothing_to_do_nothing_is_stored(place: Place) -> None:
    async def appends(job: Job, head: Head) -> Sequence[Append]:
        return ()

    decided = await decide_on_job(place.store, Jobs(place.store), place.job_id, appends)

    assert (decided.job.version, decided.stored) == (1, ())
