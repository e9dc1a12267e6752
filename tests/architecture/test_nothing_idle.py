"""Nothing is offered that does nothing: each setting, each field of a policy and each queue has
somebody who reads it.

A field counts as read where some other module asks an object of its kind for it:
`policy.batch_size`. Models have many fields of the same names, so the name of the object decides,
by the word that code uses for such objects.
"""

from __future__ import annotations

import ast
import functools
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from architecture.rooms import ROOT, rooms
from dragoman_catalog import PolicyOverrides, ProjectSettings
from dragoman_contracts import schemas
from dragoman_contracts.events import JobRules
from dragoman_contracts.policy import Policy
from dragoman_contracts.steps import work_queues
from dragoman_contracts.vocabulary import Queue
from dragoman_runtime.settings import Settings

_CALLED: dict[type[BaseModel], frozenset[str]] = {
    Policy: frozenset({"policy"}),
    PolicyOverrides: frozenset({"overrides", "chosen", "request", "pair", "under"}),
    ProjectSettings: frozenset({"settings"}),
    JobRules: frozenset({"rules"}),
}
"""The words for objects of each model."""

_OF_SETTINGS = frozenset({"self", "client"})
"""The words for objects of settings, beside those with `settings` in them."""

_NO_WORK_YET = frozenset({Queue.REVIEW_IO})
"""Queues that the step table names for what people do."""


@functools.cache
def _trees() -> dict[Path, ast.Module]:
    paths = [path for room in rooms() for path in room.package.rglob("*.py")]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _asked(but: Path) -> Iterator[tuple[str, str]]:
    """What code asks of what: `(policy, engine)` of `job.policy.engine`;
    of every module but this one.
    """
    for path, tree in _trees().items():
        for node in ast.walk(tree) if path != but else ():
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield _last_name(node.value), node.attr


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _home(model: type[BaseModel]) -> Path:
    return Path(str(sys.modules[model.__module__].__file__))


def _settings() -> list[type[Settings]]:
    for room in rooms():
        name = f"{room.package.name}.settings"
        if (room.package / "settings.py").exists():
            importlib.import_module(name)
    found: dict[type[Settings], None] = {}
    waiting: list[type[Settings]] = [Settings]
    while waiting:
        kinds = [
            each
            for each in waiting.pop().__subclasses__()
            if each.__module__.startswith("dragoman_")
        ]
        waiting += kinds
        found.update(dict.fromkeys(kinds))
    return list(found)


def _unread(model: type[BaseModel], words: frozenset[str]) -> set[str]:
    read = {attribute for word, attribute in _asked(but=_home(model)) if word in words}
    return set(model.model_fields) - read


@pytest.mark.parametrize("model", _CALLED, ids=lambda model: model.__name__)
def test_every_field_that_people_can_set_is_read(model: type[BaseModel]) -> None:
    assert _unread(model, _CALLED[model]) == set()


def test_every_environment_variable_is_read() -> None:
    read = {
        attribute
        for word, attribute in _asked(but=ROOT)
        if word in _OF_SETTINGS or "settings" in word
    }
    named = {name: model.__name__ for model in _settings() for name in model.model_fields}
    assert {name: model for name, model in named.items() if name not in read} == {}
    assert len(named) > 50


def test_every_queue_has_a_service_that_takes_work_from_it() -> None:
    assert set(Queue) - set(work_queues()) == _NO_WORK_YET


def test_every_shared_value_is_used_outside_of_the_contracts() -> None:
    used = {
        name
        for path, tree in _trees().items()
        if "dragoman_contracts" not in path.parts
        for node in ast.walk(tree)
        if (name := _last_name(node) if isinstance(node, ast.expr) else "")
    }
    published = {stem for stem in schemas.json_schemas() if not stem.startswith("event.")}
    assert published - used == {"EventEnvelope"}  # the form of what other programs hear
