"""The package's public names: all of them, each with its documentation."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import cast

import pytest

import dragoman_contracts

ROOT = Path(dragoman_contracts.__file__).parent
PUBLIC = cast("list[str]", vars(dragoman_contracts)["__all__"])
RENAMED = {("document", "fold"): "fold_document", ("document", "evolve"): "evolve_document"}


def _public_names(module: Path) -> set[str]:
    """Names that a module defines at its top, those of its own kind left out."""
    names: set[str] = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case _:
                pass
    return {RENAMED.get((module.stem, name), name) for name in names if not name.startswith("_")}


def test_every_public_name_of_every_module_is_exported_once() -> None:
    defined = [name for path in ROOT.glob("*.py") if path.name != "__init__.py" for name in _public_names(path)]
    assert sorted(PUBLIC) == sorted(defined)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_class_and_function_says_what_it_gives(name: str) -> None:
    value: object = getattr(dragoman_contracts, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)
