"""Forms of classes and objects: what a browser sends, as values; and values as a form shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import JsonValue
from starlette.datastructures import FormData, UploadFile

from dragoman_catalog import SavedClass
from dragoman_contracts.classes import ClassField, FieldType
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_gateway.objects.api.bodies import class_entry, yaml_value
from dragoman_gateway.objects.desk import ClassEntry, ObjectEntry
from dragoman_gateway.web.errors import FaultsError, FieldRefusedError
from dragoman_gateway.web.uploads import Upload

MOST_FILES = 30
"""The most files that the form of a class has places for."""

_AS_JSON = frozenset({FieldType.JSON, FieldType.LIST})

NEW_CLASS = """name: note
fields:
  stage: TEXT
  text: TEXT
  summary: TEXT
pipeline:
  phaseField: stage
  phases:
    - name: ask
      tasks:
        - name: summarise
          promptFile: prompts/summarise
          schemaFile: schemas/summarise
    - name: write
      script: write
"""

NEW_FILES = {
    "prompts/summarise": "Summarise this note in one sentence.\n\n{{text}}\n",
    "schemas/summarise": '{\n  "type": "object",\n  "properties": {"summary": {"type": "string"}},\n'
    '  "required": ["summary"]\n}\n',
    "scripts/write": "function execute(api, dataObject, params) {\n"
    "  dataObject.summary = params.summarise.summary;\n}\n",
}


@dataclass(frozen=True, slots=True)
class ClassForm:
    """A class as its form has it: the declaration as text, the files by name."""

    text: str
    files: Mapping[str, str]

    def entry(self) -> ClassEntry:
        """The class that the form says.

        Raises:
            FieldRefusedError: the declaration is no YAML.
        """
        body = yaml_value(self.text)
        if not isinstance(body, dict):
            raise FieldRefusedError("declaration", "Write names and values, as `name: deed`.")
        said = class_entry({**body, "files": {}})
        return ClassEntry(said.declaration, dict(self.files), said.project_code)


def class_form(form: FormData) -> ClassForm:
    """The form that a browser sent; uploaded files replace those of their name."""
    files: dict[str, str] = {}
    for number in range(MOST_FILES + 1):
        name = str(form.get(f"file_name_{number}", "")).strip()
        if name:
            files[name] = str(form.get(f"file_text_{number}", "")).replace("\r\n", "\n")
    return ClassForm(str(form.get("declaration", "")).replace("\r\n", "\n"), files)


def shown_class(saved: SavedClass, files: Mapping[str, str], project_code: str) -> ClassForm:
    """A saved class as its form shows it."""
    body: dict[str, Any] = json.loads(saved.declaration.model_dump_json(by_alias=True))
    body |= {"project_code": project_code} if project_code else {}
    return ClassForm(yaml.safe_dump(body, sort_keys=False, allow_unicode=True), files)


def value_text(field: ClassField, value: JsonValue) -> str:
    """A value as an input of its field's type shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.type in _AS_JSON and not field.values:
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


async def object_form(
    form: FormData, saved: SavedClass, shown: Mapping[str, JsonValue] | None = None
) -> ObjectEntry:
    """The values that differ from those `shown`, and the files, as a browser sent them.

    Raises:
        FaultsError: a value is not written as its type is.
    """
    values: dict[str, JsonValue] = {}
    uploads: dict[str, Upload] = {}
    faults: list[PipelineFault] = []
    for name, field in saved.declaration.fields.items():
        if name == saved.declaration.phase_field:
            continue
        part = form.get(f"field.{name}")
        if isinstance(part, UploadFile):
            if part.filename:
                uploads[name] = Upload(part.filename, part.file)
            continue
        if part is None or field.type is FieldType.DOCUMENT:
            continue
        text = part.replace("\r\n", "\n")
        if text.strip() == value_text(field, (shown or {}).get(name)).strip():
            continue
        try:
            values[name] = _value(field, text)
        except ValueError as error:
            said = f"{field.type}: write it as JSON: {str(error)[:120]}."
            faults.append(PipelineFault(place=(name,), message=said))
    if faults:
        raise FaultsError("These fields cannot be taken.", faults, code="object.invalid")
    return ObjectEntry(values, uploads, str(form.get("project_code", "")))


def _value(field: ClassField, text: str) -> JsonValue:
    plain = text.strip()
    if not plain:
        return None
    if field.type in _AS_JSON and not field.values:
        found: JsonValue = json.loads(plain)
        return found
    if field.type is FieldType.INTEGER and plain.removeprefix("-").isdecimal():
        return int(plain[:20])
    if field.type is FieldType.BOOLEAN and plain in {"true", "false"}:
        return plain == "true"
    return text if field.type is FieldType.TEXT else plain
