"""Values of fields, as people send them: each is checked by its type, all at once. Pure.

{"shareCapital": 12.5}      DECIMAL: write it as a text, "12.5", so that no digit is lost.
{"signedOn": "1.5.2026"}    DATE: write it as 2026-05-31.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import JsonValue

from dragoman_contracts.classes import ClassDeclaration, ClassField, FieldType
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_gateway.objects.rules.declaring import near

MOST_CHARACTERS = 1_000_000
_SAFE = 2**53 - 1  # what JSON readers of all languages keep exactly (RFC 8259 §6)
_DECIMAL = re.compile(r"[+-]?\d{1,60}(\.\d{1,60})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class CheckedValues:
    """Values as they are kept, the documents among them by field: to be looked up."""

    values: Mapping[str, JsonValue]
    documents: Mapping[str, UUID]
    faults: tuple[PipelineFault, ...]


def check_values(
    declaration: ClassDeclaration,
    values: Mapping[str, JsonValue],
    uploads: Collection[str] = (),
    *,
    is_new: bool,
) -> CheckedValues:
    """The values with all that is wrong with them. `uploads` are the fields that files came for.

    The phase's field is not looked at: its value is an order, not a text to keep.
    """
    faults: dict[str, str] = {}
    kept: dict[str, JsonValue] = {}
    documents: dict[str, UUID] = {}
    fields = declaration.fields
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            faults[name] = f"The class has no field {name[:80]!r}{near(name, fields)}"
        elif name in uploads:
            faults[name] = "A file came for this field, and a value too; send one of them."
        elif name == declaration.phase_field or value is None:
            kept |= {} if name == declaration.phase_field else {name: None}
        elif said := _CHECKS[field.type](field, value):
            faults[name] = said
        elif field.type is FieldType.DOCUMENT:
            documents[name] = UUID(str(value))
        else:
            kept[name] = value
    for name in uploads:
        field = fields.get(name)
        if field is None or field.type is not FieldType.DOCUMENT:
            known = [each for each, one in fields.items() if one.type is FieldType.DOCUMENT]
            faults[name] = f"{name[:80]!r} is no DOCUMENT field of the class{near(name, known)}"
    given = {*(name for name, value in kept.items() if value is not None), *documents, *uploads}
    for name, field in fields.items():
        is_cleared = name in kept and kept[name] is None
        if field.is_required and name not in given and (is_new or is_cleared):
            faults.setdefault(name, "The class requires this field; send a value.")
    found = tuple(PipelineFault(place=(name,), message=said) for name, said in faults.items())
    return CheckedValues(kept, documents, found)


def asked_phase(
    declaration: ClassDeclaration, values: Mapping[str, JsonValue], *, is_new: bool
) -> tuple[str | None, PipelineFault | None]:
    """The phase that is to be started, None where none is, and what is wrong with the wish.

    An empty phase field asks for the first phase; so does a new object that says nothing of it.
    """
    name, phases = declaration.phase_field, declaration.phase_names
    if not name or (name not in values and not is_new):
        return None, None
    asked = values.get(name)
    if asked is None or asked == "":
        return phases[0], None
    if asked in phases:
        return str(asked), None
    said = f"There is no phase {str(asked)[:80]!r}{near(str(asked), phases)}"
    return None, PipelineFault(place=(name,), message=said)


def _text(field: ClassField, value: JsonValue) -> str:
    if not isinstance(value, str):
        return "TEXT: send a text."
    if "\x00" in value or len(value) > MOST_CHARACTERS:
        return f"TEXT: {MOST_CHARACTERS:,} characters at most, and no NUL."
    return ""


def _integer(field: ClassField, value: JsonValue) -> str:
    is_one = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _SAFE
    return "" if is_one else f"INTEGER: send a whole number between -{_SAFE} and {_SAFE}."


def _decimal(field: ClassField, value: JsonValue) -> str:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return ""
    return 'DECIMAL: write it as a text, "12.50", so that no digit is lost.'


def _boolean(field: ClassField, value: JsonValue) -> str:
    return "" if isinstance(value, bool) else "BOOLEAN: send true or false."


def _date(field: ClassField, value: JsonValue) -> str:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value) and date.fromisoformat(value):
            return ""
    except ValueError:
        pass
    return "DATE: write a day of the calendar, as 2026-05-31."


def _list(field: ClassField, value: JsonValue) -> str:
    if field.values:
        return "" if value in field.values else f"LIST: one of {', '.join(field.values)}."
    return "" if isinstance(value, list) else "LIST: send a list, as [1, 2]."


def _json(field: ClassField, value: JsonValue) -> str:
    return ""


def _document(field: ClassField, value: JsonValue) -> str:
    try:
        UUID(value if isinstance(value, str) else "")
    except ValueError:
        return (
            "DOCUMENT: send the file as multipart/form-data in a part of this name, or the id of a "
            "document that is here."
        )
    return ""


_CHECKS: Mapping[FieldType, Callable[[ClassField, JsonValue], str]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.LIST: _list,
    FieldType.JSON: _json,
    FieldType.DOCUMENT: _document,
}
