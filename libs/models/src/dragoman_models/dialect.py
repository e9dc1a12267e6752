"""The way in which a server wants to be asked: found out by what it refuses, and kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from dragoman_models.refusals import ServerError

_FORMATS = ("json_schema", "json_object", "text")
_SMALLEST_OUTPUT = 256


class Streaming(StrEnum):
    """How far a server streams: with its token counts, without, or not at all."""

    COUNTED = "counted"
    PLAIN = "plain"
    NONE = "none"


@dataclass(frozen=True)
class Dialect:
    """One way of asking.

    `output_tokens` is the limit of the answer that is sent; None where none is.
    """

    output_tokens: int | None
    response_format: str = "json_schema"
    limit_name: str = "max_tokens"
    has_temperature: bool = True
    streaming: Streaming = Streaming.COUNTED

    def after(self, error: ServerError) -> Dialect | None:
        """The dialect to try next when a request was refused so;
        None when another would not help.
        """
        if error.is_output_limit:
            smaller = (self.output_tokens or 0) // 2
            return self.with_output(smaller) if smaller >= _SMALLEST_OUTPUT else None
        if error.is_settled:
            return None
        return (
            self._without_what_is_named(f"{error.param} {error.words}".lower()) or self._simpler()
        )

    def with_output(self, tokens: int | None) -> Dialect:
        """The same with another limit of the answer."""
        return replace(self, output_tokens=tokens)

    def _without_what_is_named(self, said: str) -> Dialect | None:
        if "max_completion_tokens" in said and self.limit_name == "max_tokens":
            return replace(self, limit_name="max_completion_tokens")
        if "temperature" in said and self.has_temperature:
            return replace(self, has_temperature=False)
        if (
            "stream_options" in said or "include_usage" in said
        ) and self.streaming is Streaming.COUNTED:
            return replace(self, streaming=Streaming.PLAIN)
        if re.search(r"\bstream(ing)?\b", said) and self.streaming is not Streaming.NONE:
            return replace(self, streaming=Streaming.NONE)
        return None

    def _simpler(self) -> Dialect | None:
        if self.response_format != _FORMATS[-1]:
            return replace(self, response_format=_FORMATS[_FORMATS.index(self.response_format) + 1])
        if self.streaming is not Streaming.NONE:
            return replace(
                self,
                streaming=Streaming.PLAIN
                if self.streaming is Streaming.COUNTED
                else Streaming.NONE,
            )
        return None
