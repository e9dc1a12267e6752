"""A chat completion of OpenAI's API, from any server that speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_models.adapters.answer import ChatAnswer
from dragoman_models.json_values import as_list, as_object, as_text, count_in
from dragoman_models.ports import FinishReason

_DONE = "[DONE]"
_TEXT_PARTS = ("text", "output_text")
_THOUGHTS = ("reasoning_content", "reasoning")


class Completion(ChatAnswer):
    """Takes whole completions and the chunks of streamed ones."""

    _FINISH: ClassVar[Mapping[str, FinishReason]] = {
        "length": FinishReason.LENGTH,
        "max_tokens": FinishReason.LENGTH,
        "model_length": FinishReason.LENGTH,
        "content_filter": FinishReason.REFUSED,
        "error": FinishReason.INTERRUPTED,
        "abort": FinishReason.INTERRUPTED,
        "insufficient_system_resource": FinishReason.INTERRUPTED,
    }

    @override
    def _text_of(self, event: str) -> str:
        if event.strip() == _DONE:
            self.is_done = True
            return ""
        try:
            return super()._text_of(event)
        except ValueError:
            lines = event.split("\n")
            if len(lines) < 2:
                raise
        return "".join(self._text_of(line) for line in lines if line.strip())

    @override
    def _take_body(self, body: dict[str, JsonValue]) -> str:
        self.error = self.error or body.get("error") or None
        self._said |= {
            key: value for key, value in body.items() if key != "choices" and value is not None
        }
        choices = as_list(body.get("choices"))
        if not choices:
            return ""
        self.is_answer = True
        choice = as_object(choices[0])
        message = as_object(choice.get("delta")) or as_object(choice.get("message"))
        self.is_whole = self.is_whole or "message" in choice
        self.finish = _text(choice.get("finish_reason")) or self.finish
        self.refusal += _text(message.get("refusal")) or _refusal_in(message.get("content"))
        self._count(*(_text(message.get(key)) for key in ("content", *_THOUGHTS)))
        return _text(message.get("content"))

    @override
    def usage(self) -> Usage:
        usage, timings = as_object(self._said.get("usage")), as_object(self._said.get("timings"))
        prompt_details = as_object(
            usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
        )
        details = as_object(
            usage.get("completion_tokens_details") or usage.get("output_tokens_details")
        )
        prompt = count_in(usage, "prompt_tokens", "input_tokens")
        written = count_in(usage, "completion_tokens", "output_tokens")
        reasoning = count_in(details, "reasoning_tokens")
        cached = count_in(prompt_details, "cached_tokens") or count_in(
            usage, "prompt_cache_hit_tokens"
        )
        cache_write = count_in(prompt_details, "cache_write_tokens") or count_in(
            usage, "cache_creation_input_tokens"
        )
        if cached + cache_write > prompt:  # counted beside the prompt, as Anthropic does
            prompt += cached + cache_write
        unnamed = count_in(usage, "total_tokens") - prompt - written
        if unnamed > 0:  # xAI and Gemini count thoughts beside the tokens written
            written, reasoning = written + unnamed, max(reasoning, unnamed)
        if not usage and timings:
            cached = count_in(timings, "cache_n")
            prompt = count_in(timings, "prompt_n") + cached
            written = count_in(timings, "predicted_n")
        return Usage(
            call_count=1,
            prompt_tokens=prompt,
            cached_tokens=cached,
            reasoning_tokens=reasoning,
            response_tokens=written,
            cache_write_tokens=cache_write,
        )


def _text(value: JsonValue) -> str:
    """Text as it is, and that of parts, `[{"type": "text", "text": "…"}]`; thoughts among the parts
    are left out.
    """
    if isinstance(value, list):
        return "".join(_text(part) for part in value)
    if isinstance(value, dict) and value.get("type", "text") in _TEXT_PARTS:
        return _text(value.get("text")) or _text(value.get("value"))
    return as_text(value)


def _refusal_in(content: JsonValue) -> str:
    return "".join(_text(as_object(part).get("refusal")) for part in as_list(content))
