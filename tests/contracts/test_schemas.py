"""The exported JSON Schemas are those of the code, and are schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, cast

import pytest
from jsonschema import Draft202012Validator

from contracts.export_schemas import FOLDER, export, rendered
from dragoman_contracts.schemas import json_schemas

SCHEMAS = json_schemas()


class _SchemaCheck(Protocol):
    def check_schema(self, schema: dict[str, Any]) -> None: ...


def test_the_exported_schemas_are_those_of_the_code() -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    expected = rendered()
    differing = {name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)}
    assert not differing, "run `python -m contracts.export_schemas` with tests on the path"


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
