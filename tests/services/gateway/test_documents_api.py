"""Documents over HTTP: taken in, processed by a pipeline, set back, removed; and jobs removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from dragoman_catalog import ProjectSettings
from dragoman_contracts.commands import CommandConfig
from dragoman_contracts.identity import project_id
from dragoman_gateway.documents.rules import DocumentStatus, status_of_job, statuses_of
from dragoman_runtime.clock import SystemClock
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.test_submission_api import code, submit

ECHO = {"name": "Echo it", "command": ["echo", "{input}", "{project_code}"]}
PDF = b"%PDF-1.7 not really"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        await opened.as_admin.post("/api/v1/pipelines", json=ECHO)
        yield opened


async def take_in(gateway: Desk, content: bytes = PDF, **fields: str) -> httpx.Response:
    return await gateway.as_operator.post(
        "/api/v1/documents",
        data={"project_code": "default", **fields},
        files={"file": ("Invoice №7.pdf", content)},
    )


async def process(gateway: Desk, document: str, **entry: object) -> httpx.Response:
    asked = {"pipeline_id": "echo-it", **entry}
    return await gateway.as_operator.post(f"/api/v1/documents/{document}/process", json=asked)


async def settings(gateway: Desk, **changed: object) -> None:
    project = await gateway.catalog.projects.find("default")
    assert project is not None
    after = ProjectSettings.model_validate({**project.settings.model_dump(), **changed})
    await gateway.catalog.projects.edit(
        TESTER,
        SystemClock().now(),
        "default",
        version=project.version,
        name=project.name,
        settings=after,
    )


async def listed(gateway: Desk, **query: str) -> list[dict[str, object]]:
    await gateway.project()
    answer = await gateway.as_operator.get("/api/v1/documents", params=query)
    return [*answer.json()["items"]]


async def test_a_file_is_a_document_and_the_same_file_is_no_new_version(gateway: Desk) -> None:
    first = await take_in(gateway)
    assert (first.status_code, first.headers["location"]) == (
        201,
        f"/api/v1/documents/{first.json()['document_id']}",
    )
    body = first.json()
    assert (body["status"], body["version_count"], body["media_type"]) == (
        "uploaded",
        1,
        "application/pdf",
    )
    assert (body["file_name"], body["jobs"]) == ("Invoice №7.pdf", [])
    again, other = await take_in(gateway), await take_in(gateway, PDF + b"2")
    assert (again.json()["version_count"], other.json()["version_count"]) == (1, 2)
    (row,) = await listed(gateway, q="invoice")
    assert (row["document_id"], row["version_count"], row["status"]) == (
        body["document_id"],
        2,
        "uploaded",
    )


async def test_a_document_is_processed_as_its_job_stands_and_set_back(gateway: Desk) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    opened = await process(gateway, document)
    assert (opened.status_code, opened.json()["status"]) == (202, "queued")
    job_id = opened.json()["job_id"]
    assert code(await process(gateway, document)) == "job.already_running"
    reset = f"/api/v1/documents/{document}/reset-status"
    refused = await gateway.as_operator.post(reset)
    assert (refused.status_code, refused.json()["links"]["running_job"]) == (
        409,
        f"/api/v1/jobs/{job_id}",
    )
    assert [row["status"] for row in await listed(gateway)] == ["pending"]

    await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/mark-failed")
    assert [row["job_id"] for row in await listed(gateway, status="failed")] == [job_id]
    assert (await gateway.as_operator.post(reset)).json()["status"] == "uploaded"
    assert (await gateway.as_operator.post(reset)).status_code == 200
    assert await listed(gateway, status="failed") == []
    assert [row["job_id"] for row in await listed(gateway, status="uploaded")] == [None]


async def test_a_job_has_the_command_and_no_languages(gateway: Desk) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    opened = (await process(gateway, document, force_reparse=True)).json()
    job, _ = await gateway.jobs.load(UUID(opened["job_id"]))
    config = CommandConfig.model_validate(job.pipeline.phases[0].config)
    assert config.command == ("echo", "{input}", "{project_code}")
    assert (config.timeout_s, bool(config.nonce), config.model) == (1800, True, None)
    assert (job.submitted.locales, job.submitted.policy) == (None, None)
    detail = (await gateway.as_operator.get(f"/api/v1/jobs/{opened['job_id']}")).json()
    assert [each["kind"] for each in detail["artifacts"]] == ["source_file"]


async def test_the_rule_of_a_project_processes_what_comes_in_once(gateway: Desk) -> None:
    await settings(gateway, pipeline_id="echo-it", auto_process=True)
    first = (await take_in(gateway)).json()
    assert (first["status"], first["pipeline_id"]) == ("pending", "echo-it")
    again = (await take_in(gateway)).json()
    assert [each["job_id"] for each in again["jobs"]] == [first["job_id"]]


async def test_jobs_take_a_document_as_json_and_a_pipeline_in_the_form(gateway: Desk) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    asked = {"document_id": document, "pipeline_id": "echo-it", "force_reparse": True}
    by_json = await gateway.as_operator.post("/api/v1/jobs", json=asked)
    assert (by_json.status_code, by_json.json()["subject"]["id"]) == (202, document)
    by_form = await gateway.as_operator.post(
        "/api/v1/jobs", data={"pipeline_id": "echo-it"}, files={"file": ("a.png", b"\x89PNG")}
    )
    assert (by_form.status_code, by_form.json()["pipeline"]["name"]) == (202, "echo-it")
    alone = await gateway.as_operator.post("/api/v1/jobs", files={"file": ("a.docx", b"PK")})
    assert alone.status_code == 422
    assert {each["field"] for each in alone.json()["errors"]} == {
        "source_language",
        "target_language",
    }


async def test_a_translation_of_a_document_that_is_here_is_its_version(gateway: Desk) -> None:
    answer = await gateway.as_operator.post(
        "/api/v1/documents", files={"file": ("terms.docx", b"PK not really")}
    )
    document = answer.json()["document_id"]
    asked = {"document_id": document, "source_language": "en", "target_language": "de"}
    translated = await gateway.as_operator.post("/api/v1/jobs", json=asked)
    assert translated.status_code == 202
    assert translated.json()["subject"] == {"kind": "document", "id": document, "version": 1}
    half = {"document_id": document, "source_language": "en"}
    assert code(await gateway.as_operator.post("/api/v1/jobs", json=half)) == "request.invalid"


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"pipeline_id": "nothing"}, "pipeline.unknown"),
        ({"pipeline_id": "translate-docx"}, "pipeline.unfit"),
    ],
    ids=["unknown", "needs languages"],
)
async def test_a_pipeline_that_cannot_take_the_document_is_refused(
    gateway: Desk, entry: dict[str, str], wanted: str
) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    assert code(await process(gateway, document, **entry)) == wanted


async def test_nobody_reaches_a_document_of_another_project(gateway: Desk) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    limited = await gateway.client(gateway.operator.role, "legal")
    async with limited:
        for method, path in (
            ("GET", f"/api/v1/documents/{document}"),
            ("POST", f"/api/v1/documents/{document}/process"),
            ("POST", f"/api/v1/documents/{document}/reset-status"),
        ):
            assert code(await limited.request(method, path)) == "document.missing"
        assert (await limited.get("/api/v1/documents")).json()["items"] == []
    assert code(await gateway.as_operator.get(f"/api/v1/documents/{uuid4()}")) == "document.missing"


async def test_a_removed_document_is_in_no_list_until_its_file_comes_again(gateway: Desk) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    address = f"/api/v1/documents/{document}"
    job_id = (await process(gateway, document)).json()["job_id"]
    assert code(await gateway.as_operator.delete(address)) == "auth.forbidden"
    assert code(await gateway.as_admin.delete(address)) == "job.already_running"
    await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/mark-failed")
    assert (await gateway.as_admin.delete(address)).status_code == 204
    assert code(await gateway.as_operator.get(address)) == "document.missing"
    assert await listed(gateway) == []
    back = (await take_in(gateway)).json()
    assert (back["document_id"], back["version_count"]) == (document, 2)
    assert len(await listed(gateway)) == 1


async def test_what_a_removed_job_made_of_a_document_is_said_no_more(gateway: Desk) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    job_id = ""
    for _ in range(2):
        job_id = (await process(gateway, document)).json()["job_id"]
        await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/mark-failed")
    assert len(await listed(gateway, status="failed")) == 1
    assert (await gateway.as_operator.delete(f"/api/v1/jobs/{job_id}")).status_code == 204
    shown = (await gateway.as_operator.get(f"/api/v1/documents/{document}")).json()
    (row,) = await listed(gateway)
    assert (shown["status"], shown["job_id"]) == (row["status"], row["job_id"])
    assert (row["status"], row["job_id"]) == ("uploaded", None)


async def test_no_job_is_opened_on_a_removed_document(gateway: Desk) -> None:
    document = (await take_in(gateway)).json()["document_id"]
    await gateway.as_admin.delete(f"/api/v1/documents/{document}")
    asked = {"document_id": document, "pipeline_id": "echo-it"}
    assert code(await gateway.as_operator.post("/api/v1/jobs", json=asked)) == "document.missing"


async def test_a_pipeline_that_there_is_none_of_is_said_before_languages_are_missed(
    gateway: Desk,
) -> None:
    answer = await gateway.as_operator.post(
        "/api/v1/jobs", data={"pipeline_id": "ehco-it"}, files={"file": ("a.png", b"\x89PNG")}
    )
    assert (answer.status_code, code(answer)) == (422, "pipeline.unknown")


async def test_a_job_at_rest_is_removed_and_comes_back_resumed(gateway: Desk) -> None:
    job_id = (await submit(gateway.as_operator)).json()["job_id"]
    address = f"/api/v1/jobs/{job_id}"
    assert code(await gateway.as_operator.delete(address)) == "job.not_removable"
    await gateway.as_operator.post(f"{address}/mark-failed")
    assert (await gateway.as_operator.delete(address)).status_code == 204
    assert (await gateway.as_operator.delete(address)).status_code == 204
    await gateway.project()
    assert (await gateway.as_operator.get("/api/v1/jobs")).json()["items"] == []
    assert (await gateway.as_operator.get(address)).status_code == 200
    await gateway.as_operator.post(f"{address}/resume")
    await gateway.project()
    assert len((await gateway.as_operator.get("/api/v1/jobs")).json()["items"]) == 1


async def test_a_pipeline_said_as_a_command_shows_it_so(gateway: Desk) -> None:
    shown = (await gateway.as_operator.get("/api/v1/pipelines/echo-it")).json()
    assert (shown["id"], shown["name"], shown["version"], shown["is_active"]) == (
        "echo-it",
        "Echo it",
        1,
        True,
    )
    assert (shown["command"], shown["timeout_s"]) == (ECHO["command"], 1800)
    off = {"command": ["true"], "is_active": False, "timeout_s": 5}
    edited = await gateway.as_admin.put(
        "/api/v1/pipelines/echo-it", json=off, headers={"If-Match": '"1"'}
    )
    assert (edited.json()["name"], edited.json()["is_active"], edited.json()["timeout_s"]) == (
        "Echo it",
        False,
        5,
    )
    document = (await take_in(gateway)).json()["document_id"]
    assert code(await process(gateway, document)) == "pipeline.retired"


async def test_an_unknown_template_variable_is_a_422_at_its_argument(gateway: Desk) -> None:
    entry = {"name": "wrong", "command": ["cat", "{inputt}"]}
    refused = await gateway.as_admin.post("/api/v1/pipelines", json=entry)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == "command.1"
    assert "{inputt}" in error["message"]
    names = (await gateway.as_operator.get("/api/v1/pipelines/template-variables")).json()
    assert {"input", "output_dir", "s3_prefix", "vlm_url", "model_name"} <= {
        each["name"] for each in names
    }
    assert all(each["description"] for each in names)


async def test_a_rule_or_a_link_to_what_is_not_there_is_refused(gateway: Desk) -> None:
    project = await gateway.as_admin.get("/api/v1/projects/default")
    for name, wanted in (("nothing", "pipeline.unknown"), ("translate-docx", "pipeline.unfit")):
        entry = {"name": "Default", "settings": {"pipeline_id": name}}
        refused = await gateway.as_admin.put(
            "/api/v1/projects/default", json=entry, headers={"If-Match": project.headers["etag"]}
        )
        assert (code(refused), refused.json()["errors"][0]["field"]) == (
            wanted,
            "settings.pipeline_id",
        )
    linked = await gateway.as_admin.post(
        "/api/v1/pipelines", json={"name": "l", "command": ["a"], "model_id": str(uuid4())}
    )
    assert (linked.status_code, linked.json()["errors"][0]["field"]) == (422, "model_id")


def test_every_status_of_a_job_is_that_of_some_document() -> None:
    assert {status_of_job(each) for status in DocumentStatus for each in statuses_of(status)} == {
        *DocumentStatus
    }
    assert project_id("default")
