"""Objects of classes: the records that their events point to.

A field of type DOCUMENT has the file as its value, as every reader of the fields sees it:

    {"file_name": "deed.pdf", "media_type": "application/pdf", "size_bytes": 81, "sha256": "9f…"}
"""

from __future__ import annotations

from pydantic import JsonValue

from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef


class FieldValues(Value):
    """Values of fields, by field; those that are None are empty."""

    values: dict[str, JsonValue]


class ObjectRecord(Value):
    """The class of an object, at the version that its fields were checked by, and the values that
    it was created with.
    """

    class_name: str
    class_version: int
    project_code: str
    values: dict[str, JsonValue]


def document_value(file_name: str, ref: ObjectRef) -> dict[str, JsonValue]:
    """A file as the value of a field."""
    return {
        "file_name": file_name,
        "media_type": ref.media_type,
        "size_bytes": ref.size_bytes,
        "sha256": ref.digest,
    }


def document_of(value: JsonValue) -> ObjectRef | None:
    """The reference that the value of a DOCUMENT field stands for; None where it is empty."""
    if not isinstance(value, dict) or not isinstance(value.get("sha256"), str):
        return None
    return ObjectRef.model_validate(
        {
            "digest": value["sha256"],
            "size_bytes": value.get("size_bytes"),
            "media_type": value.get("media_type"),
        }
    )
