"""Bodies that are no fixed model: a class in JSON or YAML, the fields of an object in JSON or as a
form with files.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import yaml
from fastapi import Request
from pydantic import JsonValue
from pydantic_core import from_json
from starlette.datastructures import FormData, UploadFile

from dragoman_gateway.objects.desk import ClassEntry, ObjectEntry
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.uploads import Upload

YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
MULTIPART = "multipart/form-data"
_ENVELOPE = frozenset({"fields", "project_code"})
_MOST_FILES, _MOST_PARTS = 50, 200


class _PlainLoader(yaml.SafeLoader):
    """YAML without anchors: a few lines of them can stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node.

        Raises:
            ConstructorError: it is an alias.
        """
        reader: Any = self  # PyYAML says nothing of its types
        if reader.check_event(yaml.events.AliasEvent):
            raise yaml.constructor.ConstructorError(
                None,
                None,
                "aliases (*name) are not taken; write it out",
                reader.peek_event().start_mark,
            )
        return super().compose_node(parent, index)


def yaml_value(text: str | bytes) -> JsonValue:
    """The value that this YAML says, of the kinds that JSON has.

    Raises:
        FieldRefusedError: it is no YAML, or none that JSON could say.
    """
    try:
        loaded: object = yaml.load(text, _PlainLoader)  # noqa: S506 - a safe loader, without anchors
        return _as_json(loaded)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = str(error).replace("\n", " ")[:300] or "it nests too deep"
        raise FieldRefusedError("body", f"This is no YAML: {said}.", code="class.yaml") from error


def class_entry(body: Mapping[str, Any]) -> ClassEntry:
    """A class as a body says it: its declaration, and beside it files and project."""
    declaration = {
        name: value for name, value in body.items() if name not in {"files", "project_code"}
    }
    files: object = body.get("files") or {}
    code: object = body.get("project_code") or ""
    if not isinstance(files, Mapping):
        raise FieldRefusedError("files", 'Files are texts by name: {"prompts/x": "…"}.')
    if not isinstance(code, str):
        raise FieldRefusedError("project_code", "Say the project's code, a text.")
    return ClassEntry(declaration, cast("Mapping[str, JsonValue]", files), code)


async def class_sent(request: Request) -> ClassEntry:
    """The class that a request says, in JSON or YAML.

    Raises:
        FieldRefusedError: the body is neither.
    """
    return class_entry(_object(await _value(request)))


@asynccontextmanager
async def object_sent(
    request: Request, idempotency_key: str | None = None
) -> AsyncGenerator[ObjectEntry]:
    """The fields that a request says: as `{"fields": {…}}`, as the fields themselves, or as a form
    with files.

    Raises:
        FieldRefusedError: the body is none of these.
    """
    if _content_type(request) == MULTIPART:
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_PARTS) as form:
            yield _form(form, idempotency_key)
        return
    body = _object(await _value(request))
    if body.keys() <= _ENVELOPE and isinstance(body.get("fields"), Mapping):
        yield _entry(body["fields"], {}, body.get("project_code", ""), idempotency_key)
    else:
        yield ObjectEntry(body, {}, "", idempotency_key)


def _form(form: FormData, idempotency_key: str | None) -> ObjectEntry:
    uploads: dict[str, Upload] = {}
    values: JsonValue = {}
    code: JsonValue = ""
    for name, part in form.multi_items():
        if isinstance(part, UploadFile):
            if name in uploads:
                raise FieldRefusedError(name, "Two files came for this field; send one.")
            uploads[name] = Upload(part.filename or "", part.file)
        elif name == "fields":
            values = _parsed("fields", part)
        elif name == "project_code":
            code = part
        else:
            raise FieldRefusedError(
                name[:80],
                "Values go into the part `fields`, as one JSON object; a file has a file name.",
            )
    return _entry(values, uploads, code, idempotency_key)


def _entry(
    values: JsonValue, uploads: Mapping[str, Upload], code: JsonValue, key: str | None
) -> ObjectEntry:
    if not isinstance(code, str) or len(code) > 60:
        raise FieldRefusedError("project_code", "Say the project's code, a text.")
    if not isinstance(values, Mapping):
        raise FieldRefusedError("fields", 'Fields are values by name: {"title": "Deed 7"}.')
    return ObjectEntry(values, uploads, code, key)


async def _value(request: Request) -> JsonValue:
    body = await request.body()
    return yaml_value(body) if _content_type(request) in YAML_TYPES else _parsed("body", body)


def _parsed(place: str, text: str | bytes) -> JsonValue:
    try:
        return cast("JsonValue", from_json(text, allow_inf_nan=False))
    except ValueError as error:
        raise FieldRefusedError(place, f"This is no JSON: {str(error)[:200]}.") from error


def _object(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise FieldRefusedError("body", "Send one object of names and values.")
    return value


def _as_json(value: object) -> JsonValue:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_as_json(each) for each in cast("list[object]", value)]
        case dict():
            items = cast("dict[object, object]", value).items()
            return {str(name): _as_json(each) for name, each in items}
        case _:
            raise ValueError(f"{value} is a {type(value).__name__}; put it in quotes")


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
