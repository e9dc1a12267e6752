"""Forms of pages: what their fields hold, and the faults that are shown beside them.

values = await values_of(visit)
try:
await desk.enter(visit.principal, valid(NewUser, values))
except (FormRefusedError, PermanentError) as error:
form, status = refused(values, error)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from dragoman_catalog import Role
from dragoman_contracts.errors import DragomanError
from dragoman_gateway.web.errors import FieldRefusedError, ForbiddenError
from dragoman_gateway.web.guard import Visit
from dragoman_gateway.web.problems import field_problems, status_of
from dragoman_gateway.web.uploads import Upload

_B = TypeVar("_B", bound=BaseModel)
_NO_WORDS: Mapping[str, str] = MappingProxyType({})
_WORDS = {
    "int_type": "Write a whole number.",
    "float_parsing": "Write a number.",
    "string_too_short": "This is needed.",
}


@dataclass(slots=True)
class Form:
    """A form as it is shown: its values, and the faults by their field; `""` is the whole form."""

    values: dict[str, str] = field(default_factory=dict[str, str])
    errors: dict[str, str] = field(default_factory=dict[str, str])


class FormRefusedError(Exception):
    """The fields of a form cannot be taken.

    Attributes:
        errors: the faults by field.
    """

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("the form has faults")
        self.errors = errors


def valid(
    type_: type[_B],
    body: Mapping[str, object],
    *,
    words: Mapping[str, str] = _NO_WORDS,
    patterns: Mapping[str, str] = _NO_WORDS,
    nested: frozenset[str] = frozenset(),
) -> _B:
    """The body as this type. `words` say a fault by its code, `patterns` one of a field's pattern by
    the field; faults inside the fields of `nested` are told of the inner field.

    Raises:
        FormRefusedError: with the fields that cannot be.
    """
    try:
        return type_.model_validate(body)
    except ValidationError as error:
        found: dict[str, str] = {}
        for each in field_problems(error):
            parts = [part for part in each.field.split(".") if not part.isdigit()]
            name = parts[-1] if parts[0] in nested else parts[0]
            text = patterns.get(name) if each.code == "string_pattern_mismatch" else None
            said = words.get(each.code) or _WORDS.get(each.code)
            found.setdefault(name, text or said or _sentence(each.message))
        raise FormRefusedError(found) from error


def refused(
    values: dict[str, str],
    error: FormRefusedError | DragomanError,
    *,
    nested: frozenset[str] = frozenset(),
) -> tuple[Form, int]:
    """The form with the faults that were found in it, and the status of the answer; `nested` as for
    `valid`.
    """
    if isinstance(error, FormRefusedError):
        return Form(values, error.errors), 422
    parts = error.field.split(".") if isinstance(error, FieldRefusedError) else [""]
    at = parts[-1] if parts[0] in nested else parts[0]
    return Form(values, {at: error.message}), status_of(error)


async def values_of(visit: Visit) -> dict[str, str]:
    """The texts of the form that was sent."""
    form = await visit.request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def version_of(values: Mapping[str, str]) -> int:
    """The version that the form was made of; 0, which no entry has, where it names none."""
    text = values.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def version_sent(visit: Visit) -> int:
    """The version that the form that was sent was made of, as `version_of` has it."""
    return version_of(await values_of(visit))


async def file_sent(visit: Visit) -> Upload:
    """The form's file, without a name and empty where none was chosen."""
    file = (await visit.request.form()).get("file")
    if not isinstance(file, UploadFile):
        return Upload("", b"")
    return Upload(file.filename or "", file.file)


def id_of(text: str) -> UUID | None:
    """The id that an address names; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def is_whole_admin(visit: Visit) -> bool:
    """Whether the person may edit what concerns every project."""
    return visit.principal.role is Role.ADMIN and visit.principal.project_codes is None


def require_whole_admin(visit: Visit, things: str) -> None:
    """Refuse who may not edit what concerns every project; `things` are named in the refusal.

    Raises:
        ForbiddenError: the person is no admin, or limited to some projects.
    """
    visit.principal.require(Role.ADMIN)
    if visit.principal.project_codes is not None:
        raise ForbiddenError(f"{things} concern every project; your account is limited to some.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
