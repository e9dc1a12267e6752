"""Breaks of the product on purpose, one at a time, to see that a run tells of them:
`python -m chaos --sabotage NAME`.

Each takes away one of the things that keep the promises. It is put into every process that
`chaos.launcher` starts.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from aio_pika import IncomingMessage
from sqlalchemy import update

from dragoman_contracts.references import ObjectRef
from dragoman_runtime.eventstore import port, postgres
from dragoman_runtime.objects.addresses import sha256
from dragoman_runtime.objects.s3 import S3ObjectStore
from dragoman_runtime.projection import Projector, positions
from dragoman_runtime.reconciler import Reconciler
from dragoman_translate.ports import ModelCall

VARIABLE = "CHAOS_SABOTAGE"
_HEAD_BYTES = 100_000


@dataclass(frozen=True)
class Sabotage:
    """What is broken, and the name of the finding that must tell of it."""

    commit: Callable[[], None]
    finding: str


def commit(name: str) -> None:
    """Break this in this process."""
    SABOTAGES[name].commit()


def _replace(owner: Any, name: str, other: Callable[..., Any]) -> None:
    """Put another function in the place of one, which must be there:
    else nothing would be broken, and nobody told.
    """
    assert callable(getattr(owner, name))
    setattr(owner, name, other)


def _forget_calls() -> None:
    """Every model call is made, whether its answer is on record or not."""
    from dragoman_translate import handlers

    async def recall(self: object, fingerprint: str, engine: object) -> None:
        return None

    _replace(handlers.ObjectLedger, "recall", recall)


def _record_no_calls() -> None:
    """A model call is stored, and nothing points to it."""
    from dragoman_translate import handlers

    async def record(self: Any, call: ModelCall, engine: object) -> ObjectRef:
        return await self._context.objects.put_value(call)

    _replace(handlers.ObjectLedger, "record", record)


def _take_every_lease() -> None:
    """Whoever asks for a lease gets it, although another works under it."""
    for name in ("_TAKE", "_TAKE_AND_APPEND"):
        statement = cast(str, getattr(postgres, name))
        condition = "WHERE work_leases.expires_at <= clock_timestamp() OR work_leases.owner = excluded.owner"
        assert condition in statement
        setattr(postgres, name, statement.replace(condition, ""))


def _keep_leases() -> None:
    """Leases are not given back."""
    statement = "DELETE FROM work_leases WHERE work_id = $1 AND owner = $2"
    for name in ("_RELEASE", "_RELEASE_AND_APPEND"):
        there = cast(str, getattr(postgres, name))
        assert statement in there
        setattr(postgres, name, there.replace(statement, f"{statement} AND false"))


def _reconcile_nothing() -> None:
    """What was lost, failed or left by the dead is sent by nobody again."""

    async def step(self: object) -> int:
        return 0

    _replace(Reconciler, "step", step)


def _break_chains() -> None:
    """Every tenth version of a stream does not name the digest of the event before it."""
    record: Any = cast(Any, port).record

    def unchained(event: Any, *, version: int, previous_digest: str, **named: Any) -> Any:
        named_digest = previous_digest if version % 10 else ""
        return record(event, version=version, previous_digest=named_digest, **named)

    _replace(port, "record", unchained)


def _advance_views_first() -> None:
    """The position of a view is stored before its rows, in a transaction of its own:
    who dies in between loses them.
    """
    write = cast("Callable[..., Awaitable[bool]]", Projector._write)  # pyright: ignore[reportPrivateUsage]

    async def written(self: Any, writes: Sequence[Any], position: int, new_position: int) -> bool:
        async with self._writing.begin() as connection:
            await connection.execute(
                update(positions).where(self._key).values(position=new_position)
            )
        return await write(self, writes, new_position, new_position)

    _replace(Projector, "_write", written)


def _acknowledge_poison() -> None:
    """A message that cannot be read is acknowledged, and so lost."""

    async def reject(self: IncomingMessage, requeue: bool = False) -> None:
        await self.ack()

    _replace(IncomingMessage, "reject", reject)


def _forget_acknowledgements() -> None:
    """Every twentieth message is not acknowledged."""
    acknowledge = IncomingMessage.ack
    count = itertools.count(1)

    async def ack(self: IncomingMessage, *given: Any, **named: Any) -> None:
        if next(count) % 20:
            await acknowledge(self, *given, **named)

    _replace(IncomingMessage, "ack", ack)


def _lose_objects() -> None:
    """One manifest of a result in four is cut off while it is stored,
    and so lies under another address.
    """
    put = S3ObjectStore.put
    count = itertools.count(1)

    async def cut(self: S3ObjectStore, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        is_cut = b'"target_lists"' in data[:_HEAD_BYTES] and not next(count) % 4
        ref = await put(self, project_id, data[:-1] if is_cut else data, media_type)
        return ref.model_copy(update={"digest": sha256(data)})

    _replace(S3ObjectStore, "put", cut)


def _lose_a_text_on_the_way() -> None:
    """A batch that is tried again loses the text of its last unit."""
    from dragoman_translate import handlers

    translate: Any = cast(Any, handlers).translate_batch

    async def translated(engine: Any, ledger: Any, task: Any, *more: Any) -> Any:
        made = await translate(engine, ledger, task, *more)
        if task.attempt == 1:
            return made
        cut = made.targets[-1].model_copy(update={"target": ()})
        return made.model_copy(update={"targets": (*made.targets[:-1], cut)})

    _replace(handlers, "translate_batch", translated)


SABOTAGES = {
    "calls not recalled": Sabotage(_forget_calls, "repeated_recorded_calls"),
    "calls not recorded": Sabotage(_record_no_calls, "unrecorded_calls"),
    "leases not respected": Sabotage(_take_every_lease, "repeated_out_of_flight"),
    "leases not released": Sabotage(_keep_leases, "queued"),
    "nothing reconciled": Sabotage(_reconcile_nothing, "stuck"),
    "chains broken": Sabotage(_break_chains, "broken_chains"),
    "views behind their position": Sabotage(_advance_views_first, "views"),
    "poison acknowledged": Sabotage(_acknowledge_poison, "bad_faults"),
    "acknowledgements forgotten": Sabotage(_forget_acknowledgements, "queued"),
    "objects cut": Sabotage(_lose_objects, "missing_objects"),
    "a text lost": Sabotage(_lose_a_text_on_the_way, "different"),
}
