r"""A recorded request read as people ask about it: which part of a prompt came from where. Pure.

{"messages": [{"role": "system", "content": "Translate …"},
              {"role": "user", "content": "{\"terms\": [...], \"units\": [...]}"}]}

gives the sections `instructions`, `terms` and `units`. A request of a form that is not known is one
section `request`: nothing of the record is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel

_ATTRIBUTION = {
    "instructions": "the rules of translation, the same for all batches",
    "project": "instructions of the project or its domain pack",
    "subject": "the domain pack of the submission",
    "units": "the document: the texts to translate",
    "texts": "the document: the texts to translate",
    "terms": "the glossaries that the job pinned: terms that occur",
    "forbidden": "the glossaries that the job pinned: targets that must not be used",
    "matches": "the memories that the job pinned: similar translations",
    "examples": "the memories that the job pinned: similar translations",
    "preceding": "the document: texts before these units",
    "following": "the document: texts behind these units",
    "before": "the document: texts before these units",
    "after": "the document: texts behind these units",
    "summary": "the document: its summary, made once for the job",
    "corrections": "this job: faults of earlier answers, to be avoided",
    "source_locale": "the job: its language pair",
    "target_locale": "the job: its language pair",
    "style_guide": "the domain pack: its style guide",
    "request": "the request as it was sent",
    "parameters": "the engine: sampling, limits and the form of the answer",
}
_SECRET = re.compile(r"api[-_]?key|authorization|password|secret|bearer|^(x-)?key$", re.IGNORECASE)
_HEADING = re.compile(r"^(?:#{1,4} *(?P<marked>.+)|(?P<plain>[A-Z][^\n.]{2,60}):)$")


class PromptSection(BaseModel):
    """A part of a request: its name, where it came from, and its exact text."""

    name: str
    came_from: str
    role: str
    text: str


def sections_of(prompt: object) -> tuple[PromptSection, ...]:
    """The sections of a recorded request, in the order in which they were sent."""
    shown = without_secrets(prompt)
    whole = (_section("request", "", _text(shown)),)
    if not isinstance(shown, Mapping):
        return whole
    body = cast("Mapping[str, Any]", shown)
    conversation = list(_messages(body))
    if not conversation:
        return whole
    told = {"messages", "system", "contents", "systemInstruction", "system_instruction"}
    found = [section for role, text in conversation for section in _of_message(role, text)]
    rest = {key: value for key, value in body.items() if key not in told}
    return (*found, *((_section("parameters", "", _text(rest)),) if rest else ()))


def without_secrets(value: object) -> object:
    """The value with anything that is named like a credential left out. A record holds none; this
    is for one that somebody's server echoed.
    """
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, object]", value).items()
        return {
            key: "(left out)" if _SECRET.search(str(key)) else without_secrets(each)
            for key, each in pairs
        }
    if isinstance(value, list | tuple):
        return [without_secrets(each) for each in cast("Sequence[object]", value)]
    return value


def _messages(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Roles and texts, of each API that is spoken: chat completions, messages, contents."""
    system = body.get("system") or body.get("systemInstruction") or body.get("system_instruction")
    if system:
        yield "system", _content(system)
    for key in ("messages", "contents"):
        for each in cast("Sequence[Any]", body.get(key) or ()):
            if isinstance(each, Mapping):
                message = cast("Mapping[str, Any]", each)
                content = message.get("content", message.get("parts", ""))
                yield str(message.get("role", "user")), _content(content)


def _content(content: Any) -> str:
    """The text of a message: a string, or blocks that hold strings."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        block = cast("Mapping[str, Any]", content)
        return _content(block.get("parts", block.get("text", "")))
    if isinstance(content, Sequence):
        return "\n".join(_content(each) for each in cast("Sequence[Any]", content))
    return ""


def _of_message(role: str, text: str) -> Iterator[PromptSection]:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        for key, each in cast("dict[str, object]", value).items():
            yield _section(key, role, _text(each))
        return
    for name, part in _paragraphs(text, "instructions" if role == "system" else "units"):
        yield _section(name, role, part)


def _paragraphs(text: str, usual: str) -> Iterator[tuple[str, str]]:
    """Runs of paragraphs under one name: a heading, or a beginning that tells where it is from."""
    name, run = usual, list[str]()
    for paragraph in text.split("\n\n"):
        found = _name_of(paragraph)
        if found is not None and run:
            yield name, "\n\n".join(run)
            run = []
        name = found or name
        run.append(paragraph)
    if run:
        yield name, "\n\n".join(run)


def _name_of(paragraph: str) -> str | None:
    if paragraph.startswith("The documents are about"):
        return "subject"
    if paragraph.startswith("Instructions of the project"):
        return "project"
    match = _HEADING.match(paragraph.partition("\n")[0].strip())
    if match is None:
        return None
    words = (match["marked"] or match["plain"]).casefold()
    return next((name for name in _ATTRIBUTION if name in words.replace(" ", "_")), None)


def _section(name: str, role: str, text: str) -> PromptSection:
    came_from = _ATTRIBUTION.get(name, _ATTRIBUTION["request"])
    return PromptSection(name=name, came_from=came_from, role=role, text=text)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
