"""The JSON Schema of an answer, as a class declares it, and an answer held against it. Pure.

Gemini's own form is taken too: `{"type": "OBJECT", "nullable": true}` is read as
`{"type": ["object", "null"]}`.

    schema    {"type": "object", "properties": {"shareCapital": {"type": "string"}}, "required": ["shareCapital"]}
    answer    {"shareCapital": 25000}
    faults    /shareCapital: 25000 is not of type "string"
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn, cast

import jsonschema_rs
from pydantic import JsonValue

from dragoman_contracts.models import ApiKind
from dragoman_scripting.errors import SchemaInvalidError

MOST_SCHEMA_BYTES = 256 * 1024
"""The largest file of a schema."""

_TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}
_GEMINI_ALONE = {"propertyOrdering", "nullable", "example"}
_COUNTS = {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
_MAPS = {"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"}
_LITERAL = {"enum", "const", "default", "examples", "required"}
_STRICT = frozenset({ApiKind.OPENAI, ApiKind.ANTHROPIC})
_FENCED = re.compile(r"```(?:json|JSON)?\s*\n(.*?)```", re.S)
_MOST_FAULTS, _LONGEST_FAULT, _DEEPEST = 20, 300, 64

Schema = dict[str, JsonValue]


def read_schema(data: bytes, name: str) -> Schema:
    """The schema in a file, as standard JSON Schema.

    Raises:
        SchemaInvalidError: it is none; the message says where, and names the file.
    """
    if len(data) > MOST_SCHEMA_BYTES:
        raise SchemaInvalidError(
            f"Schema {name} has {len(data):,} bytes; the most is {MOST_SCHEMA_BYTES:,}."
        )
    try:
        parsed: JsonValue = json.loads(data)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise SchemaInvalidError(f"Schema {name} is no JSON{where}; correct it.") from error
    if not isinstance(parsed, dict):
        raise SchemaInvalidError(f"Schema {name} is no JSON object; it needs a type at least.")
    schema = cast(Schema, _changed(parsed, _standard, name))
    try:
        jsonschema_rs.meta.validate(schema)
        _validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        path = "/".join(map(str, getattr(error, "instance_path", ()))) or "its top"
        reason = str(getattr(error, "message", error))[:_LONGEST_FAULT]
        raise SchemaInvalidError(f"Schema {name} is no JSON Schema at {path}: {reason}") from error
    return schema


def schema_for(schema: Schema, api_kind: ApiKind) -> Schema:
    """The schema as a provider's strict mode takes it.

    OpenAI and Anthropic want every object closed, OpenAI every property required: one that may be
    left out may be null there, and `fitting` takes such nulls out again.
    """
    if api_kind not in _STRICT:
        return schema

    def closed(node: Schema) -> Schema:
        properties = node.get("properties")
        if not isinstance(properties, dict) or node.get("additionalProperties") not in (
            None,
            False,
        ):
            return node
        made: Schema = {**node, "additionalProperties": False}
        if api_kind is ApiKind.OPENAI:
            required = _required(node)
            made["properties"] = {
                name: each if name in required else _nullable(each)
                for name, each in properties.items()
            }
            made["required"] = list(properties)
        return made

    return cast(Schema, _changed(schema, closed, ""))


def fitting(schema: JsonValue, value: JsonValue) -> JsonValue:
    """The answer without nulls of properties that may be left out and may not be null."""
    if not isinstance(schema, dict):
        return value
    if isinstance(value, list):
        return [fitting(schema.get("items"), each) for each in value]
    properties = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return value
    required = _required(schema)
    return {
        name: fitting(properties.get(name), each)
        for name, each in value.items()
        if each is not None
        or name in required
        or name not in properties
        or _takes_null(properties[name])
    }


def faults_of(schema: Schema, value: JsonValue) -> tuple[str, ...]:
    """The places where an answer breaks the schema, in the validator's words; at most twenty."""
    found: list[str] = []
    for error in _validator(schema).iter_errors(value):
        path = "/" + "/".join(map(str, error.instance_path))
        found.append(f"{path}: {error.message}"[:_LONGEST_FAULT])
        if len(found) == _MOST_FAULTS:
            break
    return tuple(found)


def parsed_answer(text: str) -> JsonValue:
    """The JSON of an answer, which may stand in a fence of Markdown.

    Raises:
        ValueError: there is none.
    """
    whole = text.strip()
    fenced = _FENCED.search(whole)
    for candidate in (whole, fenced.group(1) if fenced else ""):
        if candidate:
            try:
                return json.loads(candidate, parse_constant=_no_constant)
            except (ValueError, RecursionError):
                continue
    raise ValueError("The answer is no JSON.")


def number_places(schema: JsonValue, path: str = "") -> Iterator[str]:
    """The places of a schema with `"type": "number"`.

    Amounts should be strings: with numbers, Gemini's constraint solver may take 90 s and more.
    """
    if isinstance(schema, dict):
        kind = schema.get("type")
        if kind == "number" or (isinstance(kind, list) and "number" in kind):
            yield path or "/"
        for name, each in schema.items():
            if name not in _LITERAL:
                yield from number_places(each, f"{path}/{name}")
    elif isinstance(schema, list):
        for place, each in enumerate(schema):
            yield from number_places(each, f"{path}/{place}")


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON.")


def _validator(schema: Schema) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema, retriever=_refused)


def _refused(address: str) -> NoReturn:
    # Else the library fetches what a schema refers to.
    raise ValueError(f"{address[:100]} lies elsewhere; put it under $defs")


def _changed(
    node: JsonValue, change: Callable[[Schema], Schema], name: str, depth: int = 0
) -> JsonValue:
    """The schema with each of its schemas changed, from the inside out."""
    if depth > _DEEPEST:
        raise SchemaInvalidError(f"Schema {name} is nested more than {_DEEPEST} deep.")
    if isinstance(node, list):
        return [_changed(each, change, name, depth + 1) for each in node]
    if not isinstance(node, dict):
        return node
    made: Schema = {}
    for key, each in node.items():
        if key in _LITERAL:
            made[key] = each
        elif key in _MAPS and isinstance(each, dict):
            made[key] = {
                inner: _changed(value, change, name, depth + 1) for inner, value in each.items()
            }
        else:
            made[key] = _changed(each, change, name, depth + 1)
    return change(made)


def _standard(node: Schema) -> Schema:
    made = {key: each for key, each in node.items() if key not in _GEMINI_ALONE}
    kind = made.get("type")
    if isinstance(kind, str) and kind in _TYPES:
        made["type"] = kind.lower()
    for key in _COUNTS & made.keys():
        count = made[key]
        if isinstance(count, str) and count.isdecimal():  # as protocol buffers write them
            made[key] = int(count)
    return cast(Schema, _nullable(made)) if node.get("nullable") is True else made


def _nullable(node: JsonValue) -> JsonValue:
    if not isinstance(node, dict) or _takes_null(node):
        return node
    kind = node.get("type")
    if not isinstance(kind, str | list):
        return {"anyOf": [node, {"type": "null"}]}
    made: Schema = {**node, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}
    choices = node.get("enum")
    if isinstance(choices, list):
        made["enum"] = [*choices, None]
    return made


def _takes_null(node: JsonValue) -> bool:
    if not isinstance(node, dict):
        return False
    kind = node.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    choices = node.get("anyOf")
    inner = choices if isinstance(choices, list) else []
    return "null" in kinds or any(_takes_null(each) for each in inner)


def _required(node: Mapping[str, JsonValue]) -> set[str]:
    required = node.get("required")
    return {str(each) for each in required} if isinstance(required, list) else set()
