"""The answer of a chat API, read from whole bodies or from the events of a stream.

Every field may be missing, null or odd.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue

from dragoman_contracts.events import Usage
from dragoman_models.json_values import as_text, parsed_object, storable, storable_json
from dragoman_models.ports import FinishReason

_BYTES_PER_TOKEN = 4
_MOST_BYTES_PER_TOKEN = 6


class ChatAnswer(ABC):
    """Takes the events of one answer.

    `error` is the object that a server sent in place of the rest of the answer. `finish` is the
    server's word for why it ended. Thoughts are counted and never kept.
    """

    _FINISH: ClassVar[Mapping[str, FinishReason]]

    def __init__(self) -> None:
        self.error: JsonValue = None
        self.is_done = False
        self.is_whole = False
        self.is_answer = False
        """Whether the events have the form of an answer, even of an empty one."""
        self.finish = ""
        self.refusal = ""
        self._texts: list[str] = []
        self._said: dict[str, JsonValue] = {}
        self._chunk_count = 0
        self._written_bytes = 0

    def take(self, event: str) -> str:
        """Read one event, and give the text in it.

        Raises:
            ValueError: the event is no JSON object.
        """
        text = self._text_of(event)
        self._texts.append(text)
        return text

    def _text_of(self, event: str) -> str:
        return self._take_body(parsed_object(event))

    @abstractmethod
    def _take_body(self, body: dict[str, JsonValue]) -> str:
        """Read one object, and give the text in it."""

    @abstractmethod
    def usage(self) -> Usage:
        """The cost of the call, as far as the server said, in the terms of `Usage`."""

    def _count(self, *texts: str) -> None:
        """Count what was written, be it kept or not."""
        written = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        self._written_bytes += written
        self._chunk_count += written > 0

    @property
    def has_begun(self) -> bool:
        """Whether text or thoughts were written, so that the call is paid."""
        return self._written_bytes > 0 or bool(self.refusal)

    @property
    def written_bytes(self) -> int:
        """The size of the text and the thoughts."""
        return self._written_bytes

    @property
    def is_ended(self) -> bool:
        """Whether the answer is complete, so that only counts may follow."""
        return self.is_done or bool(self.finish)

    @property
    def token_count(self) -> int:
        """The number of tokens written: the server's running count, or else an estimate.

        Most servers send one token in each chunk.
        """
        counted = self.usage().response_tokens
        return counted or max(self._chunk_count, self._written_bytes // _MOST_BYTES_PER_TOKEN)

    @property
    def response(self) -> str:
        """The text as written, with a sign in place of half characters, which cannot be stored."""
        text = "".join(self._texts) or self.refusal
        return storable(text)

    @property
    def envelope(self) -> JsonValue:
        """The fields of the server's answer besides the text."""
        finish: dict[str, JsonValue] = {"finish_reason": self.finish} if self.finish else {}
        return storable_json({**self._said, **finish})

    def said(self, key: str) -> str:
        """A word of the envelope: `id`, `model`; empty where there is none."""
        return storable(as_text(self._said.get(key)))

    @property
    def model(self) -> str:
        """The model that answered, as the server names it."""
        return self.said("model")

    @property
    def request_id(self) -> str:
        """The server's name for this answer."""
        return self.said("id")

    @property
    def finish_reason(self) -> FinishReason:
        """The reason why the answer ended."""
        if self.refusal:
            return FinishReason.REFUSED
        if self.has_broken_off:
            return FinishReason.INTERRUPTED
        return self._FINISH.get(self.finish.lower(), FinishReason.STOP)

    @property
    def has_broken_off(self) -> bool:
        """Whether the answer has no end."""
        if self.error or self._FINISH.get(self.finish.lower()) is FinishReason.INTERRUPTED:
            return True
        return not (self.is_ended or self.is_whole)

    def usage_of(self, prompt_bytes: int) -> Usage:
        """The cost of the call.

        Where it broke off before the server counted, an estimate from the texts alone.
        """
        usage = self.usage()
        if not self.has_broken_off or usage.response_tokens:
            return usage
        estimate = {
            "prompt_tokens": usage.prompt_tokens or prompt_bytes // _BYTES_PER_TOKEN,
            "response_tokens": -(-self._written_bytes // _BYTES_PER_TOKEN),
        }
        return usage.model_copy(update=estimate)
