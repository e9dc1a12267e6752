"""Base of the events: their payload's class, and the values that many of them hold."""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Annotated, ClassVar

from pydantic import Field

from dragoman_contracts.model import Value
from dragoman_contracts.vocabulary import PhaseName, Service, WorkKind, WorkName

Count = Annotated[int, Field(ge=0)]


KeyPhase = Annotated[PhaseName, Field(exclude_if=not_)]
"""A phase's name in a key of work; left out of what is stored where the kind of the work says
it, as it always was.
"""


ErrorCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$", max_length=80)]


class StreamType(StrEnum):
    """The aggregate a stream tells of."""

    JOB = "job"
    DOCUMENT = "document"
    SOURCE = "source"
    OBJECT = "object"


class Event(Value):
    """The payload of one event. `producer` is None for the few that any service may append.

    `work` is the kind of work whose outcome it is; None where no service computed it, or where the
    event itself says.
    """

    name: ClassVar[str]
    schema_version: ClassVar[int] = 1
    stream_type: ClassVar[StreamType] = StreamType.JOB
    producer: ClassVar[Service | None]
    work: ClassVar[WorkKind | None] = None

    @property
    def told_in(self) -> StreamType:
        """The type of the stream this event stands in."""
        return self.stream_type


class PhaseResult(Event):
    """The completion of a phase. `next_kind` is the work now owed, of the phase `next_phase`;
    None where nothing is.
    """

    next_kind: WorkName | None = None
    next_phase: KeyPhase = ""


class Usage(Value):
    """The consumption of model calls, in the same terms for every provider: the number of calls,
    and their tokens.

    `prompt_tokens` are all tokens sent; of these, `cached_tokens` were read from the provider's
    cache and `cache_write_tokens` written to it. `response_tokens` are all tokens written,
    `reasoning_tokens` those of them that no one is shown. So all input is `prompt_tokens`, all
    output `response_tokens`, and the other three are parts that may have another price: never add
    them. A count the provider does not give is 0; those of an answer that broke off before its
    counts came are estimates.
    """

    call_count: Count = 0
    prompt_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    response_tokens: Count = 0
    cache_write_tokens: Count = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            call_count=self.call_count + other.call_count,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            response_tokens=self.response_tokens + other.response_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )
