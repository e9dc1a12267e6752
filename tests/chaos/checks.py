"""What must hold after a run under fire, each as a list of what does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import inf
from pathlib import Path
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from chaos.installation import Aftermath, Servers
from chaos.model import ChaosModel, Request
from chaos.streams import (
    Stream,
    comparable,
    every_stream,
    first_difference,
    is_chained,
    jobs_of,
    references,
)
from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.events import WorkFailed, WorkParked
from dragoman_contracts.job import fold
from dragoman_contracts.vocabulary import RESTING
from dragoman_gateway.views import projectors
from dragoman_runtime.eventstore import EventStore, Stored
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects import ObjectStore, object_store
from dragoman_runtime.objects.addresses import object_path, sha256
from dragoman_runtime.projection import create_views_engine, positions
from dragoman_runtime.settings import ObjectSettings
from e2e.installation import object_settings

_MTIME_S = 0.001


@dataclass
class Findings:
    """What is wrong after a run, by what should hold; and what was counted.
    All lists empty: nothing is wrong.
    """

    lost: list[str] = field(default_factory=list[str])
    stuck: list[str] = field(default_factory=list[str])
    different: list[str] = field(default_factory=list[str])
    broken_chains: list[str] = field(default_factory=list[str])
    parked: list[str] = field(default_factory=list[str])
    missing_objects: list[str] = field(default_factory=list[str])
    damaged_objects: list[str] = field(default_factory=list[str])
    views: list[str] = field(default_factory=list[str])
    queued: list[str] = field(default_factory=list[str])
    bad_ends: list[str] = field(default_factory=list[str])
    bad_faults: list[str] = field(default_factory=list[str])
    repeated_recorded_calls: list[str] = field(default_factory=list[str])
    repeated_out_of_flight: list[str] = field(default_factory=list[str])
    unrecorded_calls: list[str] = field(default_factory=list[str])
    statuses: Counter[str] = field(default_factory=Counter[str])
    failures: Counter[str] = field(default_factory=Counter[str])
    events: int = 0
    objects: int = 0
    calls: int = 0
    repeated_unrecorded_calls: int = 0
    calls_in_flight_at_kills: int = 0

    @property
    def wrong(self) -> dict[str, list[str]]:
        """What does not hold."""
        lists = {
            name: cast("list[str]", value)
            for name, value in vars(self).items()
            if isinstance(value, list)
        }
        return {name: value for name, value in lists.items() if value}


async def checked(
    after: Aftermath, servers: Servers, model: ChaosModel, undisturbed: Mapping[str, Stream]
) -> Findings:
    """Look at everything that an installation left behind."""
    settings = object_settings(
        servers.s3.url, after.bucket, servers.s3.access_key, servers.s3.secret_key
    )
    objects = object_store(
        ObjectSettings.model_validate({name[9:].lower(): value for name, value in settings.items()})
    )
    await objects.open()
    store = await PostgresEventStore.connect(after.database, pool_size=2)
    try:
        findings = Findings(
            stuck=list(after.stuck),
            bad_ends=list(after.bad_ends),
            bad_faults=list(after.bad_faults),
        )
        streams = await every_stream(store)
        bucket = servers.s3.data_folder / after.bucket
        await _check_streams(findings, after, jobs_of(streams), objects, undisturbed)
        findings.broken_chains = [
            str(stream_id) for stream_id, stream in streams.items() if not is_chained(stream)
        ]
        _check_objects(findings, streams, bucket)
        _check_calls(findings, after, model, bucket)
        findings.queued = [f"{name} {count}" for name, count in after.queued.items() if count]
        findings.queued += [f"leases {after.leases}"] if after.leases else []
    finally:
        await store.aclose()
    findings.views = await _differing_views(after, servers, objects)
    await objects.close()
    return findings


async def _check_streams(
    findings: Findings,
    after: Aftermath,
    streams: Mapping[UUID, list[Stored]],
    objects: ObjectStore,
    undisturbed: Mapping[str, Stream],
) -> None:
    for job_id, name in after.names.items():
        stream = streams.get(job_id, [])
        job = fold(each.recorded for each in stream)
        if job is None:
            findings.lost.append(name)
            continue
        findings.events += len(stream)
        findings.statuses[job.status] += 1
        if job.status not in RESTING and not after.stuck:
            findings.stuck.append(name)
        if difference := await _difference(stream, objects, undisturbed[name]):
            findings.different.append(f"{name} ({job.status}, job {job_id}): {difference}")
        for event in (each.recorded.data for each in stream):
            if isinstance(event, WorkFailed):
                findings.failures[event.code] += 1
            if isinstance(event, WorkParked):
                findings.parked.append(f"{name} {event.kind} {event.code}")
    findings.lost += [
        f"a job nobody submitted: {job_id}" for job_id in streams.keys() - after.names.keys()
    ]


async def _difference(stream: Sequence[Stored], objects: ObjectStore, undisturbed: Stream) -> str:
    try:
        return first_difference(await comparable(stream, objects), undisturbed)
    except (ObjectMissingError, ObjectCorruptError) as error:
        return error.message


def _check_objects(
    findings: Findings, streams: Mapping[UUID, Sequence[Stored]], bucket: Path
) -> None:
    """Look for each object that an event points to among the S3 server's
    files, and at its bytes.
    """
    seen: set[tuple[UUID, str]] = set()
    for each in chain.from_iterable(streams.values()):
        for ref in references(each.recorded.data):
            if (each.recorded.project_id, ref.digest) in seen:
                continue
            seen.add((each.recorded.project_id, ref.digest))
            file = bucket / object_path(each.recorded.project_id, ref.digest)
            if not file.is_file():
                findings.missing_objects.append(f"{each.recorded.type} {ref.digest}")
            elif sha256(file.read_bytes()) != ref.digest:
                findings.damaged_objects.append(f"{each.recorded.type} {ref.digest}")
    findings.objects = len(seen)


def _check_calls(findings: Findings, after: Aftermath, model: ChaosModel, bucket: Path) -> None:
    """Hold the model server's log against the pointers that record calls,
    by the time they were written.
    """
    recorded_at = {
        path.name.removeprefix("call-"): path.stat().st_mtime
        for path in bucket.glob("*/outcomes/call-*")
        if path.is_file()
    }
    findings.calls = len(recorded_at)
    findings.calls_in_flight_at_kills = sum(len(kill.calls_in_flight) for kill in after.kills)
    judge_calls(
        findings,
        model.requests,
        recorded_at,
        Counter(chain.from_iterable(k.calls_in_flight for k in after.kills)),
    )


def judge_calls(
    findings: Findings,
    requests: Sequence[Request],
    recorded_at: Mapping[str, float],
    in_flight: Counter[str],
) -> None:
    """Find the calls that were made again although their answer was recorded, or although nobody
    was killed at them.

    `in_flight` tells of each call how often a process was killed that was making it: so often may
    it be repeated.
    """
    answered = Counter(each.key for each in requests if each.is_answered)
    late = [each.key for each in requests if each.at > recorded_at.get(each.key, inf) + _MTIME_S]
    again = answered - Counter(answered.keys()) - Counter(late)
    findings.repeated_recorded_calls = late
    findings.repeated_unrecorded_calls = again.total()
    findings.repeated_out_of_flight = sorted((again - in_flight).elements())
    findings.unrecorded_calls = sorted(answered.keys() - recorded_at.keys())


async def _differing_views(after: Aftermath, servers: Servers, objects: ObjectStore) -> list[str]:
    """The rows of the views that are not what a rebuild from the log gives,
    in a copy of the database.
    """
    copy = servers.postgres.create_database(after.database.rpartition("/")[2])
    live, rebuilt = (create_views_engine(sqlalchemy_url(url)) for url in (after.database, copy))
    store = await PostgresEventStore.connect(copy, pool_size=2)
    try:
        await _catch_up(store, objects, live)
        before = await _rows(store, objects, live)
        async with rebuilt.begin() as connection:
            for projector in projectors(store, objects, rebuilt):
                await connection.run_sync(projector.projection.metadata.drop_all)
            await connection.execute(positions.delete())
        await _catch_up(store, objects, rebuilt)
        again = await _rows(store, objects, rebuilt)
    finally:
        await store.aclose()
        await live.dispose()
        await rebuilt.dispose()
        servers.postgres.drop_database(copy)
    return [
        f"{table}: {len(rows - again[table])} rows differ, {len(again[table] - rows)} are missing"
        for table, rows in before.items()
        if rows != again[table]
    ]


async def _catch_up(store: EventStore, objects: ObjectStore, engine: AsyncEngine) -> None:
    """Project what the gateway had not projected when it was told to stop."""
    for projector in projectors(store, objects, engine):
        await projector.open()
        await projector.catch_up()


async def _rows(
    store: EventStore, objects: ObjectStore, engine: AsyncEngine
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    async with engine.connect() as connection:
        for projector in projectors(store, objects, engine):
            for table in projector.projection.metadata.sorted_tables:
                rows = [str(tuple(row)) for row in await connection.execute(select(table))]
                assert len(set(rows)) == len(rows), f"{table} has equal rows"
                found[table.name] = set(rows)
    return found
