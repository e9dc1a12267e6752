"""A chat completion, read from whole bodies or from chunks.

Every field may be missing, null or odd.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from pydantic import JsonValue

from dragoman_contracts.events import Usage
from dragoman_translate.ports import FinishReason, RawTarget
from dragoman_translate.reading import ReplyReader

_DONE = "[DONE]"
_FINISH = {
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
    "content_filter": FinishReason.REFUSED,
    "error": FinishReason.INTERRUPTED,
    "abort": FinishReason.INTERRUPTED,
    "insufficient_system_resource": FinishReason.INTERRUPTED,
}
_TEXT_PARTS = ("text", "output_text")
_THOUGHTS = ("reasoning_content", "reasoning")
_BYTES_PER_TOKEN = 4
_MOST_BYTES_PER_TOKEN = 6
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class Answer:
    """Takes the events of one answer. `asked` are the ids of the units that it should hold.

    `error` is the object that a server sent in place of the rest of the answer. Thoughts are
    counted and never kept.
    """

    def __init__(self, asked: Collection[str] = ()) -> None:
        self.error: JsonValue = None
        self.is_done = False
        self.is_whole = False
        self.finish = ""
        self.refusal = ""
        self._reader = ReplyReader(asked)
        self._texts: list[str] = []
        self._said: dict[str, JsonValue] = {}
        self._chunk_count = 0
        self._written_bytes = 0

    def take(self, event: str) -> tuple[RawTarget, ...]:
        """Read one event, and give the units that it completed.

        Raises:
            ValueError: the event is no JSON object.
        """
        if event.strip() == _DONE:
            self.is_done = True
            return ()
        try:
            return self._take_body(_object_of(event))
        except ValueError:
            lines = event.split("\n")
            if len(lines) < 2:
                raise
        return tuple(target for line in lines if line.strip() for target in self.take(line))

    def _take_body(self, body: dict[str, JsonValue]) -> tuple[RawTarget, ...]:
        self.error = self.error or body.get("error") or None
        self._said |= {key: value for key, value in body.items() if key != "choices" and value is not None}
        choices = body.get("choices")
        if not isinstance(choices, list) or not choices:
            return ()
        choice = _object(choices[0])
        message = _object(choice.get("delta")) or _object(choice.get("message"))
        self.is_whole = self.is_whole or "message" in choice
        self.finish = _text(choice.get("finish_reason")) or self.finish
        self.refusal += _text(message.get("refusal")) or _refusal_in(message.get("content"))
        self._count(*(_text(message.get(key)) for key in ("content", *_THOUGHTS)))
        text = _text(message.get("content"))
        self._texts.append(text)
        return self._reader.feed(text)

    def _count(self, *texts: str) -> None:
        written = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        self._written_bytes += written
        self._chunk_count += written > 0

    @property
    def has_choices(self) -> bool:
        """Whether the events had a choice: without any, the answer is probably no chat completion."""
        return bool(self._texts)

    @property
    def has_begun(self) -> bool:
        """Whether text or thoughts were written, so that the call is paid."""
        return self._written_bytes > 0 or bool(self.refusal)

    @property
    def written_bytes(self) -> int:
        """The size of the text and the thoughts."""
        return self._written_bytes

    @property
    def targets(self) -> tuple[RawTarget, ...]:
        """The units read so far."""
        return self._reader.targets

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
        return _storable(text)

    @property
    def envelope(self) -> JsonValue:
        """The fields of the server's answer besides the text."""
        finish: dict[str, JsonValue] = {"finish_reason": self.finish} if self.finish else {}
        return _storable_json({**self._said, **finish})

    def said(self, key: str) -> str:
        """A word of the envelope: `id`, `model`; empty where there is none."""
        return _storable(_text(self._said.get(key)))

    def end(self) -> tuple[tuple[RawTarget, ...], FinishReason]:
        """The units of the answer, and why it ended."""
        finish = FinishReason.REFUSED if self.refusal else _FINISH.get(self.finish.lower(), FinishReason.STOP)
        if self._has_broken_off and not self.refusal:
            finish = FinishReason.INTERRUPTED
        targets = self._reader.close(is_whole=finish in (FinishReason.STOP, FinishReason.REFUSED))
        if targets is None and finish is FinishReason.STOP:
            finish = FinishReason.MALFORMED
        return targets or (), finish

    @property
    def _has_broken_off(self) -> bool:
        if self.error or _FINISH.get(self.finish.lower()) is FinishReason.INTERRUPTED:
            return True
        return not (self.finish or self.is_done or self.is_whole)

    def usage(self) -> Usage:
        """The cost of the call, as far as the server said, in the terms of `Usage`."""
        usage, timings = _object(self._said.get("usage")), _object(self._said.get("timings"))
        prompt_details = _object(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
        details = _object(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
        prompt = _count(usage, "prompt_tokens", "input_tokens")
        written = _count(usage, "completion_tokens", "output_tokens")
        reasoning = _count(details, "reasoning_tokens")
        cached = _count(prompt_details, "cached_tokens") or _count(usage, "prompt_cache_hit_tokens")
        cache_write = _count(prompt_details, "cache_write_tokens") or _count(usage, "cache_creation_input_tokens")
        if cached + cache_write > prompt:  # counted beside the prompt, as Anthropic does
            prompt += cached + cache_write
        unnamed = _count(usage, "total_tokens") - prompt - written
        if unnamed > 0:  # xAI and Gemini count thoughts beside the tokens written
            written, reasoning = written + unnamed, max(reasoning, unnamed)
        if not usage and timings:
            cached = _count(timings, "cache_n")
            prompt, written = _count(timings, "prompt_n") + cached, _count(timings, "predicted_n")
        return Usage(
            call_count=1,
            prompt_tokens=prompt,
            cached_tokens=cached,
            reasoning_tokens=reasoning,
            response_tokens=written,
            cache_write_tokens=cache_write,
        )

    def usage_of(self, prompt_bytes: int) -> Usage:
        """The cost of the call.

        Where it broke off before the server counted, an estimate from the texts alone.
        """
        usage = self.usage()
        if not self._has_broken_off or usage.response_tokens:
            return usage
        estimate = {
            "prompt_tokens": usage.prompt_tokens or prompt_bytes // _BYTES_PER_TOKEN,
            "response_tokens": -(-self._written_bytes // _BYTES_PER_TOKEN),
        }
        return usage.model_copy(update=estimate)


def _object_of(text: str) -> dict[str, JsonValue]:
    try:
        value: JsonValue = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if isinstance(value, dict):
        return value
    raise ValueError("no JSON object")


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str:
    """Text as it is, and that of parts, `[{"type": "text", "text": "…"}]`; thoughts among the parts
    are left out.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text(part) for part in value)
    if isinstance(value, dict) and value.get("type", "text") in _TEXT_PARTS:
        return _text(value.get("text")) or _text(value.get("value"))
    return ""


def _refusal_in(content: JsonValue) -> str:
    parts = content if isinstance(content, list) else []
    return "".join(_text(_object(part).get("refusal")) for part in parts)


def _count(counts: dict[str, JsonValue], *names: str) -> int:
    """The first of the counts that is a positive number; 0 where none is."""
    for name in names:
        value = counts.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12:
            return int(value)
    return 0


def _storable(text: str) -> str:
    if _HALF_CHARACTER.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _storable_json(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, list):
        return [_storable_json(each) for each in value]
    if isinstance(value, dict):
        return {_storable(key): _storable_json(each) for key, each in value.items()}
    return value
