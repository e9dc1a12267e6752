"""Events as they are stored: who says what, how each version reads back,
and that none can carry anybody's text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Protocol, cast

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field, JsonValue, ValidationError

from contracts import streams as s
from contracts.export_schemas import FOLDER
from contracts.samples import GOLDEN, OLDER, SAMPLES
from contracts.streams import failed
from dragoman_contracts import events as e
from dragoman_contracts.envelope import EventEnvelope, decode, encode, schema_urn, schema_version_of
from dragoman_contracts.errors import UnknownEventTypeError
from dragoman_contracts.events import ErrorCode
from dragoman_contracts.model import Value
from dragoman_contracts.references import NamedObject
from dragoman_contracts.schemas import json_schemas
from dragoman_contracts.subject import SubjectKind, SubjectRef
from dragoman_contracts.upcasting import OLDER_FORMS, UPCASTERS, upcast
from dragoman_contracts.vocabulary import Service, WorkKind

BY_ANYONE = {
    e.PhaseStarted,
    e.PhasePlanned,
    e.PhaseBatchDone,
    e.PhaseFinished,
    e.PhaseRefused,
    e.JobCompleted,
    e.WorkFailed,
    e.WorkParked,
}
GOLDEN_FILES = sorted(GOLDEN.glob("*.json"))


class _Validator(Protocol):
    def validate(self, instance: object) -> None: ...


def _state(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(encode(SAMPLES[name])))


def _name_and_version(path: Path) -> tuple[str, int]:
    name, _, version = path.stem.rpartition(".v")
    return name, int(version)


def _subclasses(cls: type[e.Event]) -> Iterator[type[e.Event]]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def test_every_event_type_has_exactly_one_producer_except_those_of_any_worker() -> None:
    assert {cls for cls in e.EVENT_TYPES.values() if cls.producer is None} == BY_ANYONE
    assert all(
        isinstance(cls.producer, Service) for cls in e.EVENT_TYPES.values() if cls not in BY_ANYONE
    )


def test_every_event_class_is_in_the_registry_under_its_own_name() -> None:
    named = {cls for cls in _subclasses(e.Event) if "name" in vars(cls)}
    assert named == set(e.EVENT_TYPES.values())
    assert all(cls.name == name for name, cls in e.EVENT_TYPES.items())


def test_every_version_of_every_event_has_a_golden_file_and_every_file_an_event() -> None:
    expected = {
        (name, v) for name, cls in e.EVENT_TYPES.items() for v in range(1, cls.schema_version + 1)
    }
    assert {_name_and_version(path) for path in GOLDEN_FILES} == expected


def test_every_older_version_has_an_upcaster_and_no_other_has() -> None:
    expected = {
        (name, v) for name, cls in e.EVENT_TYPES.items() for v in range(1, cls.schema_version)
    }
    assert set(UPCASTERS) == expected


@pytest.mark.parametrize("path", GOLDEN_FILES, ids=lambda path: path.stem)
def test_a_golden_file_reads_as_the_expected_event(path: Path) -> None:
    name, version = _name_and_version(path)
    assert decode(path.read_bytes()) == OLDER.get((name, version), SAMPLES[name])


@pytest.mark.parametrize("name", sorted(e.EVENT_TYPES))
def test_the_current_golden_file_is_byte_for_byte_what_is_stored(name: str) -> None:
    path = GOLDEN / f"{name}.v{e.EVENT_TYPES[name].schema_version}.json"
    assert encode(SAMPLES[name]) == path.read_bytes()
    assert encode(decode(path.read_bytes())) == path.read_bytes()


@pytest.mark.parametrize(("name", "version"), sorted(OLDER_FORMS))
def test_an_event_that_the_version_before_can_say_is_still_stored_as_it(
    name: str, version: int
) -> None:
    stored = (GOLDEN / f"{name}.v{version - 1}.json").read_bytes()
    assert encode(OLDER[name, version - 1]) == stored
    assert decode(encode(OLDER[name, version - 1])) == OLDER[name, version - 1]


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "a trial"},
        {"locales": None},
        {"policy": None},
        {"subject": None},
        {"subject": SubjectRef(kind=SubjectKind.SOURCE, id=s.JOB, version=1)},
        {"subject": SubjectRef(kind=SubjectKind.DOCUMENT, id=s.JOB)},
        {"inputs": ()},
        {"inputs": tuple(reversed(s.submitted().inputs))},
        {"inputs": (*s.submitted().inputs, NamedObject(name="glossary", object=s.ref("terms")))},
    ],
    ids=lambda change: repr(change)[:40],
)
def test_a_job_that_version_1_cannot_say_is_stored_as_version_2(change: dict[str, object]) -> None:
    recorded = s.next_recorded(s.given().job, s.submitted().model_copy(update=change))
    stored = encode(recorded)
    assert json.loads(stored)["schema_version"] == 2
    assert decode(stored) == recorded


@pytest.mark.parametrize("name", sorted(e.EVENT_TYPES))
def test_a_sample_fills_every_field_and_keeps_to_its_schema(name: str) -> None:
    data = _state(name)["data"]
    unfilled = (
        {"next_kind"} if name in {e.ResumeRequested.name, e.WorkRedriven.name} else set[str]()
    )
    assert {field for field, value in data.items() if value is None} == unfilled
    schema = e.EVENT_TYPES[name].model_json_schema()
    cast("_Validator", Draft202012Validator(schema)).validate(data)


def test_an_event_of_an_unknown_type_is_refused() -> None:
    state = _state("job.completed") | {"type": "os.system"}
    with pytest.raises(UnknownEventTypeError, match="update this installation"):
        decode(json.dumps(state).encode())


@pytest.mark.parametrize("name", sorted(e.EVENT_TYPES))
def test_an_event_of_a_newer_version_is_refused(name: str) -> None:
    state = _state(name) | {"schema_version": e.EVENT_TYPES[name].schema_version + 1}
    with pytest.raises(UnknownEventTypeError, match="update this installation"):
        decode(json.dumps(state).encode())


def test_upcasters_are_applied_one_version_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e.JobCompleted, "schema_version", 3)
    monkeypatch.setitem(UPCASTERS, (e.JobCompleted.name, 1), lambda data: {**data, "steps": "1"})
    monkeypatch.setitem(
        UPCASTERS, (e.JobCompleted.name, 2), lambda data: {**data, "steps": data["steps"] + "2"}
    )
    assert upcast(e.JobCompleted, 1, {}) == {"steps": "12"}
    assert upcast(e.JobCompleted, 3, {}) == {}


def test_a_field_that_a_newer_version_added_is_left_out() -> None:
    state = _state("job.completed")
    plain = decode(json.dumps(state).encode())
    state["data"]["comment"] = "by a newer service"
    state["origin"]["region"] = "eu"

    assert decode(json.dumps(state).encode()) == plain


def test_usage_that_was_stored_before_cache_writes_were_counted_still_reads() -> None:
    state = _state("translation.batch_translated")
    del state["data"]["usage"]["cache_write_tokens"]
    assert decode(json.dumps(state).encode()) == SAMPLES["translation.batch_translated"]


def test_times_without_a_zone_are_refused() -> None:
    naive = datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValidationError, match="timezone"):
        failed(WorkKind.QA, retry_at=naive)


Schema = dict[str, Any]
_CONFIG = "event.job.submitted.v2/$defs/Phase/properties/config"
FREE_TEXT_ALLOWED = {_CONFIG, "event.job.submitted.v2/$defs/JsonValue"}
"""A phase's config: set by who edits pipelines,
part of the snapshot that makes a job repeatable; of no document.
"""

BOUNDING = {"format", "pattern", "enum", "const", "maxLength"}
LONGEST = 127


def _subschemas(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """A schema and all that it is made of, each with the path to it."""
    yield path, schema
    named = (
        (f"{key}/{name}", each)
        for key in ("properties", "$defs")
        for name, each in schema.get(key, {}).items()
    )
    listed = (
        (f"{key}/{i}", each)
        for key in ("anyOf", "allOf", "prefixItems")
        for i, each in enumerate(schema.get(key, []))
    )
    single = (
        (key, schema[key])
        for key in ("items", "additionalProperties")
        if isinstance(schema.get(key), dict)
    )
    for place, each in (*named, *listed, *single):
        yield from _subschemas(cast("Schema", each), f"{path}/{place}")


def _is_free(schema: Schema) -> bool:
    """Whether anything can be said here: a string of any length, fields of any name,
    a value of any type.
    """
    match schema.get("type"):
        case "string":
            return not BOUNDING & schema.keys() or schema.get("maxLength", 0) > LONGEST
        case "object":
            return schema.get("additionalProperties") is not False
        case None:
            return not schema.keys() & {"$ref", "anyOf", "allOf", "enum", "const"}
        case _:
            return False


def _free_places(schema: Schema, stem: str) -> set[str]:
    return {path for path, each in _subschemas(schema, stem) if _is_free(each)}


def test_every_version_of_an_event_has_a_published_schema_of_its_own_name() -> None:
    versions = {(name, cls.schema_version) for name, cls in e.EVENT_TYPES.items()}
    for name, version in sorted(versions | UPCASTERS.keys()):
        path = FOLDER / f"event.{name}.v{version}.json"
        assert json.loads(path.read_text(encoding="utf-8"))["$id"] == schema_urn(name, version)
    for (name, version), event in OLDER.items():
        assert schema_version_of(encode(event)) == version, "a state tells the schema that it is of"
        assert schema_version_of(encode(SAMPLES[name])) == e.EVENT_TYPES[name].schema_version
    with pytest.raises(ValueError, match="no state"):
        schema_version_of(b"{}")


def test_no_event_has_a_field_that_could_hold_a_documents_text_or_a_persons_name() -> None:
    schemas = {stem: schema for stem, schema in json_schemas().items() if stem.startswith("event.")}
    schemas["envelope"] = EventEnvelope.model_json_schema()
    assert {
        place for stem, schema in schemas.items() for place in _free_places(schema, stem)
    } == FREE_TEXT_ALLOWED


def test_the_search_for_free_text_finds_it() -> None:
    class Leaky(Value):
        title: str
        notes: tuple[JsonValue, ...]
        metadata: dict[str, int]
        code: ErrorCode
        summary: Annotated[str, Field(max_length=4000)]

    found = {
        place.removeprefix("s/properties/")
        for place in _free_places(Leaky.model_json_schema(), "s")
    }
    assert found == {"title", "s/$defs/JsonValue", "metadata", "summary"}
