"""Files of JSON Schema, as a class has them: Gemini's spelling normalised, looked through. Pure.

{"type": "OBJECT", "properties": {"currency": {"type": "STRING", "nullable": true}}}
{"type": "object", "properties": {"currency": {"type": ["string", "null"]}}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import jsonschema_rs
from pydantic import JsonValue

_Place = tuple[str | int, ...]
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_NUMBER = (
    '"type": "number" starts Gemini\'s constraint solver, and calls time out after 90 seconds or '
    'more; for amounts and other decimals say "type": "string".'
)
_MOST_DEEP = 60


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A schema as it is stored, and what is to be said of it, by place in the schema."""

    text: str
    faults: tuple[tuple[_Place, str], ...] = ()
    warnings: tuple[tuple[_Place, str], ...] = ()


def schema_file(content: JsonValue) -> SchemaFile:
    """The schema in this text, or said as JSON, in standard spelling."""
    schema: JsonValue = content
    if isinstance(content, str):
        try:
            schema = json.loads(content)
        except (ValueError, RecursionError) as error:
            where = (
                f" at line {error.lineno}, column {error.colno}"
                if isinstance(error, json.JSONDecodeError)
                else ""
            )
            return SchemaFile(content, (((), f"This is no JSON{where}; correct it there."),))
    if not isinstance(schema, dict):
        return SchemaFile(
            json.dumps(schema), (((), 'A schema is an object, as {"type": "object", …}.'),)
        )
    if _depth(schema) > _MOST_DEEP:
        return SchemaFile("{}", (((), f"The schema nests deeper than {_MOST_DEEP} levels."),))
    standard = _standard(schema)
    text = json.dumps(standard, ensure_ascii=False, indent=2) + "\n"
    return SchemaFile(text, tuple(_faults(standard)), tuple(_numbers(standard)))


def _standard(schema: JsonValue) -> JsonValue:
    """The schema with types in lower case and `nullable` as the type null."""
    match schema:
        case dict():
            made = {
                name: (
                    each.lower()
                    if name == "type" and isinstance(each, str) and each.lower() in _TYPES
                    else _standard(each)
                )
                for name, each in schema.items()
            }
            if isinstance(made.get("type"), str) and made.get("nullable") is True:
                made.pop("nullable")
                made["type"] = [made["type"], "null"]
                if isinstance(choices := made.get("enum"), list) and None not in choices:
                    made["enum"] = [*choices, None]
            return made
        case list():
            return [_standard(each) for each in schema]
        case _:
            return schema


def _faults(schema: JsonValue) -> Iterator[tuple[_Place, str]]:
    unknown = [(place, str(type_)) for place, type_ in _types(schema) if type_ not in _TYPES]
    for place, type_ in unknown:
        yield place, f"There is no type {type_[:40]!r}: it is one of {', '.join(_TYPES)}."
    if unknown:
        return
    plain = cast("dict[str, Any]", schema)
    try:
        jsonschema_rs.meta.validate(plain)
        jsonschema_rs.validator_for(plain, retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        place = tuple(error.instance_path)
        yield place, f"The schema is not valid: {error.message[:300]}."
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        yield (
            (),
            f"A $ref cannot be resolved; put what it names under $defs of this file ({str(error)[:200]}).",
        )


def _refuse(uri: str) -> JsonValue:
    raise ValueError(f"{uri} is elsewhere")


def _numbers(schema: JsonValue) -> Iterator[tuple[_Place, str]]:
    for place, type_ in _types(schema):
        if type_ == "number":
            yield place, _NUMBER


def _types(schema: JsonValue, place: _Place = ()) -> Iterator[tuple[_Place, object]]:
    """Each type that the schema names, with its place; properties may be called `type`."""
    if isinstance(schema, list):
        for index, each in enumerate(schema):
            yield from _types(each, (*place, index))
        return
    if not isinstance(schema, Mapping):
        return
    for name, each in schema.items():
        here = (*place, name)
        if name == "type" and isinstance(each, str):
            yield here, each
        elif name == "type" and isinstance(each, list):
            yield from ((here, one) for one in each)
        elif name in {"properties", "$defs", "definitions", "patternProperties"} and isinstance(
            each, Mapping
        ):
            for inner, value in each.items():
                yield from _types(value, (*here, inner))
        elif name not in {"enum", "const", "default", "examples", "required"}:
            yield from _types(each, here)


def _depth(value: JsonValue) -> int:
    level, deep = [value], 0
    while level and deep <= _MOST_DEEP:
        deep += 1
        level = [
            inner
            for each in level
            for inner in (
                each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
            )
        ]
    return deep
