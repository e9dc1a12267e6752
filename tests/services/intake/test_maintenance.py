"""Maintenance deletes what may go, keeps what somebody needs, reports what is missing,
and can be run again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, cast
from uuid import UUID

import pytest
from typing_extensions import override

from contracts.samples import SAMPLES
from contracts.streams import (
    JOB,
    PROJECT,
    UP_TO_PLAN,
    UP_TO_QA,
    inputs,
    origin,
    preflight_passed,
    reassembled,
    submitted,
)
from dragoman_contracts.events import Event, JobCompleted, JobRules, JobSubmitted, StreamType
from dragoman_contracts.identity import new_id
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.references import JSON_MEDIA_TYPE, ArtifactKind, ObjectRef, references_in
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_intake.maintenance import Maintenance, MaintenanceReport
from dragoman_intake.ports import ObjectRoots
from dragoman_runtime.eventstore import Append, Head, Lease
from dragoman_runtime.objects import put_value
from runtime.workshop import Outcome, Workshop, workshop

_GRACE = timedelta(days=1)
_E = TypeVar("_E", bound=Event)
_WHOLE: tuple[Event, ...] = (*UP_TO_QA, reassembled(), JobCompleted())


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """An installation."""
    async with workshop(tmp_path) as opened:
        yield opened


async def stored(shop: Workshop, event: _E, name: str) -> _E:
    """The event, its references to objects that are there and are this job's own."""

    async def own(ref: ObjectRef) -> ObjectRef:
        return await shop.objects.put(PROJECT, f"{name} {ref.digest}".encode(), JSON_MEDIA_TYPE)

    changed: dict[str, object] = {}
    for field in type(event).model_fields:
        value: object = getattr(event, field)
        if isinstance(value, ObjectRef):
            changed[field] = await own(value)
        elif isinstance(value, tuple) and (
            refs := tuple(references_in(cast("tuple[object, ...]", value)))
        ):
            changed[field] = tuple([await own(each) for each in refs])
    if isinstance(event, JobSubmitted):
        changed["inputs"] = inputs(*[await own(each.object) for each in event.inputs])
    return event.model_copy(update=changed)


async def a_job(
    shop: Workshop,
    *events: Event,
    days: int | None = None,
    name: str = "one",
    source: ObjectRef | None = None,
) -> UUID:
    """A job of these events; its id."""
    job_id = JOB if name == "one" else new_id()
    first = await stored(shop, submitted(), name)
    first = first.model_copy(update={"rules": JobRules(retention_days=days)})
    if source is not None:
        first = first.model_copy(update={"inputs": inputs(source, first.inputs[1].object)})
    await shop.submit(
        *[await stored(shop, event, name) for event in events], first=first, job_id=job_id
    )
    return job_id


class Held(ObjectRoots):
    """A catalogue that holds these objects."""

    def __init__(self, *roots: tuple[UUID | None, str]) -> None:
        self._roots = roots

    @override
    async def object_roots(self) -> tuple[tuple[UUID | None, str], ...]:
        return self._roots


async def maintained(
    shop: Workshop,
    *roots: tuple[UUID | None, str],
    is_dry: bool = False,
    checks_digests: bool = False,
) -> MaintenanceReport:
    """One run."""
    at_work = Maintenance(
        shop.store,
        shop.objects,
        Held(*roots),
        shop.clock,
        owner="me",
        producer="test",
        grace=_GRACE,
    )
    report = await at_work.run(is_dry=is_dry, checks_digests=checks_digests)
    assert report is not None
    return report


async def objects(shop: Workshop) -> set[str]:
    """The digests of the objects that are there."""
    return {each.digest async for each in shop.objects.list_objects(PROJECT)}


def grow_old(folder: Path) -> None:
    """Let every object there is be two days old."""
    long_ago = time.time() - 2 * 86_400
    for path in folder.glob("objects/*/objects/*/*"):
        os.utime(path, (long_ago, long_ago))


