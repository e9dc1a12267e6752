"""Classes over HTTP: everything wrong with one is told at once, versions, YAML, and who may write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from dragoman_gateway.objects.desk import checked_class
from services.gateway.deed import DEED, DEED_FILES, deed
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import code

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def save(gateway: Desk, body: dict[str, Any]) -> httpx.Response:
    return await gateway.as_admin.post("/api/v1/classes", json=body)


def faults(answer: httpx.Response) -> dict[str, str]:
    assert (answer.status_code, code(answer)) == (422, "class.invalid")
    return {each["field"]: each["message"] for each in answer.json()["errors"]}


async def test_requirement_c_s_own_declaration_is_saved_and_shown_as_it_is(gateway: Desk) -> None:
    saved = await save(gateway, deed())
    assert saved.status_code == 201
    body = saved.json()
    assert (body["name"], body["version"], body["project_code"]) == ("deed", 1, None)
    assert body["pipeline"] == DEED["pipeline"]
    assert body["files"] == DEED_FILES
    shown = await gateway.as_operator.get("/api/classes/deed")
    assert shown.json() == body
    assert shown.headers["etag"] == '"1"'
    (listed,) = (await gateway.as_operator.get("/api/v1/classes")).json()["items"]
    assert listed["file_names"] == sorted(DEED_FILES)


async def test_the_same_again_is_no_version_and_a_change_is_the_next(gateway: Desk) -> None:
    await save(gateway, deed())
    assert (await save(gateway, deed())).status_code == 200
    changed = deed()
    changed["files"]["prompts/extractInfo"] = "Anew: {{markdownContent}}"
    again = await save(gateway, changed)
    assert (again.status_code, again.json()["version"]) == (201, 2)
    first = await gateway.as_operator.get("/api/v1/classes/deed", params={"version": 1})
    assert first.json()["files"] == DEED_FILES
    versions = (await gateway.as_operator.get("/api/v1/classes/deed/versions")).json()["items"]
    assert [each["version"] for each in versions] == [2, 1]


async def test_an_edit_needs_the_version_it_was_made_on(gateway: Desk) -> None:
    await save(gateway, deed())
    path = "/api/v1/classes/deed"
    assert (await gateway.as_admin.put(path, json=deed())).status_code == 428
    stale = await gateway.as_admin.put(path, json=deed(), headers={"If-Match": '"7"'})
    assert (stale.status_code, code(stale)) == (412, "catalog.stale_edit")
    other = {**deed(), "name": "other"}
    assert (
        await gateway.as_admin.put(path, json=other, headers={"If-Match": '"1"'})
    ).status_code == 422


async def test_a_retired_class_takes_no_objects_until_it_is_saved_again(gateway: Desk) -> None:
    await save(gateway, {"name": "note", "fields": {"text": {"type": "TEXT"}}})
    path = "/api/v1/classes/note"
    gone = await gateway.as_admin.delete(path, headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    refused = await gateway.as_operator.post("/api/v1/objects/note", json={"text": "a"})
    assert (refused.status_code, code(refused)) == (422, "class.retired")
    await save(gateway, {"name": "note", "fields": {"text": {"type": "TEXT"}}})
    taken = await gateway.as_operator.post("/api/v1/objects/note", json={"text": "a"})
    assert taken.status_code == 201


async def test_a_class_is_said_in_yaml_too_and_without_anchors(gateway: Desk) -> None:
    text = """
    name: note
    fields:
      stage: TEXT
      text: {type: text}
    pipeline:
      phaseField: stage
      phases:
        - name: count
          script: count
    files:
      scripts/count: |
        function execute(api, dataObject, params) { dataObject.text = dataObject.text.length + ""; }
    """
    headers = {"Content-Type": "application/yaml"}
    saved = await gateway.as_admin.post("/api/v1/classes", content=text, headers=headers)
    assert (saved.status_code, saved.json()["fields"]["text"]) == (201, {"type": "TEXT"})
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nfields: [*b, *b]"
    refused = await gateway.as_admin.post("/api/v1/classes", content=bomb, headers=headers)
    assert (refused.status_code, code(refused)) == (422, "class.yaml")
    assert "aliases" in refused.json()["detail"]
    for wrong in ("a: [", "- 1", "a: 2026-01-01", "\x00", "[" * 5000):
        answer = await gateway.as_admin.post("/api/v1/classes", content=wrong, headers=headers)
        assert answer.status_code == 422, wrong[:20]


def _phases(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body["pipeline"]["phases"]


def _task(body: dict[str, Any]) -> dict[str, Any]:
    return _phases(body)[1]["tasks"][0]


TASK = "pipeline.phases.1.tasks.0"
WRONG: list[tuple[str, Change, str, str]] = [
    (
        "the phase field is missing",
        lambda body: body["pipeline"].pop("phaseField"),
        "pipeline.phaseField",
        "is missing",
    ),
    (
        "the phase field is no TEXT",
        lambda body: body["fields"].update(pipelinePhase={"type": "DECIMAL"}),
        "pipeline.phaseField",
        "TEXT field",
    ),
    (
        "the phase field is no field",
        lambda body: body["pipeline"].update(phaseField="pipelinPhase"),
        "pipeline.phaseField",
        "did you mean 'pipelinePhase'?",
    ),
    (
        "a script and tasks in one phase",
        lambda body: _phases(body)[1].update(script="aggregateDeed"),
        "pipeline.phases.1",
        "make two phases of it",
    ),
    (
        "neither script nor tasks",
        lambda body: _phases(body)[2].pop("script"),
        "pipeline.phases.2",
        "neither",
    ),
    (
        "two phases of one name",
        lambda body: _phases(body)[2].update(name="init"),
        "pipeline.phases.2.name",
        "a name of its own",
    ),
    (
        "two tasks of one name, in different phases",
        lambda body: _phases(body).append({"name": "more", "tasks": [dict(_task(body))]}),
        "pipeline.phases.3.tasks.0.name",
        "a name of its own",
    ),
    (
        "a prompt that is not there",
        lambda body: body["files"].pop("prompts/extractInfo"),
        f"{TASK}.promptFile",
        "add the file",
    ),
    (
        "a schema that is not there",
        lambda body: _task(body).update(schemaFile="schemas/extractInf"),
        f"{TASK}.schemaFile",
        "did you mean 'schemas/extractInfo'?",
    ),
    (
        "a script that is not there",
        lambda body: _phases(body)[2].update(script="agregateDeed"),
        "pipeline.phases.2.script",
        "did you mean 'scripts/aggregateDeed'?",
    ),
    (
        "a prompt names a field that is none",
        lambda body: body["files"].update({"prompts/extractInfo": "Read {{markdownContnt}}"}),
        "files.prompts/extractInfo",
        "did you mean 'markdownContent'?",
    ),
    (
        "a prompt names a task of no earlier phase",
        lambda body: body["files"].update({"prompts/extractInfo": "{{inputTasks.extractInfo}}"}),
        "files.prompts/extractInfo",
        "no earlier phase has a task",
    ),
    (
        "a prompt that is no template",
        lambda body: body["files"].update({"prompts/extractInfo": "{{#if title}} no end"}),
        "files.prompts/extractInfo",
        "line 1",
    ),
    (
        "a prompt calls a helper that there is not",
        lambda body: body["files"].update(
            {"prompts/extractInfo": "Deed\n{{upper markdownContent}}"}
        ),
        "files.prompts/extractInfo",
        "Line 2: There is no helper 'upper'",
    ),
    (
        "a prompt takes in a partial that there is not",
        lambda body: body["files"].update({"prompts/extractInfo": "{{> head}}"}),
        "files.prompts/extractInfo",
        '{{#*inline "head"}}',
    ),
    (
        "a prompt names a part that a document has not",
        lambda body: body["files"].update({"prompts/extractInfo": "{{document.fileName}}"}),
        "files.prompts/extractInfo",
        "did you mean 'file_name'?",
    ),
    (
        "a script that is no JavaScript",
        lambda body: body["files"].update(
            {"scripts/aggregateDeed": "function execute(api, o) {\n  o.currency = ;\n}"}
        ),
        "files.scripts/aggregateDeed",
        "Line 2: SyntaxError: Unexpected token ';'. Correct the script there.",
    ),
    (
        "a schema that is no JSON",
        lambda body: body["files"].update({"schemas/extractInfo": '{"type": "object",}'}),
        "files.schemas/extractInfo",
        "column",
    ),
    (
        "a schema with a type there is none of",
        lambda body: body["files"].update(
            {"schemas/extractInfo": {"properties": {"currency": {"type": "text"}}}}
        ),
        "files.schemas/extractInfo.properties.currency.type",
        "one of object",
    ),
    (
        "a schema that is not valid",
        lambda body: body["files"].update({"schemas/extractInfo": {"required": "currency"}}),
        "files.schemas/extractInfo.required",
        "not valid",
    ),
    (
        "a value type there is none of",
        lambda body: body["fields"].update(currency={"type": "STRING"}),
        "fields.currency.type",
        "it is one of TEXT",
    ),
    (
        "a field's name with a hyphen",
        lambda body: body["fields"].update({"share-capital": {"type": "DECIMAL"}}),
        "fields.share-capital",
        "letters, digits",
    ),
    (
        "a built-in script without a document to read",
        lambda body: body["fields"].pop("document"),
        "pipeline.phases.0.script",
        "DOCUMENT",
    ),
    (
        "a built-in script without the field it writes",
        lambda body: body["fields"].pop("markdownContent"),
        "fields.markdownContent",
        "add",
    ),
    (
        "a file in no folder",
        lambda body: body["files"].update({"extract.js": "function execute() {}"}),
        "files.extract.js",
        "prompts/",
    ),
    (
        "a script that has no function execute",
        lambda body: body["files"].update({"scripts/aggregateDeed": "var a = 1;"}),
        "files.scripts/aggregateDeed",
        "execute(api, dataObject, params)",
    ),
    (
        "a name that nothing has",
        lambda body: _task(body).update(promtFile="x"),
        f"{TASK}.promtFile",
        "leave it out",
    ),
    (
        "a name of a class with a blank",
        lambda body: body.update(name="a deed"),
        "name",
        "pattern",
    ),
]


@pytest.mark.parametrize(("title", "change", "place", "said"), WRONG, ids=[w[0] for w in WRONG])
async def test_a_wrong_declaration_is_refused_with_its_place_and_cure(
    title: str, change: Change, place: str, said: str
) -> None:
    body = deed()
    change(body)
    files = body.pop("files")
    checked = await checked_class(body, files)
    found = {".".join(map(str, each.place)): each.message for each in checked.faults}
    print(f"{title}\n    {place}: {found.get(place)}")
    assert said in found[place], found
    assert checked.declaration is None


async def test_all_faults_of_a_class_are_told_at_once(gateway: Desk) -> None:
    body = deed()
    for title, change, _, _ in WRONG:
        if title in {
            "the phase field is no TEXT",
            "neither script nor tasks",
            "a file in no folder",
        }:
            change(body)
    assert set(faults(await save(gateway, body))) == {
        "pipeline.phaseField",
        "pipeline.phases.2",
        "files.extract.js",
    }
    checked = await gateway.as_operator.post("/api/v1/classes/check", json=body)
    assert (checked.status_code, len(checked.json()["faults"])) == (200, 3)
    assert (await gateway.as_operator.get("/api/v1/classes")).json()["items"] == []
    unregistered = deed()
    _task(unregistered)["model"] = "no-such-model"
    assert "register it" in faults(await save(gateway, unregistered))[f"{TASK}.model"]


async def test_a_number_is_a_warning_and_geminis_types_are_normalised(gateway: Desk) -> None:
    body = deed()
    body["files"]["schemas/extractInfo"] = {
        "type": "OBJECT",
        "properties": {
            "shareCapital": {"type": "NUMBER"},
            "currency": {"type": "STRING", "nullable": True},
            "type": {"type": "STRING"},
        },
    }
    saved = (await save(gateway, body)).json()
    assert saved["files"]["schemas/extractInfo"] == {
        "type": "object",
        "properties": {
            "shareCapital": {"type": "number"},
            "currency": {"type": ["string", "null"]},
            "type": {"type": "string"},
        },
    }
    (warning,) = saved["warnings"]
    assert warning["field"] == "files.schemas/extractInfo.properties.shareCapital.type"
    assert "90 seconds" in warning["message"]


NO_CLASSES = (
    "[]",
    "{",
    "null",
    '{"fields": 1}',
    '{"name": 1, "fields": {"a": 1}, "files": [1]}',
    '"\\ud800"',
    '{"pipeline": {"phases": [[]]}}',
    '{"fields": {"a": {"type": ["TEXT"]}}}',
    '{"name": "x", "fields": {"a": "TEXT"}, "files": {"schemas/a": {"$ref": "http://example.com/x"}}}',
)


async def test_a_body_that_is_no_class_is_refused_and_nothing_breaks(gateway: Desk) -> None:
    headers = {"Content-Type": "application/json"}
    for body in NO_CLASSES:
        answer = await gateway.as_admin.post("/api/v1/classes", content=body, headers=headers)
        assert answer.status_code == 422, answer.text


async def test_a_class_of_a_project_is_seen_by_those_who_reach_it(gateway: Desk) -> None:
    note = {"name": "note", "fields": {"text": {"type": "TEXT"}}, "project_code": "default"}
    saved = await save(gateway, note)
    assert (saved.status_code, saved.json()["project_code"]) == (201, "default")
    unknown = await save(gateway, {**note, "name": "other", "project_code": "nowhere"})
    assert code(unknown) == "project.unknown"
    assert (await gateway.as_operator.post("/api/v1/classes", json=note)).status_code == 403
