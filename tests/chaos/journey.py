"""The jobs of a run on their way: submitted over HTTP as a careful client would,
followed in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from chaos.orders import document, name_of
from chaos.waiting import until
from dragoman_contracts.events import StreamType
from dragoman_contracts.job import Job, fold
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import RESTING
from dragoman_runtime.eventstore import StoreUnavailableError
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.relay import deliveries
from e2e.api_client import ApiClient

_AT_ONCE = 32
_LANES = 8
_LOOK_S = 0.1


class Journey:
    """Submits documents by number and knows how far each job is.

    `names` gives the document of each job, `items` all work that the log made owed.
    """

    def __init__(
        self, client: ApiClient, store: PostgresEventStore, numbers: Sequence[int]
    ) -> None:
        self.names: dict[UUID, str] = {}
        self.jobs: dict[UUID, Job] = {}
        self.items: list[WorkItem] = []
        self.rested: set[UUID] = set()
        self._client = client
        self._store = store
        self._numbers = list(numbers)
        self._position = 0

    @property
    def progress(self) -> float:
        """The share of the jobs that rest."""
        return len(self.rested) / max(len(self._numbers), 1)

    @property
    def under_way(self) -> int:
        """How many jobs do not rest."""
        return len(self.names) - len(self.rested)

    async def run(self) -> None:
        """Submit every document; return when all their jobs rest."""
        await asyncio.gather(*(self._submit(self._numbers[lane::_LANES]) for lane in range(_LANES)))
        await self._until_rested()

    async def more(self, numbers: Sequence[int]) -> None:
        """Submit further documents; return when their jobs rest too."""
        self._numbers += numbers
        await self._submit(numbers)
        await self._until_rested()

    async def follow(self) -> None:
        """Read the log for ever."""
        while True:
            with suppress(StoreUnavailableError):
                await self._read()
            await asyncio.sleep(_LOOK_S)

    async def _read(self) -> None:
        while stored := await self._store.tail(self._position):
            for each in stored:
                if each.recorded.stream_type is StreamType.JOB:
                    job_id = each.recorded.stream_id
                    job = fold([each.recorded], self.jobs.get(job_id))
                    assert job is not None
                    self.jobs[job_id] = job
                    (self.rested.add if job.status in RESTING else self.rested.discard)(job_id)
                    self.items += [delivery.item for delivery in deliveries(each)]
            self._position = stored[-1].position

    async def _until_rested(self) -> None:
        await until(lambda: len(self.rested) >= len(self._numbers))

    async def _submit(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            await until(lambda: self.under_way < _AT_ONCE)
            job = await self._client.submit(name_of(number), document(number), engine="openai")
            self.names[UUID(job["job_id"])] = name_of(number)
