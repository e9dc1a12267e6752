"""Which text of a document is translated, as projects,
language pairs and requests choose it: switches by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import AfterValidator, JsonValue, ValidationError, WithJsonSchema
from pydantic_core import to_json

from dragoman_documents import ExtractOptions


def _known(chosen: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The switches that were named, in one spelling: equal choices make equal policies."""
    try:
        # As JSON: lists become sets.
        options = ExtractOptions.model_validate_json(to_json(chosen), strict=True)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        )
        raise ValueError(
            f"{faults}. Switches are {', '.join(sorted(ExtractOptions.model_fields))}"
        ) from error
    said = cast("dict[str, JsonValue]", options.model_dump(mode="json", include=set(chosen)))
    return {name: _in_order(value) for name, value in sorted(said.items())}


def _in_order(value: JsonValue) -> JsonValue:
    return cast("JsonValue", sorted(map(str, value))) if isinstance(value, list) else value


def _schema() -> dict[str, Any]:
    """The switches in JSON Schema, none of them required and none with a default: what is not named
    is not chosen.

    A name that is given twice counts once.
    """
    options: Mapping[str, Mapping[str, Any]] = ExtractOptions.model_json_schema()["properties"]
    return {
        "type": "object",
        "description": "Switches of what is translated; those that are not named are as the level above says.",
        "properties": {
            name: {
                key: value for key, value in schema.items() if key not in {"default", "uniqueItems"}
            }
            for name, schema in options.items()
        },
        "additionalProperties": False,
    }


ExtractionChoices = Annotated[
    dict[str, JsonValue], AfterValidator(_known), WithJsonSchema(_schema())
]
"""Switches of `ExtractOptions` by name. Those not named are left to the level above,
at last to the defaults.
"""
