"""The model protocol (DESIGN §7): the messages to a language model, and the schema of its answer.

Pure.

    {"terms":[["apple","maçã"]],"before":["Shopping"],"units":[{"id":"1","source":"One <1>red</1> apple."}]}
    {"units":[{"id":"1","target":"Uma maçã <1>vermelha</1>."}]}

The system message is the same for all batches of a job, so that providers can cache it. The last
user message is one JSON object with the units, and before them what helps: units come last. Their
ids are short numbers. Question and answer have one form and differ in a key: lines of number, bar
and text would cost a fifth less, but servers that others wrote cannot read them in a question, and
where only the answer had them, small models lost the thread. A change of any word of the messages
raises PROMPT_VERSION, which is part of the fingerprint of a recorded call: a batch that was cut off
under an older version is asked for anew, and a replay renders no prompt (ADR 0026, ADR 0034).
"""

from __future__ import annotations

import json
from typing import TypedDict

from pydantic import JsonValue

from dragoman_contracts.locale import Locale
from dragoman_translate.ports import (
    Correction,
    EngineContext,
    EngineRequest,
    PromptTerm,
    ReplyFault,
)

PROMPT_VERSION = "4"

_AROUND_CHARS = 100
"""The most of a neighbouring paragraph that is shown: what a pronoun stands for is near."""

_GENERAL = "general"

_RULES = """\
You translate documents from {source} into {target}.
The user sends JSON. Translate the "source" of each of "units". Answer only \
{{"units":[{{"id":"1","target":"..."}},{{"id":"2","target":"..."}}]}}: the same ids in order.
- Translate all of it, idiomatically; add, explain, merge, split nothing.
- Tags <1>...</1>, <2/>: each exactly once, with its number, at the words that correspond; no other markup.
- Keep names, addresses, code, placeholders ({{{{name}}}}, %s), outer spaces and the value of numbers, written as in \
{target}.
- "before", "after": text around, not to translate. "terms": use them, never the "forbidden". "matches": similar \
translations to follow. "corrections": faults of an earlier answer."""

_PROBLEMS = {
    ReplyFault.MISSING: "No target was given.",
    ReplyFault.DUPLICATE: "The id was answered more than once.",
    ReplyFault.TRUNCATED: "The answer was cut off.",
    ReplyFault.EMPTY: "The target was empty.",
    ReplyFault.ENDLESS: "The target did not end: it was many times as long as the source.",
    ReplyFault.TAGS: "The inline tags were not those of the source, each once and properly nested.",
    ReplyFault.DOUBTFUL: "The target is probably not a right translation of the source.",
}


class Message(TypedDict):
    """One message of a conversation."""

    role: str
    content: str


def messages(request: EngineRequest) -> list[Message]:
    """The conversation for a request: the rules first, the units last."""
    return [
        {
            "role": "system",
            "content": system_prompt(request.source_locale, request.target_locale, request.context),
        },
        # Escapes such as \u4e00 would cost several tokens for each letter beyond ASCII.
        {
            "role": "user",
            "content": json.dumps(payload(request), ensure_ascii=False, separators=(",", ":")),
        },
    ]


def system_prompt(source: Locale, target: Locale, context: EngineContext) -> str:
    """The rules, with the subject and the instructions of the whole job."""
    parts = [_RULES.format(source=_named(source), target=_named(target))]
    if context.domain and context.domain != _GENERAL:
        parts.append(f"The documents are about: {context.domain}.")
    if context.instructions:
        parts.append(f"Instructions of the project:\n{context.instructions}")
    return "\n\n".join(parts)


def unit_ids(request: EngineRequest) -> dict[str, str]:
    """The ids of the request's units by the numbers that a model knows them by."""
    return {str(number): unit.unit_id for number, unit in enumerate(request.units, 1)}


def payload(request: EngineRequest) -> dict[str, JsonValue]:
    """The JSON object of the last user message; keys without content are left out."""
    context = request.context
    numbers = {unit_id: number for number, unit_id in unit_ids(request).items()}
    document: dict[str, JsonValue] = {
        "terms": [_term(each) for each in context.terms if not each.is_forbidden],
        "forbidden": [_term(each) for each in context.terms if each.is_forbidden],
        "matches": [[match.source, match.target] for match in context.matches],
        "before": [_end_of(text) for text in context.preceding],
        "after": [_start_of(text) for text in context.following],
        "corrections": [
            _correction(each, numbers.get(each.unit_id, each.unit_id))
            for each in request.corrections
        ],
        "units": [
            {"id": numbers[unit.unit_id], "source": unit.source.text} for unit in request.units
        ],
    }
    return _without_empty(document)


def _term(term: PromptTerm) -> JsonValue:
    """A term, its target, and its note where it has one."""
    return [term.source, term.target, *([term.note] if term.note else [])]


def _end_of(text: str) -> str:
    """The end of a text before the units, from a space on where it is cut."""
    if len(text) <= _AROUND_CHARS:
        return text
    return "…" + text[-_AROUND_CHARS:].partition(" ")[2]


def _start_of(text: str) -> str:
    """The start of a text behind the units, up to a space where it is cut."""
    if len(text) <= _AROUND_CHARS:
        return text
    return text[:_AROUND_CHARS].rpartition(" ")[0] + "…"


def _correction(correction: Correction, number: str) -> JsonValue:
    problem = _problem(correction)
    return _without_empty({"id": number, "problem": problem, "previous": correction.previous})


def _problem(correction: Correction) -> str:
    return " ".join([_PROBLEMS[correction.fault], *correction.reasons])


def reply_schema() -> dict[str, JsonValue]:
    """The JSON Schema of a reply. It names no ids: providers compile a schema once and keep it."""
    unit: JsonValue = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "target": {"type": "string"}},
        "required": ["id", "target"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"units": {"type": "array", "items": unit}},
        "required": ["units"],
        "additionalProperties": False,
    }


def _without_empty(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in document.items() if value not in ("", [], False, None)}


def _named(locale: Locale) -> str:
    name = _NAMES.get(locale.language)
    return f"{name} ({locale})" if name else f"the language with the BCP-47 tag {locale}"


_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "gl": "Galician", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian Bokmål",
    "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
