"""Prompts in Handlebars, held against the fields and tasks of their class before they are saved. Pure.

A prompt sees every field of the object, and `inputTasks` with the answers of earlier phases:

    Currency of {{title}}? The parties are {{inputTasks.extractParties}}.

The engine that renders them says which names they use; the rules here say which there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from dragoman_contracts.classes import FieldType
from dragoman_scripting.prompts import TemplateCheck, TemplateName

_TASKS = "inputTasks"
_DOCUMENT_PARTS = ("file_name", "media_type", "size_bytes", "sha256")
_WITHOUT_PARTS = frozenset({FieldType.INTEGER, FieldType.BOOLEAN})
_TEXTS = frozenset({FieldType.TEXT, FieldType.DECIMAL, FieldType.DATE})


def name_faults(
    check: TemplateCheck, types: Mapping[str, str], earlier_tasks: Collection[str]
) -> Iterator[str]:
    """The names of a prompt that its object will not have: no field of these types, no part of one,
    no task of an earlier phase. Each is said once, with its first line.
    """
    told: set[str] = set()
    for each in check.names:
        if each.path not in told:
            told.add(each.path)
            said = _fault_of(each, types, earlier_tasks)
            if said:
                yield f"Line {each.line}: {said}"


def _fault_of(
    name: TemplateName, types: Mapping[str, str], earlier_tasks: Collection[str]
) -> str | None:
    shown = f"{{{{{name.path[:120]}}}}}"
    part = name.path.partition(".")[2].partition(".")[0]
    if name.name == _TASKS:
        if not part or part in earlier_tasks:
            return None
        return f"{shown}: no earlier phase has a task {part[:80]!r}{_near(part, earlier_tasks)}"
    type_ = types.get(name.name)
    if type_ is None:
        return f"{shown} names no field of the class{_near(name.name, types)}"
    parts = _parts_of(type_)
    if not part or parts is None or part in parts:
        return None
    return f"{shown}: the {type_} field {name.name!r} has no {part[:80]!r}{_near(part, parts)}"


def _parts_of(type_: str) -> tuple[str, ...] | None:
    """The names within a field of this type; None where they are not known."""
    if type_ == FieldType.DOCUMENT:
        return _DOCUMENT_PARTS
    if type_ in _WITHOUT_PARTS:
        return ()
    return ("length",) if type_ in _TEXTS else None


def _near(name: str, known: Collection[str]) -> str:
    found = get_close_matches(name[:80], sorted(known), n=1, cutoff=0.6)
    if found:
        return f"; did you mean {found[0]!r}?"
    return f"; there are {', '.join(sorted(known)[:20])}." if known else "; leave it out."
