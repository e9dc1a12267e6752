"""The API's reference as a page: read from the OpenAPI document, and nothing fetched from elsewhere.

{"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}   uuid
{"type": "array", "items": {"$ref": "#/components/schemas/Unit"}}     list of Unit
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dragoman_gateway.web.rendering import page

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_REF = "#/components/schemas/"
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Named:
    """A parameter, or a field of a body: its type in words, and the schema that the type names."""

    name: str
    type: str
    schema: str
    is_required: bool
    description: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of an operation. `schema` is the name of its body's schema, empty without one."""

    status: str
    description: str
    schema: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    operation_id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Named, ...]
    body: tuple[Named, ...]
    answers: tuple[Answer, ...]


@router.get("/docs", include_in_schema=False)
async def reference(request: Request) -> Response:
    """Every operation and schema; public, as the OpenAPI document is."""
    document: dict[str, Any] = request.app.openapi()
    return page(
        "web/reference.html",
        section="reference",
        areas=areas_of(document),
        schemas=schemas_of(document),
    )


def areas_of(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """The operations by area, both in the order of the document."""
    areas: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                of_area = areas.setdefault((methods[method].get("tags") or ["server"])[0], [])
                of_area.append(_operation(document, method, path, methods[method]))
    return areas


def schemas_of(document: Mapping[str, Any]) -> dict[str, tuple[Named, ...]]:
    """The fields of every schema that has some."""
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    return {name: fields for name, schema in schemas.items() if (fields := _fields(schema))}


def type_text(schema: Mapping[str, Any]) -> str:
    """The type of a value in words: as much as a caller needs."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "anyOf" in schema:
        return " or ".join(type_text(each) for each in schema["anyOf"] if each != {"type": "null"})
    if schema.get("type") == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    return str(schema.get("format") or schema.get("type") or "any")


def schema_of(schema: Mapping[str, Any]) -> str:
    """The schema that a type names, alone or in a list; empty where it names none."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return next((name for each in inner if (name := schema_of(each))), "")


def _operation(
    document: Mapping[str, Any], method: str, path: str, said: Mapping[str, Any]
) -> Operation:
    return Operation(
        operation_id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        parameters=tuple(
            _named(each["name"], each["schema"], each, is_required=each.get("required", False))
            for each in said.get("parameters", ())
        ),
        body=_body(document, said),
        answers=tuple(_answer(*each) for each in said["responses"].items()),
    )


def _body(document: Mapping[str, Any], said: Mapping[str, Any]) -> tuple[Named, ...]:
    contents: Mapping[str, Any] = said.get("requestBody", {}).get("content", {})
    for content in contents.values():
        name = schema_of(content["schema"])
        return _fields(document["components"]["schemas"][name] if name else content["schema"])
    return ()


def _fields(schema: Mapping[str, Any]) -> tuple[Named, ...]:
    required = schema.get("required", ())
    return tuple(
        _named(name, of_field, of_field, is_required=name in required)
        for name, of_field in schema.get("properties", {}).items()
    )


def _named(
    name: str, schema: Mapping[str, Any], said: Mapping[str, Any], *, is_required: bool
) -> Named:
    text = said.get("description", "")
    return Named(
        name, type_text(schema), schema_of(schema), is_required, text, str(said.get("in", ""))
    )


def _answer(status: str, said: Mapping[str, Any]) -> Answer:
    contents: Mapping[str, Any] = said.get("content", {})
    names = [schema_of(content.get("schema", {})) for content in contents.values()]
    return Answer(status, said.get("description", ""), next(filter(None, names), ""))
