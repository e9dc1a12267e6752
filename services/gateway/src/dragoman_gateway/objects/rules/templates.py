"""Prompts in Handlebars, looked through before they are saved: syntax, and the names they use. Pure.

A prompt sees every field of the object, and `inputTasks` with the answers of earlier phases:

    Currency of {{title}}? The parties are {{inputTasks.extractParties}}.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from pydantic import JsonValue
from pydantic_handlebars import HandlebarsError, check_template_compatibility

from dragoman_contracts.classes import FieldType

_SHAPES: dict[str, JsonValue] = {
    FieldType.INTEGER: {"type": "integer"},
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.JSON: {},
    FieldType.LIST: {},
    FieldType.DOCUMENT: {
        "type": "object",
        "properties": {
            "file_name": {"type": "string"},
            "media_type": {"type": "string"},
            "size_bytes": {"type": "integer"},
            "sha256": {"type": "string"},
        },
        "additionalProperties": False,
    },
}


def template_faults(
    template: str, types: Mapping[str, str], earlier_tasks: Collection[str]
) -> Iterator[str]:
    """All that is wrong with a prompt of a class with fields of these types, whose earlier phases
    have these tasks.
    """
    try:
        issues = check_template_compatibility(template, _context(types, earlier_tasks)).issues
    except HandlebarsError as error:
        yield f"This is no Handlebars template: {error}."
        return
    except RecursionError:
        yield "The template nests too deep; make it flatter."
        return
    for name in dict.fromkeys(each.field_path for each in issues if each.severity == "error"):
        first, _, task = name.partition(".")
        if first == "inputTasks" and task:
            yield (
                f"{{{{{name}}}}}: no earlier phase has a task {task[:80]!r}"
                f"{_near(task, earlier_tasks)}"
            )
        else:
            yield f"{{{{{name[:120]}}}}} names no field of the class{_near(name, types)}"


def _near(name: str, known: Collection[str]) -> str:
    found = get_close_matches(name[:80], sorted(known), n=1, cutoff=0.6)
    if found:
        return f"; did you mean {found[0]!r}?"
    return f"; there are {', '.join(sorted(known)[:20])}." if known else "."


def _context(types: Mapping[str, str], earlier_tasks: Collection[str]) -> dict[str, JsonValue]:
    """The JSON Schema of what a prompt sees."""
    properties: dict[str, JsonValue] = {
        name: _SHAPES.get(type_, {"type": "string"}) for name, type_ in types.items()
    }
    properties["inputTasks"] = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in earlier_tasks},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
