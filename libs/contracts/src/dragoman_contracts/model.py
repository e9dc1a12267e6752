"""The base of every value that crosses a room: immutable, closed, equal by content,
and the same bytes wherever.
"""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

_V = TypeVar("_V", bound="Value")


class Value(BaseModel):
    """An immutable value. Unknown fields are refused:
    a misspelt field must not be lost in silence.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


def canonical_json(value: Value) -> bytes:
    """The value as JSON in UTF-8 with sorted keys and no white space: equal values, equal bytes."""
    # By way of JSON: pydantic keeps the order in which fields were declared, and a digest must not
    # change when they are declared in another.
    plain: object = json.loads(value.model_dump_json())
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def from_json(type_: type[_V], data: bytes) -> _V:
    """The value of type `type_` that was stored as these bytes; fields a newer version added are
    left out.

    Raises:
        pydantic.ValidationError: they are a value of another type.
    """
    return type_.model_validate_json(data, extra="ignore")
