"""A prompt by its sections: which words are the template's, and which field or task gave the rest.
Pure.

    Deed: {{title}}     with title = "Deed 7"     →  template "Deed: ", field title "Deed 7"
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import JsonValue

from dragoman_contracts.model import Value

_BYTES_PER_TOKEN = 4
_TASKS = "inputTasks"
_ARGUMENTS = {
    "if": "one condition",
    "unless": "one condition",
    "with": "one value",
    "each": "a list",
    "lookup": "a value and a name",
}

HELPERS = ("if", "unless", "each", "with", "lookup", "log")
"""The helpers that a template may use."""


class SectionKind(StrEnum):
    """Where a section of a prompt came from. `computed` names none: an index, or a whole that could
    not be taken apart.
    """

    TEMPLATE = "template"
    FIELD = "field"
    TASK = "task"
    COMPUTED = "computed"


class PromptSection(Value):
    """Words of a prompt and where they came from: `name` is the field or the task, `expression` and
    `line` the place in the template.
    """

    kind: SectionKind
    text: str
    name: str = ""
    expression: str = ""
    line: int = 0
    token_estimate: int = 0


class ExplainedPrompt(Value):
    """The very prompt, in sections that make it up one after another.

    `missing` are names that the template uses and the object lacks: they gave nothing.
    """

    text: str
    sections: tuple[PromptSection, ...]
    missing: tuple[str, ...] = ()
    token_estimate: int = 0


class TemplateName(Value):
    """A name that a template uses: the field `name`, with the whole `path`; of a task's result the
    `origin` is `inputTasks.<task>`.
    """

    name: str
    path: str
    origin: str
    line: int


class TemplateFault(Value):
    """Something for which a template would be refused: its line, 0 where none is known, and a
    sentence with the cure.
    """

    line: int = 0
    message: str


class TemplateCheck(Value):
    """A template looked through and not rendered: the names that it uses by their place, as far as
    it says them itself, and its faults. One that is no Handlebars has one fault and no names.
    """

    names: tuple[TemplateName, ...] = ()
    faults: tuple[TemplateFault, ...] = ()


def template_check(answer: Mapping[str, Any]) -> TemplateCheck:
    """The child's answer about a template that could be parsed."""
    faults = [
        TemplateFault(line=int(each["line"]), message=_misuse(str(each["kind"]), str(each["name"])))
        for each in answer["faults"]
    ]
    names = tuple(TemplateName.model_validate(each) for each in answer["names"])
    return TemplateCheck(names=names, faults=tuple(faults))


def _misuse(kind: str, name: str) -> str:
    shown = name[:80]
    match kind:
        case "helper":
            return f"There is no helper {shown!r}; there are {', '.join(HELPERS)}."
        case "partial":
            return (
                f"There is no partial {shown!r}; write its text here, or define it in the template: "
                f'{{{{#*inline "{shown}"}}}}…{{{{/inline}}}}.'
            )
        case "arguments":
            return f"{shown} takes {_ARGUMENTS.get(name, 'other arguments')}; correct the tag."
        case "shadowed":
            return f"{{{{{shown}}}}} calls the helper of this name; for a field write {{{{this.{shown}}}}}."
        case _:
            return f"There is no decorator {shown!r}; there is #*inline alone."


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has; tokenizers differ by a third either way."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def explained(
    text: str,
    marked: str,
    tags: Sequence[Mapping[str, Any]],
    mark: str,
    context: Mapping[str, JsonValue],
) -> ExplainedPrompt:
    """The prompt `text` in sections, read from the same prompt with marks around what tags gave."""
    sections = _merged(_sections(marked, tags, mark))
    if "".join(each.text for each in sections) != text:  # a tag that a partial gave twice, say
        whole = PromptSection(
            kind=SectionKind.COMPUTED, text=text, token_estimate=estimated_tokens(text)
        )
        sections = (whole,)
    origins = {str(origin) for tag in tags for origin in tag["origins"]}
    return ExplainedPrompt(
        text=text,
        sections=sections,
        missing=tuple(sorted(each for each in origins if _is_missing(each, context))),
        token_estimate=estimated_tokens(text),
    )


def _sections(marked: str, tags: Sequence[Mapping[str, Any]], mark: str) -> list[PromptSection]:
    found: list[PromptSection] = []
    inside: list[int] = []
    place = 0
    for token in re.finditer(re.escape(mark) + r"(?:<(\d+)\||>)", marked):
        found.append(_section(marked[place : token.start()], tags, inside))
        place = token.end()
        if token.group(1) is not None:
            inside.append(int(token.group(1)))
        elif inside:
            inside.pop()
    found.append(_section(marked[place:], tags, inside))
    return found


def _section(text: str, tags: Sequence[Mapping[str, Any]], inside: Sequence[int]) -> PromptSection:
    tokens = estimated_tokens(text)
    if not inside:
        return PromptSection(kind=SectionKind.TEMPLATE, text=text, token_estimate=tokens)
    tag = tags[inside[-1]]
    origin = str(tag["origin"])
    kind, name = SectionKind.FIELD, origin
    if origin.startswith(f"{_TASKS}."):
        kind, name = SectionKind.TASK, origin.removeprefix(f"{_TASKS}.")
    elif not origin:
        kind = SectionKind.COMPUTED
    return PromptSection(
        kind=kind,
        text=text,
        name=name,
        expression=str(tag["expression"]),
        line=int(tag["line"]),
        token_estimate=tokens,
    )


def _merged(sections: Sequence[PromptSection]) -> tuple[PromptSection, ...]:
    """The sections without empty ones, template text beside template text as one."""
    kept: list[PromptSection] = []
    for each in sections:
        if not each.text:
            continue
        last = kept[-1] if kept else None
        if last is not None and last.kind is each.kind is SectionKind.TEMPLATE:
            text = last.text + each.text
            kept[-1] = last.model_copy(
                update={"text": text, "token_estimate": estimated_tokens(text)}
            )
        else:
            kept.append(each)
    return tuple(kept)


def _is_missing(origin: str, context: Mapping[str, JsonValue]) -> bool:
    name, _, task = origin.partition(".")
    if name not in context:
        return True
    tasks = context[name]
    return name == _TASKS and bool(task) and isinstance(tasks, dict) and task not in tasks