def damage(folder: Path, ref: ObjectRef) -> None:
    """Let other bytes lie where the object lay."""
    (path,) = folder.glob(f"objects/*/objects/{ref.digest[:2]}/{ref.digest[2:]}")
    path.write_bytes(b"other bytes")


async def test_a_job_whose_days_are_over_lets_go_of_all_it_holds(shop: Workshop) -> None:
    await a_job(shop, *_WHOLE, days=30)
    before = await objects(shop)
    assert (await maintained(shop)).erased_artifacts == 0
    assert await objects(shop) == before

    shop.clock.advance(timedelta(days=31))
    planned = await maintained(shop, is_dry=True)
    assert await objects(shop) == before, "a dry run deletes nothing"
    assert len((await shop.job()).artifacts) == 6
    report = await maintained(shop)
    assert report.erased_artifacts == planned.erased_artifacts == 6
    assert report.deleted_objects == planned.deleted_objects == len(before)
    assert await objects(shop) == set()
    assert report.is_sound
    assert (await shop.job()).artifacts == ()

    again = await maintained(shop)
    assert (
        again.erased_artifacts,
        again.deleted_objects,
        again.orphaned_objects,
        again.is_sound,
    ) == (0, 0, 0, True)


async def test_an_object_stays_while_another_job_points_to_it(shop: Workshop) -> None:
    shared = await shop.objects.put(PROJECT, b"the same source", JSON_MEDIA_TYPE)
    await a_job(shop, *_WHOLE, days=30, source=shared)
    other = await a_job(shop, *_WHOLE, name="two", source=shared)
    shop.clock.advance(timedelta(days=31))
    await maintained(shop)
    kept = {
        each.digest
        for stored in await shop.events(other)
        for each in references_in(stored.recorded.data)
    }
    assert await objects(shop) == kept
    assert shared.digest in kept


async def test_a_job_that_moves_keeps_what_it_needs(shop: Workshop) -> None:
    await a_job(shop, *UP_TO_PLAN, days=30)
    before = await objects(shop)
    shop.clock.advance(timedelta(days=31))
    report = await maintained(shop)
    assert report.erased_artifacts == 0
    assert await objects(shop) == before


async def test_what_nothing_points_to_goes_when_it_is_old(shop: Workshop, tmp_path: Path) -> None:
    await a_job(shop, *_WHOLE)
    held = await objects(shop)
    inner = await shop.objects.put(PROJECT, b"targets of a batch that was cut off", JSON_MEDIA_TYPE)
    outcome = await put_value(shop.objects, PROJECT, Outcome(number=7))
    holder = await shop.objects.put(
        PROJECT, f'{{"targets":{inner.model_dump_json()}}}'.encode(), JSON_MEDIA_TYPE
    )
    for number, each in enumerate((outcome, holder)):
        await shop.objects.put_pointer(PROJECT, f"outcome-{number}", each)
    orphan = await shop.objects.put(PROJECT, b"an upload that nobody submitted", JSON_MEDIA_TYPE)
    grow_old(tmp_path)
    young = await shop.objects.put(PROJECT, b"an upload that is being submitted", JSON_MEDIA_TYPE)

    report = await maintained(shop)
    assert (report.orphaned_objects, report.orphaned_bytes) == (1, orphan.size_bytes)
    assert await objects(shop) == held | {each.digest for each in (inner, outcome, holder, young)}
    assert report.is_sound


@pytest.mark.parametrize("stream_type", list(StreamType))
async def test_what_any_stream_points_to_stays(
    shop: Workshop, tmp_path: Path, stream_type: StreamType
) -> None:
    held = await shop.objects.put(PROJECT, b"an object of this stream alone", JSON_MEDIA_TYPE)
    event = next(
        sample.data.model_copy(update={name: held})
        for sample in SAMPLES.values()
        for name in type(sample.data).model_fields
        if sample.data.stream_type is stream_type
        and isinstance(getattr(sample.data, name), ObjectRef)
    )
    await shop.store.commit(
        [Append(new_id(), PROJECT, Head(), (event,), origin(), shop.clock.now())]
    )
    orphan = await shop.objects.put(PROJECT, b"an object of no stream", JSON_MEDIA_TYPE)
    grow_old(tmp_path)
    assert (await maintained(shop)).orphaned_objects == 1
    assert await objects(shop) == {held.digest}
    assert orphan.digest != held.digest


