"""The model protocol (DESIGN §7): the messages to a language model, and the schema of its answer.

Pure.

The system message is the same for all batches of a job, so that providers can cache it. The last
user message is one JSON object with the units and their context. A change of any word of the
messages raises PROMPT_VERSION, which is part of the fingerprint of a recorded call.
"""

from __future__ import annotations

import json
from typing import TypedDict

from pydantic import JsonValue

from dragoman_contracts.locale import Locale
from dragoman_translate.ports import Correction, EngineContext, EngineRequest, ReplyFault

PROMPT_VERSION = "1"

_RULES = """\
You translate documents from {source} into {target}.

The user sends one JSON object. Translate the "source" of each entry of "units" and answer with one JSON object
{{"units": [{{"id": "...", "target": "..."}}]}} that has exactly the same ids in the same order, and nothing else.

Rules:
- Translate everything, completely and idiomatically; add nothing, explain nothing, merge or split no units.
- <1>...</1> and <2/> are inline tags. Keep every tag of a source in its target, with the same number, exactly once,
  around or beside the words that correspond. Never invent tags, and never write other markup.
- Keep names, addresses, code and placeholders such as {{{{name}}}} or %s as they are. Keep the value of every number;
  write numbers and dates as is usual in {target}.
- Keep white space at the start and end of each source.
- A unit is one paragraph of the document. "preceding" and "following" show the text around and are not translated.
- Use the translations that "terms" demands, and never one that is marked forbidden. "matches" are earlier translations
  of similar text: follow their wording where they fit.
- "corrections" say what was wrong with an earlier answer: avoid it this time."""

_PROBLEMS = {
    ReplyFault.MISSING: "No target was given.",
    ReplyFault.DUPLICATE: "The id was answered more than once.",
    ReplyFault.TRUNCATED: "The answer was cut off.",
    ReplyFault.EMPTY: "The target was empty.",
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
        {"role": "user", "content": json.dumps(payload(request), ensure_ascii=False)},
    ]


def system_prompt(source: Locale, target: Locale, context: EngineContext) -> str:
    """The rules, with the subject and the instructions of the whole job."""
    parts = [_RULES.format(source=_named(source), target=_named(target))]
    if context.domain:
        parts.append(f"The documents are about: {context.domain}.")
    if context.instructions:
        parts.append(f"Instructions of the project:\n{context.instructions}")
    return "\n\n".join(parts)


def payload(request: EngineRequest) -> dict[str, JsonValue]:
    """The JSON object of the last user message; keys without content are left out."""
    context = request.context
    document: dict[str, JsonValue] = {
        "units": [{"id": unit.unit_id, "source": unit.source.text} for unit in request.units],
        "source_locale": request.source_locale,
        "target_locale": request.target_locale,
        "terms": [_without_empty(term.model_dump(mode="json")) for term in context.terms],
        "matches": [{"source": match.source, "target": match.target} for match in context.matches],
        "preceding": list(context.preceding),
        "following": list(context.following),
        "corrections": list(map(_correction, request.corrections)),
    }
    return _without_empty(document)


def _correction(correction: Correction) -> JsonValue:
    problem = _problem(correction)
    return _without_empty(
        {"id": correction.unit_id, "problem": problem, "previous": correction.previous}
    )


def _problem(correction: Correction) -> str:
    return " ".join([_PROBLEMS[correction.fault], *correction.reasons])


def reply_schema() -> dict[str, JsonValue]:
    """The JSON Schema of a reply. It names no ids: providers compile a schema once and keep it."""
    unit: dict[str, JsonValue] = {
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
