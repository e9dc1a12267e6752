"""Packing up a job to be replayed elsewhere: the package becomes one of its artifacts."""

from __future__ import annotations

import asyncio
from uuid import UUID

from dragoman_contracts.errors import ConflictError
from dragoman_contracts.events import ReplayPackaged
from dragoman_contracts.job import Job
from dragoman_contracts.references import Artifact, ArtifactKind
from dragoman_gateway.artifacts.replay_package import MEDIA_TYPE, NotVerifiedError, write_package
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, JobMissingError, Jobs
from dragoman_runtime.objects import ObjectStore

_ATTEMPTS = 10


class Packaging:
    """Makes replay packages."""

    def __init__(self, *, store: EventStore, jobs: Jobs, objects: ObjectStore, clock: Clock, actors: Actors) -> None:
        self._store = store
        self._jobs = jobs
        self._objects = objects
        self._clock = clock
        self._actors = actors

    async def package(self, job_id: UUID, principal: Principal) -> tuple[Job, Artifact]:
        """The job with the package among its artifacts. Packing up the same state again gives the same one.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            NotVerifiedError: its translation is not verified yet.
            ObjectMissingError: its units or targets were erased.
        """
        for _ in range(_ATTEMPTS):
            job, head = await self._jobs.load(job_id)
            if not principal.sees(job.project_id):
                raise JobMissingError(f"Job {job_id} does not exist.")
            if job.verification is None:
                raise NotVerifiedError(f"Job {job_id} has no verified translation yet; package it when QA has seen it.")
            states = (await self._store.read_states(job_id))[: head.version]
            data = await write_package(states, self._objects)
            ref = await self._objects.put(job.project_id, data, MEDIA_TYPE)
            if (found := _package(job, ref.digest)) is not None:
                return job, found
            origin = await self._actors.origin(
                principal, job.project_id, correlation_id=job.correlation_id, traceparent=job.traceparent
            )
            event = ReplayPackaged(artifact=ref)
            try:
                await self._store.commit([Append(job_id, job.project_id, head, (event,), origin, self._clock.now())])
            except ConflictError:
                await asyncio.sleep(0)
                continue
            job, _ = await self._jobs.load(job_id)
            if (made := _package(job, ref.digest)) is not None:
                return job, made
        raise ConflictError(f"Job {job_id} is changing too fast; ask again when it rests.")


def _package(job: Job, digest: str) -> Artifact | None:
    return next(
        (each for each in job.artifacts if (each.kind, each.object.digest) == (ArtifactKind.REPLAY_PACKAGE, digest)),
        None,
    )
