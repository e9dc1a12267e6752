"""The outputs of a phase's batches, kept so that one more costs the same however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from dragoman_contracts.references import ObjectRef

_WIDTH = 64
_Chunk = tuple[ObjectRef | None, ...]


@dataclass(frozen=True, slots=True)
class Batches:
    """An immutable sequence of outputs by batch index, None where a batch is not done; `count`
    long.

    `with_output` copies one chunk and the list of chunks, not all batches: a job's states, one
    after the other, share the rest.
    """

    count: int = 0
    pending_count: int = 0
    chunks: tuple[_Chunk, ...] = ()

    @classmethod
    def owed(cls, count: int) -> Batches:
        """So many batches, none of them done."""
        full, rest = divmod(count, _WIDTH)
        chunks = (*repeat((None,) * _WIDTH, full), *([(None,) * rest] if rest else []))
        return cls(count=count, pending_count=count, chunks=chunks)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[ObjectRef | None]:
        return chain.from_iterable(self.chunks)

    def __getitem__(self, index: int) -> ObjectRef | None:
        if not 0 <= index < self.count:
            raise IndexError(f"There is no batch {index} of {self.count}.")
        return self.chunks[index // _WIDTH][index % _WIDTH]

    def is_pending(self, index: int) -> bool:
        """Whether there is such a batch and it is not done."""
        return 0 <= index < self.count and self[index] is None

    @property
    def pending(self) -> tuple[int, ...]:
        """Indexes of the batches that are not done, in order."""
        if not self.pending_count:
            return ()
        return tuple(index for index, output in enumerate(self) if output is None)

    def with_output(self, index: int, output: ObjectRef) -> Batches:
        """The same with this batch done."""
        number, place = divmod(index, _WIDTH)
        chunk = self.chunks[number]
        was_pending = self[index] is None
        changed = (*chunk[:place], output, *chunk[place + 1 :])
        chunks = (*self.chunks[:number], changed, *self.chunks[number + 1 :])
        return Batches(self.count, self.pending_count - was_pending, chunks)

    def with_next(self) -> Batches:
        """The same with one more batch at the end, not done."""
        last = self.chunks[-1] if self.chunks and len(self.chunks[-1]) < _WIDTH else ()
        kept = self.chunks[:-1] if last else self.chunks
        return Batches(self.count + 1, self.pending_count + 1, (*kept, (*last, None)))


def batches_of(outputs: Iterable[ObjectRef | None]) -> Batches:
    """Batches with these outputs, None for those that are not done."""
    found = Batches()
    for index, output in enumerate(outputs):
        found = found.with_next()
        found = found if output is None else found.with_output(index, output)
    return found
