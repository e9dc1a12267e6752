"""Schemas of answers as classes declare them, and answers held against them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman_contracts.models import ApiKind
from dragoman_scripting.answers import (
    faults_of,
    fitting,
    number_places,
    parsed_answer,
    read_schema,
    schema_for,
)
from dragoman_scripting.errors import SchemaInvalidError

GEMINI: dict[str, Any] = {
    "type": "OBJECT",
    "propertyOrdering": ["name", "shares"],
    "properties": {
        "name": {"type": "STRING", "nullable": True},
        "amount": {"type": "NUMBER"},
        "type": {"type": "STRING", "enum": ["AG", "GmbH"]},
        "shares": {"type": "ARRAY", "minItems": "1", "items": {"type": "STRING"}},
    },
    "required": ["name", "shares"],
}


def schema(document: Any) -> dict[str, Any]:
    return read_schema(json.dumps(document).encode(), "schemas/x")


def test_geminis_form_is_read_as_standard_json_schema() -> None:
    assert schema(GEMINI) == {
        "type": "object",
        "properties": {
            "name": {"type": ["string", "null"]},
            "amount": {"type": "number"},
            "type": {"type": "string", "enum": ["AG", "GmbH"]},
            "shares": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        },
        "required": ["name", "shares"],
    }


def test_standard_json_schema_stays_as_it_is() -> None:
    plain = {
        "type": "object",
        "properties": {"nullable": {"type": "string", "default": "STRING"}},
        "$defs": {"example": {"type": "string"}},
    }
    assert schema(plain) == plain


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"{", "line 1"),
        (b"[]", "no JSON object"),
        (b'{"type": "objekt"}', "at type"),
        (b'{"properties": {"a": {"type": "decimal"}}}', "properties/a/type"),
        (b'{"$ref": "http://127.0.0.1/x"}', "lies elsewhere"),
        (b'{"$ref": "file:///etc/passwd"}', "lies elsewhere"),
        (b'{"type": "string", "pattern": "("}', "pattern"),
        (b'{"items": ' * 70 + b"{}" + b"}" * 70, "deep"),
        (b'"' + b"x" * 300_000 + b'"', "the most is"),
    ],
)
def test_a_file_that_is_no_schema_is_refused_with_its_place(document: bytes, words: str) -> None:
    with pytest.raises(SchemaInvalidError) as caught:
        read_schema(document, "schemas/x")
    assert words in caught.value.message
    assert "schemas/x" in caught.value.message


def test_a_strict_provider_gets_closed_objects_and_may_say_null_for_what_is_optional() -> None:
    given = schema_for(schema(GEMINI), ApiKind.OPENAI)
    assert given["additionalProperties"] is False
    assert given["required"] == ["name", "amount", "type", "shares"]
    answer: dict[str, Any] = {"name": None, "amount": None, "type": None, "shares": ["a"]}
    assert faults_of(given, answer) == ()
    assert fitting(schema(GEMINI), answer) == {"name": None, "shares": ["a"]}
    assert schema_for(schema(GEMINI), ApiKind.GEMINI) == schema(GEMINI)
    assert "amount" not in str(schema_for(schema(GEMINI), ApiKind.ANTHROPIC)["required"])


def test_a_broken_answer_is_told_by_place() -> None:
    broken: dict[str, Any] = {"name": 1, "shares": []}
    faults = faults_of(schema(GEMINI), broken)
    assert [each.partition(":")[0] for each in faults] == ["/name", "/shares"]
    good: dict[str, Any] = {"name": None, "shares": ["a"]}
    assert faults_of(schema(GEMINI), good) == ()
    numbers: list[Any] = [1] * 100
    assert len(faults_of(schema({"items": {"type": "string"}}), numbers)) == 20


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (' \n{"a": 1}\n', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here it is:\n```\n{"a": 1}\n```\nAnything else?', {"a": 1}),
    ],
)
def test_an_answer_is_found_in_its_fence(text: str, value: Any) -> None:
    assert parsed_answer(text) == value


@pytest.mark.parametrize("text", ["", "Sorry.", '{"a": NaN}', '{"a": 1', "[" * 100_000])
def test_what_is_no_json_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        parsed_answer(text)


def test_numbers_are_found_for_the_warning_that_amounts_should_be_strings() -> None:
    assert list(number_places(schema(GEMINI))) == ["/properties/amount"]
    assert list(number_places(schema({"properties": {"type": {"type": "string"}}}))) == []
