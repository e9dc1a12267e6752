"""The parts that the forms of glossaries share: values, and the faults by their field."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from dragoman_contracts.errors import DragomanError
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import Visit
from dragoman_gateway.web.problems import field_problems

PATH = "/console/glossaries"
FLAGS = ("is_do_not_translate", "is_case_sensitive", "is_inflected")
TERM_FIELDS = (
    "source",
    "target",
    "source_locale",
    "target_locale",
    "status",
    "part_of_speech",
    "note",
)


async def values_of(visit: Visit, names: Iterable[str]) -> dict[str, str]:
    """The fields of the form by name, without spaces around; missing ones are empty."""
    form = await visit.request.form()
    return {name: str(form.get(name, "")).strip() for name in names}


def term_fields(values: dict[str, str]) -> dict[str, object]:
    """The form of a term as the API takes it; empty fields are left out."""
    said: dict[str, object] = {name: values[name] for name in TERM_FIELDS if values[name]}
    return said | {name: bool(values[name]) for name in FLAGS}


def faults_of(error: ValidationError | DragomanError) -> dict[str, str]:
    """The faults by the field they are of; those of no field under an empty name."""
    if isinstance(error, FieldRefusedError):
        return {error.field: error.message}
    if isinstance(error, DragomanError):
        return {"": error.message}
    return {
        each.field.split(".")[0]: _WORDS.get(each.code, each.message)
        for each in reversed(field_problems(error))
    }


_WORDS = {
    "string_too_short": "This is needed.",
    "missing": "This is needed.",
    "string_pattern_mismatch": "Write one line of text.",
}
