"""The exported JSON Schemas are those of the code, and are schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
from jsonschema import Draft202012Validator

from contracts.export_schemas import FOLDER, OLDER, export, rendered
from contracts.samples import GOLDEN
from dragoman_contracts.schemas import json_schemas
from dragoman_contracts.upcasting import UPCASTERS

SCHEMAS = json_schemas()


class _Validator(Protocol):
    def validate(self, instance: object) -> None: ...


class _SchemaCheck(Protocol):
    def check_schema(self, schema: dict[str, Any]) -> None: ...


def test_the_exported_schemas_are_those_of_the_code() -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    expected = rendered()
    names = (found.keys() | expected.keys()) - OLDER
    differing = {name for name in names if found.get(name) != expected.get(name)}
    assert not differing, "run `python -m contracts.export_schemas` with tests on the path"


@pytest.mark.parametrize(("name", "version"), sorted(UPCASTERS))
def test_the_golden_event_of_an_older_version_keeps_to_its_schema(name: str, version: int) -> None:
    schema = json.loads((FOLDER / f"event.{name}.v{version}.json").read_text(encoding="utf-8"))
    stored = json.loads((GOLDEN / f"{name}.v{version}.json").read_bytes())
    cast("_Validator", Draft202012Validator(schema)).validate(stored["data"])


def test_exporting_takes_away_what_is_gone_and_leaves_other_files(tmp_path: Path) -> None:
    for name in ("Gone.json", "README.md"):
        (tmp_path / name).write_text("{}")
    export(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == rendered().keys() | {"README.md"}


@pytest.mark.parametrize("stem", sorted(SCHEMAS))
def test_every_schema_is_valid_and_described(stem: str) -> None:
    schema = SCHEMAS[stem]
    cast("_SchemaCheck", Draft202012Validator).check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"]
