"""Objects over HTTP: created, found, edited, started, removed; fields checked by their type."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from dragoman_catalog import Role
from dragoman_contracts.ai import FIELDS_INPUT
from dragoman_contracts.ai_results import ScriptResult
from dragoman_contracts.classes import ClassDeclaration
from dragoman_contracts.envelope import Origin
from dragoman_contracts.events import JobCompleted, PhaseFinished, PhaseStarted
from dragoman_gateway.objects.rules.values import check_values
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Append
from dragoman_runtime.objects import put_value
from services.gateway.deed import deed
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import code

RECORD: dict[str, Any] = {
    "name": "record",
    "fields": {
        "stage": "TEXT",
        "title": {"type": "TEXT", "required": True},
        "count": "INTEGER",
        "amount": "DECIMAL",
        "isOpen": "BOOLEAN",
        "signedOn": "DATE",
        "kind": {"type": "LIST", "values": ["deed", "will"]},
        "tags": "LIST",
        "more": "JSON",
        "scan": "DOCUMENT",
    },
    "pipeline": {
        "phaseField": "stage",
        "phases": [{"name": "first", "script": "one"}, {"name": "second", "script": "two"}],
    },
    "files": {
        "scripts/one": "function execute(api, dataObject, params) {}",
        "scripts/two": "function execute(api, dataObject, params) {}",
    },
}
VALUES: dict[str, Any] = {
    "title": "Deed №7",
    "count": 3,
    "amount": "12.50",
    "isOpen": True,
    "signedOn": "2026-05-31",
    "kind": "deed",
    "tags": ["a", 1],
    "more": {"x": [None]},
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        saved = await opened.as_admin.post("/api/v1/classes", json=RECORD)
        assert saved.status_code == 201, saved.text
        yield opened


async def create(gateway: Desk, **values: Any) -> dict[str, Any]:
    body = {"fields": {**VALUES, **values}}
    answer = await gateway.as_operator.post("/api/v1/objects/record", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(gateway: Desk, **query: Any) -> list[str]:
    await gateway.project()
    answer = await gateway.as_operator.get("/api/v1/objects/record", params=query)
    assert answer.status_code == 200, answer.text
    return [each["fields"]["title"] for each in answer.json()["items"]]


async def finish(gateway: Desk, job_id: str, *phases: str, **changed: Any) -> None:
    """Do the phases of a job as the service would, the last of them with these changes."""
    job, head = await gateway.jobs.load(UUID(job_id))
    result = ScriptResult(script="two", changed=changed)
    output = await put_value(gateway.objects, job.project_id, result)
    events: list[Any] = []
    for name in phases:
        of = output if name == phases[-1] else None
        events += [PhaseStarted(phase=name, kind="script"), PhaseFinished(phase=name, output=of)]
    events += [JobCompleted()] if phases[-1] == job.pipeline.phases[-1].name else []
    origin = Origin(actor="service:extract", correlation_id=job.job_id, producer="test")
    now = SystemClock().now()
    await gateway.store.commit(
        [Append(job.job_id, job.project_id, head, tuple(events), origin, now)]
    )


async def test_an_object_begins_its_pipeline_with_its_fields_as_the_job_s_input(
    gateway: Desk,
) -> None:
    made = await create(gateway)
    assert (made["class"], made["status"], made["phase"]) == ("record", "RUNNING", "first")
    assert made["fields"] == {"stage": "first", **VALUES, "scan": None}
    job, _ = await gateway.jobs.load(UUID(made["job_id"]))
    assert [each.name for each in job.pipeline.phases] == ["first", "second"]
    assert [each.name for each in job.pipeline.phases[0].files] == ["scripts/one"]
    fields = json.loads(await gateway.objects.get(job.project_id, job.needed_input(FIELDS_INPUT)))
    assert fields == made["fields"]
    shown = await gateway.as_operator.get(f"/api/objects/record/{made['id']}")
    assert shown.json() == made
    assert (await gateway.as_operator.get(f"/api/v1/jobs/{made['job_id']}")).status_code == 200


async def test_a_file_is_sent_in_a_form_beside_the_fields(gateway: Desk) -> None:
    sent = await gateway.as_operator.post(
        "/api/v1/objects/record",
        data={"fields": json.dumps({"title": "With a scan"})},
        files={"scan": ("Scan №1.pdf", b"%PDF-1.7")},
    )
    assert sent.status_code == 201, sent.text
    scan = sent.json()["fields"]["scan"]
    assert (scan["file_name"], scan["media_type"], scan["size_bytes"]) == (
        "Scan №1.pdf",
        "application/pdf",
        8,
    )
    job, _ = await gateway.jobs.load(UUID(sent.json()["job_id"]))
    assert await gateway.objects.get(job.project_id, job.needed_input("scan")) == b"%PDF-1.7"
    document = await gateway.as_operator.post(
        "/api/v1/documents",
        data={"project_code": "default"},
        files={"file": ("a.txt", b"text")},
    )
    by_id = await create(gateway, scan=document.json()["document_id"])
    assert by_id["fields"]["scan"]["file_name"] == "a.txt"
    wrong: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
        "a part that is no field": ({"feilds": "{}"}, {}),
        "no JSON": ({"fields": "{"}, {}),
        "a file for a TEXT": ({"fields": '{"title": "x"}'}, {"title": ("a", b"x")}),
        "an empty file": ({"fields": '{"title": "x"}'}, {"scan": ("a", b"")}),
    }
    for title, (data, files) in wrong.items():
        answer = await gateway.as_operator.post(
            "/api/v1/objects/record", data=data, files=files or {"x": ("", b"")}
        )
        assert answer.status_code == 422, title


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", 1, "TEXT"),
        ("title", None, "requires this field"),
        ("count", "3", "INTEGER"),
        ("count", True, "INTEGER"),
        ("count", 2**53, "INTEGER"),
        ("amount", 12.5, "12.50"),
        ("amount", "1e5", "DECIMAL"),
        ("isOpen", "yes", "true or false"),
        ("signedOn", "31.5.2026", "DATE"),
        ("signedOn", "2026-02-30", "DATE"),
        ("kind", "letter", "deed, will"),
        ("tags", "a", "LIST"),
        ("scan", "deed.pdf", "multipart/form-data"),
        ("titel", "x", "did you mean 'title'?"),
    ],
)
def test_a_value_is_checked_by_its_type(field: str, value: Any, said: str) -> None:
    fields = {
        name: {"type": each} if isinstance(each, str) else each
        for name, each in RECORD["fields"].items()
    }
    declaration = ClassDeclaration.model_validate({"name": "record", "fields": fields})
    checked = check_values(declaration, {**VALUES, field: value}, is_new=True)
    assert [(each.place, said in each.message) for each in checked.faults] == [((field,), True)]
    assert check_values(declaration, VALUES, is_new=True).faults == ()


async def test_every_wrong_value_is_told_at_once(gateway: Desk) -> None:
    sent: dict[str, Any] = {"title": 1, "amount": 2, "stage": "third", "more": {}}
    answer = await gateway.as_operator.post("/api/v1/objects/record", json=sent)
    assert (answer.status_code, code(answer)) == (422, "object.invalid")
    assert {each["field"] for each in answer.json()["errors"]} == {"title", "amount", "stage"}
    gone = await gateway.as_operator.post("/api/v1/objects/nothing", json={})
    assert (gone.status_code, code(gone)) == (404, "catalog.missing")


async def test_the_same_key_makes_one_object(gateway: Desk) -> None:
    async def keyed(title: str) -> httpx.Response:
        headers = {"Idempotency-Key": "k"}
        body = {"title": title}
        return await gateway.as_operator.post("/api/v1/objects/record", json=body, headers=headers)

    first, again, other = await keyed("a"), await keyed("a"), await keyed("b")
    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, code(other)) == (422, "idempotency.key_reused")


async def test_scripts_fill_fields_and_a_person_s_edit_starts_nothing(gateway: Desk) -> None:
    made = await create(gateway)
    path = f"/api/v1/objects/record/{made['id']}"
    busy = await gateway.as_operator.patch(path, json={"title": "x"})
    assert (busy.status_code, code(busy)) == (409, "object.running")
    assert busy.json()["links"]["running_job"] == f"/api/v1/jobs/{made['job_id']}"
    await finish(gateway, made["job_id"], "first", "second", title="By script", unknown="x")
    ready = (await gateway.as_operator.get(path)).json()
    assert (ready["status"], ready["phase"], ready["fields"]["stage"]) == (
        "READY",
        "second",
        "second",
    )
    assert (ready["fields"]["title"], "unknown" in ready["fields"]) == ("By script", False)
    edited = await gateway.as_operator.patch(path, json={"fields": {"title": "By hand"}})
    assert (edited.json()["fields"]["title"], edited.json()["job_ids"]) == (
        "By hand",
        ready["job_ids"],
    )
    # An empty phase field after the end never begins anew by itself: only the wish of a person does.
    assert (await gateway.as_operator.get(path)).json()["status"] == "READY"
    started = (await gateway.as_operator.patch(path, json={"stage": "second", "count": 4})).json()
    assert (started["status"], started["phase"], started["fields"]["count"]) == (
        "RUNNING",
        "second",
        4,
    )
    job, _ = await gateway.jobs.load(UUID(started["job_id"]))
    assert [each.name for each in job.pipeline.phases] == ["second"]
    await finish(gateway, started["job_id"], "second", title="Again")
    anew = (await gateway.as_operator.patch(path, json={"stage": ""})).json()
    assert (anew["status"], anew["phase"], len(anew["job_ids"])) == ("RUNNING", "first", 3)
    unknown = await gateway.as_operator.patch(path, json={"stage": "third"})
    assert unknown.status_code in {409, 422}


async def test_lists_are_filtered_and_paged_and_come_back_after_a_replay(gateway: Desk) -> None:
    first = await create(gateway, title="First", count=1, isOpen=False, amount="1.0")
    await create(gateway, title="Second", kind="will")
    await create(gateway, title="Third")
    assert await listed(gateway) == ["Third", "Second", "First"]
    assert await listed(gateway, where="count=1") == ["First"]
    assert await listed(gateway, where=["isOpen=true", "kind=will"]) == ["Second"]
    assert await listed(gateway, where="amount=1.0") == ["First"]
    assert await listed(gateway, q="thi") == ["Third"]
    assert await listed(gateway, phase="first", status="RUNNING", limit=2) == ["Third", "Second"]
    assert await listed(gateway, status="READY") == []
    page = await gateway.as_operator.get("/api/v1/objects/record", params={"limit": 2})
    behind = {"limit": 2, "cursor": page.json()["next_cursor"]}
    assert await listed(gateway, **behind) == ["First"]
    await finish(gateway, first["job_id"], "first", "second", title="Done", count=9)
    assert await listed(gateway, status="READY", phase="second", where="count=9") == ["Done"]
    for wrong in (
        {"where": "nothing=1"},
        {"where": "tags=a"},
        {"where": "count=x"},
        {"kind": "will"},
    ):
        answer = await gateway.as_operator.get("/api/v1/objects/record", params=wrong)
        assert answer.status_code == 422, wrong


async def test_an_object_is_removed_with_its_jobs_and_its_stream_stays(gateway: Desk) -> None:
    made = await create(gateway)
    path = f"/api/v1/objects/record/{made['id']}"
    assert code(await gateway.as_operator.delete(path)) == "object.running"
    await gateway.as_operator.post(f"/api/v1/jobs/{made['job_id']}/mark-failed")
    failed = (await gateway.as_operator.get(path)).json()
    assert (failed["status"], bool(failed["error_message"])) == ("ERROR", True)
    assert (await gateway.as_operator.delete(path)).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        gone = await gateway.as_operator.request(method, path, json={})
        assert (gone.status_code, code(gone)) == (404, "object.unknown")
    assert await listed(gateway) == []
    job, _ = await gateway.jobs.load(UUID(made["job_id"]))
    assert job.is_removed
    types = [each.recorded.type for each in await gateway.store.read(UUID(made["id"]))]
    assert types == ["object.created", "subject.job_opened", "object.removed"]


async def test_who_does_not_reach_the_project_sees_nothing(gateway: Desk) -> None:
    made = await create(gateway)
    entry = {"code": "legal", "name": "Legal"}
    await gateway.as_admin.post("/api/v1/projects", json=entry)
    async with await gateway.client(Role.OPERATOR, "legal") as other:
        hidden = await other.get(f"/api/v1/objects/record/{made['id']}")
        assert (hidden.status_code, code(hidden)) == (404, "object.unknown")
        refused = await other.post("/api/v1/objects/record", json={"title": "x"})
        assert (refused.status_code, code(refused)) == (403, "auth.forbidden")
        body = {"fields": {"title": "x"}, "project_code": "legal"}
        mine = await other.post("/api/v1/objects/record", json=body)
        assert (mine.status_code, mine.json()["project_code"]) == (201, "legal")
        await gateway.project()
        seen = (await other.get("/api/v1/objects/record")).json()["items"]
        assert [each["id"] for each in seen] == [mine.json()["id"]]
    missing = await gateway.as_operator.get(f"/api/v1/objects/record/{uuid4()}")
    assert missing.status_code == 404


async def test_a_class_without_a_default_model_says_so_before_anything_is_made(
    gateway: Desk,
) -> None:
    await gateway.as_admin.post("/api/v1/classes", json=deed())
    sent = await gateway.as_operator.post(
        "/api/v1/objects/deed", files={"document": ("a.md", b"text")}
    )
    assert (sent.status_code, code(sent)) == (422, "pipeline.model_missing")
    assert "Task 'extractInfo'" in sent.json()["detail"]
    plain = {"name": "plain", "fields": {"text": "TEXT"}}
    await gateway.as_admin.post("/api/v1/classes", json=plain)
    made = (await gateway.as_operator.post("/api/v1/objects/plain", json={"text": "a"})).json()
    assert (made["status"], made["phase"], made["job_id"]) == ("NEW", "", None)