async def test_what_the_catalogue_holds_stays_though_every_job_lets_it_go(
    shop: Workshop, tmp_path: Path
) -> None:
    prompt = await shop.objects.put(PROJECT, b"a prompt", JSON_MEDIA_TYPE)
    rules = await shop.objects.put(PROJECT, b"rules of no project", JSON_MEDIA_TYPE)
    await a_job(shop, *_WHOLE, days=30, source=prompt)
    grow_old(tmp_path)
    shop.clock.advance(timedelta(days=31))
    held = ((PROJECT, prompt.digest), (None, rules.digest))
    assert (await maintained(shop, *held)).is_sound
    assert await objects(shop) == {prompt.digest, rules.digest}

    await shop.objects.delete(PROJECT, rules)
    missing = await maintained(shop, (PROJECT, rules.digest), *held)
    assert [(each.job_id, each.digest) for each in missing.faults] == [(None, rules.digest)]


async def test_missing_and_damaged_objects_are_reported_with_a_job(
    shop: Workshop, tmp_path: Path
) -> None:
    await a_job(shop, *_WHOLE)
    job = await shop.job()
    final, units = job.final_docx, job.extraction
    assert final is not None
    assert units is not None
    await shop.objects.delete(PROJECT, final)
    damage(tmp_path, units.units)

    quick = await maintained(shop)
    assert [(each.job_id, each.what, each.digest) for each in quick.faults] == [
        (JOB, "object.missing", final.digest)
    ]
    thorough = await maintained(shop, checks_digests=True)
    assert {(each.what, each.digest) for each in thorough.faults} == {
        ("object.missing", final.digest),
        ("object.corrupt", units.units.digest),
    }
    assert thorough.checked_digests == len(await objects(shop))


async def test_a_completed_job_without_a_result_is_reported(shop: Workshop) -> None:
    await a_job(shop, *UP_TO_QA, JobCompleted())
    report = await maintained(shop)
    assert {each.what for each in report.faults} == {
        f"no {ArtifactKind.FINAL_DOCX}",
        f"no {ArtifactKind.REASSEMBLY_MANIFEST}",
    }


async def test_a_pipeline_that_makes_no_document_completes_without_one(shop: Workshop) -> None:
    pipeline = Pipeline(name="look", phases=(Phase(name="preflight", kind=PhaseKind.PREFLIGHT),))
    first = submitted().model_copy(update={"pipeline": pipeline})
    await shop.submit(
        await stored(shop, preflight_passed(), "one"),
        JobCompleted(),
        first=await stored(shop, first, "one"),
    )
    assert (await maintained(shop)).is_sound


async def test_leases_of_processes_that_vanished_long_ago_go(shop: Workshop) -> None:
    await shop.store.commit(take=Lease(new_id(), JOB, "who vanished", _GRACE))
    assert (await maintained(shop)).forgotten_leases == 0
    await shop.store.expire_leases()
    assert (await maintained(shop, is_dry=True)).forgotten_leases == 0
    assert (await maintained(shop)).forgotten_leases == 1


async def test_two_processes_take_turns(shop: Workshop) -> None:
    await a_job(shop, *_WHOLE, days=30)
    shop.clock.advance(timedelta(days=31))
    one = Maintenance(
        shop.store, shop.objects, Held(), shop.clock, owner="one", producer="test", grace=_GRACE
    )
    two = Maintenance(
        shop.store, shop.objects, Held(), shop.clock, owner="two", producer="test", grace=_GRACE
    )
    done = [each for each in await asyncio.gather(one.run(), two.run()) if each is not None]
    assert sum(each.erased_artifacts for each in done) == 6
    assert await objects(shop) == set()
