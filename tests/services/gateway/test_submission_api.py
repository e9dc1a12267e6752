"""POST /jobs over HTTP, to a real store: requirement E's form and its rules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from documents.encrypted import agile
from dragoman_catalog import PolicyOverrides, ProjectSettings, Role
from dragoman_contracts.events import INTAKE_INPUT
from dragoman_contracts.identity import project_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.policy import ActorRecord, IntakeRecord, Policy
from dragoman_gateway.submissions.rules import SubmissionRequest
from dragoman_gateway.web.errors import RunningJobError
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.objects import get_value
from e2e.documents import own_document
from services.gateway.desks import TESTER, Desk, desk

SECRET = "Größe & № 7"
PACKAGE = own_document(1, paragraphs=3)
LOCKED = agile(PACKAGE, SECRET)
FIELDS = {
    "project_code": "default",
    "domain_pack_code": "general",
    "source_language": "en",
    "target_language": "de-CH",
}
Answer = httpx.Response


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
async def busy(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    url: str | None = (
        request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    )
    async with desk(tmp_path, database_url=url) as opened:
        yield opened


async def submit(
    client: httpx.AsyncClient,
    content: bytes = b"PK not really",
    *,
    name: str = "contract.docx",
    key: str | None = None,
    **fields: str,
) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(
        "/api/v1/jobs", data={**FIELDS, **fields}, files={"file": (name, content)}, headers=headers
    )


def code(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:dragoman:problem:{body['code']}"
    assert body["status"] == answer.status_code
    return str(body["code"])


async def test_a_submitted_document_is_a_queued_job_with_the_defaults_of_e(gateway: Desk) -> None:
    answer = await submit(gateway.as_operator, name="Vertrag Größe.docx")
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == job["links"]["self"] == f"/api/v1/jobs/{job['job_id']}"
    assert (job["status"], job["stage"], job["version"], job["progress_pct"]) == (
        "queued",
        "intake",
        1,
        0.0,
    )
    assert (job["source_language"], job["target_language"], job["engine"]) == (
        "en",
        "de-CH",
        "pseudo",
    )
    assert job["intake"]["external_reference"] == "Vertrag Größe"
    assert job["intake"]["version_label"].endswith("Z")
    assert job["submitted_by"] == f"user:{gateway.operator.user_id}"
    assert [each["kind"] for each in job["artifacts"]] == ["source_docx"]
    shown = await gateway.as_operator.get(answer.headers["location"])
    assert shown.headers["etag"] == '"1"'


async def test_what_was_said_is_kept_in_objects_and_the_actor_comes_from_the_credential(
    gateway: Desk,
) -> None:
    answer = await submit(
        gateway.as_operator,
        external_reference="ref-7",
        document_title="The contract",
        version_label="v2",
        family_key="contracts",
        submitted_by="somebody else",
        metadata='{"order": 7}',
        engine="identity",
    )
    job, _ = await gateway.jobs.load(UUID(answer.json()["job_id"]))
    project = project_id("default")
    record = await get_value(gateway.objects, project, job.needed_input(INTAKE_INPUT), IntakeRecord)
    assert (record.submitted_by, record.metadata, record.version_label) == (
        "somebody else",
        {"order": 7},
        "v2",
    )
    policy = await get_value(gateway.objects, project, job.policy, Policy)
    assert (policy.engine, policy.domain_pack_code) == ("identity", "general")
    first = (await gateway.store.read(job.job_id))[0].recorded.origin
    assert first.actor == f"user:{gateway.operator.user_id}"
    actor = await get_value(gateway.objects, project, str(first.actor_record), ActorRecord)
    assert (actor.display_name, actor.source_address) == ("Olga", "127.0.0.1")
    assert await gateway.objects.get(project, job.source) == b"PK not really"


async def test_the_same_key_with_the_same_request_gives_the_same_job(gateway: Desk) -> None:
    first = await submit(gateway.as_operator, key="once")
    again = await submit(gateway.as_operator, idempotency_key="once")
    both = await submit(gateway.as_operator, key="once", idempotency_key="once")
    assert {each.status_code for each in (first, again, both)} == {202}
    assert {each.json()["job_id"] for each in (first, again, both)} == {first.json()["job_id"]}


async def test_the_same_key_with_another_file_or_field_is_refused(gateway: Desk) -> None:
    await submit(gateway.as_operator, key="once")
    for other in (
        await submit(gateway.as_operator, b"PK other content", key="once"),
        await submit(gateway.as_operator, key="once", target_language="fr"),
        await submit(gateway.as_operator, key="once", name="other.docx"),
    ):
        assert (other.status_code, code(other)) == (422, "idempotency.key_reused")


async def test_a_key_in_the_header_that_differs_from_the_field_is_refused(gateway: Desk) -> None:
    answer = await submit(gateway.as_operator, key="one", idempotency_key="two")
    assert (answer.status_code, code(answer)) == (422, "request.key_mismatch")


async def test_a_second_job_for_the_same_version_and_target_is_refused_with_a_link_to_the_running_one(
    gateway: Desk,
) -> None:
    first = (await submit(gateway.as_operator)).json()
    second = await submit(gateway.as_operator)
    assert (second.status_code, code(second)) == (409, "job.already_running")
    assert second.json()["links"] == {"running_job": first["links"]["self"]}
    third = await submit(gateway.as_operator, source_language="fr")
    assert (third.status_code, code(third)) == (409, "job.already_running")
    assert "target language and pipeline, whatever the source language" in third.json()["detail"]
    assert (await submit(gateway.as_operator, target_language="fr")).status_code == 202
    assert (await submit(gateway.as_operator, b"PK another version")).json()[
        "document_version"
    ] == 2


async def test_of_many_submissions_at_once_exactly_one_opens_the_job(busy: Desk) -> None:
    answers = await asyncio.gather(*(submit(busy.as_operator) for _ in range(12)))
    assert sorted(each.status_code for each in answers) == [202] + [409] * 11


async def test_of_many_submissions_with_one_key_all_get_the_same_job(busy: Desk) -> None:
    answers = await asyncio.gather(*(submit(busy.as_operator, key="same") for _ in range(12)))
    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["job_id"] for each in answers}) == 1


async def test_once_a_job_is_at_its_end_the_same_version_can_be_submitted_again(
    gateway: Desk,
) -> None:
    first = (await submit(gateway.as_operator)).json()
    await gateway.advance(first["job_id"], to="reassembly")
    second = await submit(gateway.as_operator)
    assert second.status_code == 202
    assert second.json()["document_version"] == 1


async def test_revision_strategies_decide_the_version(gateway: Desk) -> None:
    await submit(gateway.as_operator)
    new = await submit(gateway.as_operator, revision_strategy="new_version")
    assert new.json()["document_version"] == 2
    same = await submit(gateway.as_operator, b"PK changed", revision_strategy="same_version")
    assert (same.status_code, code(same)) == (409, "document.version_refused")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"project_code": "nowhere"}, "project_code"),
        ({"domain_pack_code": "nothing"}, "domain_pack_code"),
        ({"engine": "unheard-of"}, "engine"),
        ({"source_language": "english!"}, "source_language"),
        ({"metadata": "[1]"}, "metadata"),
        ({"metadata": '{"n": NaN}'}, "metadata"),
        ({"metadata": "[" * 5000}, "metadata"),
        ({"metadata": '{"a": "\\ud800"}'}, "metadata"),
        ({"document_title": "a\x00b"}, "document_title"),
        ({"revision_strategy": "never"}, "revision_strategy"),
        ({"surprise": "x"}, "surprise"),
    ],
)
async def test_a_field_that_cannot_be_taken_is_named(
    gateway: Desk, fields: dict[str, str], field: str
) -> None:
    data = {**FIELDS, **fields}
    answer = await gateway.as_operator.post(
        "/api/v1/jobs", data=data, files={"file": ("a.docx", b"PK")}
    )
    assert answer.status_code == 422
    code(answer)
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_source_and_target_must_differ_however_they_are_written(gateway: Desk) -> None:
    answer = await submit(gateway.as_operator, source_language="de_ch", target_language="DE-CH")
    assert answer.status_code == 422


async def test_optional_fields_may_be_sent_empty_as_forms_do(gateway: Desk) -> None:
    names = (
        "external_reference",
        "version_label",
        "metadata",
        "engine",
        "idempotency_key",
        "auto_start",
    )
    data = {**FIELDS, **dict.fromkeys((*names, "revision_strategy"), "")}
    answer = await gateway.as_operator.post(
        "/api/v1/jobs", data=data, files={"file": ("contract.docx", b"PK")}
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["intake"]["external_reference"] == "contract"


async def test_an_empty_file_is_refused(gateway: Desk) -> None:
    empty = await submit(gateway.as_operator, b"")
    assert (empty.status_code, code(empty)) == (422, "upload.empty")


async def test_an_upload_over_the_limit_is_refused_whether_or_not_it_tells_its_length(
    gateway: Desk,
) -> None:
    slightly = await submit(gateway.as_operator, b"x" * 2_000_001)
    assert (slightly.status_code, code(slightly)) == (413, "upload.too_large")
    told = await submit(gateway.as_operator, b"x" * 4_000_000)
    assert (told.status_code, code(told)) == (413, "upload.too_large")

    async def untold() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(40):
            yield b"x" * 100_000

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    streamed = await gateway.as_operator.post("/api/v1/jobs", content=untold(), headers=headers)
    assert (streamed.status_code, code(streamed)) == (413, "upload.too_large")


@pytest.mark.parametrize(("depth", "status"), [(32, 202), (33, 422), (200, 422), (50_000, 422)])
async def test_metadata_that_nests_too_deep_is_refused_and_the_rest_is_read_back(
    gateway: Desk, depth: int, status: int
) -> None:
    nested = '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)
    taken = await submit(gateway.as_operator, metadata=nested[:65_536])
    assert taken.status_code == status
    if status == 202:
        job = taken.json()
        assert job["intake"]["metadata"] == json.loads(nested)


async def test_what_is_not_said_is_the_default_project_and_a_refusal_says_which_field(
    gateway: Desk,
) -> None:
    file = {"file": ("contract.docx", b"PK")}
    form = {"source_language": "en", "target_language": "en"}
    refused = await gateway.as_operator.post("/api/v1/jobs", data=form, files=file)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == "target_language"
    assert "target_language: it is the same" in refused.json()["detail"]
    form["target_language"] = "de"
    taken = await gateway.as_operator.post("/api/v1/jobs", data=form, files=file)
    assert taken.status_code == 202
    job = taken.json()
    assert job["project_code"] == "default"
    assert job["intake"]["domain_pack_code"] == "general"


async def test_a_body_of_json_that_nests_too_deep_is_refused(gateway: Desk) -> None:
    told = 'an escaped \\" and [[[' + "[" * 40
    headers = {"Content-Type": "application/json"}
    for body, status in (
        (json.dumps({"code": "x", "name": told}), 201),
        ('{"code": "y", "name": "y", "settings": ' + "[" * 40 + "]" * 40 + "}", 422),
    ):
        answer = await gateway.as_admin.post("/api/v1/projects", content=body, headers=headers)
        assert answer.status_code == status, answer.text
    assert "nest 32 deep" in answer.json()["detail"]


async def test_a_path_in_the_file_name_is_cut_off(gateway: Desk) -> None:
    answer = await submit(gateway.as_operator, name="..\\..\\secret/plan.docx")
    assert answer.json()["intake"]["file_name"] == "plan.docx"


async def test_a_language_pair_decides_with_its_overrides_and_a_closed_one_refuses(
    gateway: Desk,
) -> None:
    project = await gateway.catalog.projects.find("default")
    assert project is not None
    now = SystemClock().now()
    pair = await gateway.catalog.language_pairs.create(
        TESTER,
        now,
        project,
        source=Locale("en"),
        target=Locale("de-CH"),
        is_active=True,
        overrides=PolicyOverrides(engine="identity"),
    )
    assert (await submit(gateway.as_operator)).json()["engine"] == "identity"
    await gateway.catalog.language_pairs.edit(
        TESTER, now, pair.pair_id, version=1, is_active=False, overrides=PolicyOverrides()
    )
    closed = await submit(gateway.as_operator, b"PK new content")
    assert (closed.status_code, code(closed)) == (422, "pair.inactive")


async def test_a_project_that_takes_entered_pairs_only_refuses_others(gateway: Desk) -> None:
    settings = ProjectSettings(accepts_unlisted_pairs=False)
    await gateway.catalog.projects.create(
        TESTER, SystemClock().now(), code="strict", name="S", settings=settings
    )
    answer = await submit(gateway.as_operator, project_code="strict")
    assert (answer.status_code, code(answer)) == (422, "pair.unknown")


async def test_a_token_reaches_only_the_projects_of_its_scope(gateway: Desk) -> None:
    now = SystemClock().now()
    await gateway.catalog.projects.create(
        TESTER, now, code="legal", name="Legal", settings=ProjectSettings()
    )
    async with await gateway.client(Role.OPERATOR, "legal") as limited:
        refused = await submit(limited)
        assert (refused.status_code, code(refused)) == (403, "auth.forbidden")
        assert (await submit(limited, project_code="legal")).status_code == 202
        elsewhere = (await submit(gateway.as_operator)).json()["links"]
        for address in (
            elsewhere["self"],
            elsewhere["events"],
            elsewhere["units"],
            elsewhere["artifacts"],
        ):
            hidden = await limited.get(address)
            assert (hidden.status_code, code(hidden)) == (404, "job.missing")
        for address in (elsewhere["cancel"], elsewhere["process"], elsewhere["resume"]):
            assert (await limited.post(address)).status_code == 404
        await gateway.project()
        listed = (await limited.get("/api/v1/jobs")).json()["items"]
        assert [each["project_code"] for each in listed] == ["legal"]
        assert (await limited.get("/api/v1/jobs?project=default")).status_code == 403


async def test_the_one_process_submits_without_http(gateway: Desk) -> None:
    request = SubmissionRequest(
        project_code="default",
        domain_pack_code="general",
        source_language=Locale("en"),
        target_language=Locale("ru"),
        is_auto_start=False,
    )
    submitted = await gateway.submissions.submit(
        request, Upload("a.docx", b"PK"), local_principal("Ann")
    )
    assert submitted.is_new
    assert (submitted.job.submitted_by, submitted.job.is_started) == ("local", False)
    with pytest.raises(RunningJobError) as refused:
        await gateway.submissions.submit(request, Upload("a.docx", b"PK"), local_principal())
    assert refused.value.job_id == submitted.job.job_id


def contents(folder: Path) -> list[bytes]:
    """What the files of a folder hold."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_an_encrypted_document_is_stored_as_what_its_password_opens(gateway: Desk) -> None:
    first = await submit(gateway.as_operator, LOCKED, key="one", document_password=SECRET)
    assert first.status_code == 202, first.text
    job, _ = await gateway.jobs.load(UUID(first.json()["job_id"]))
    assert job.submitted.was_encrypted
    assert await gateway.objects.get(job.project_id, job.source) == PACKAGE

    again = await submit(gateway.as_operator, LOCKED, key="one", document_password=SECRET)
    assert again.json()["job_id"] == first.json()["job_id"], (
        "the same file and password are the same request"
    )
    assert code(await submit(gateway.as_operator, PACKAGE, key="one")) == "idempotency.key_reused"


@pytest.mark.parametrize(
    ("fields", "field", "code_of_it", "said"),
    [
        ({"target_language": "spanish"}, "target_language", "locale.unregistered", "mean es?"),
        ({"source_language": "xx"}, "source_language", "locale.unregistered", "'xx' is no"),
        ({"target_language": "tlh"}, "target_language", "engine.pair_unsupported", "into tlh"),
        ({"model": "unset"}, "engine", "engine.not_configured", "Set a key"),
    ],
)
async def test_a_job_that_must_fail_is_not_made(
    gateway: Desk, fields: dict[str, str], field: str, code_of_it: str, said: str
) -> None:
    answer = await gateway.as_operator.post(
        "/api/v1/jobs", data={**FIELDS, **fields}, files={"file": ("a.docx", b"PK")}
    )
    assert (answer.status_code, code(answer)) == (422, code_of_it)
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert said in fault["message"]
    assert await gateway.store.head_position() == 0


async def test_a_job_that_must_fail_is_not_made_by_a_rerun_either(gateway: Desk) -> None:
    job_id = (await submit(gateway.as_operator)).json()["job_id"]
    await gateway.advance(job_id, to="reassembly")
    address = f"/api/v1/jobs/{job_id}/rerun"
    answer = await gateway.as_operator.post(address, json={"model": "unset"})
    assert (answer.status_code, code(answer)) == (422, "engine.not_configured")


async def test_a_wrong_password_is_a_422_that_names_the_field_and_stores_nothing(
    gateway: Desk, tmp_path: Path
) -> None:
    answer = await submit(gateway.as_operator, LOCKED, document_password="Wrong, 9!")
    assert (answer.status_code, code(answer)) == (422, "document.wrong_password")
    assert [each["field"] for each in answer.json()["errors"]] == ["document_password"]
    assert "Wrong, 9!" not in answer.text
    assert not contents(tmp_path / "objects")


async def test_a_password_is_kept_nowhere(gateway: Desk, tmp_path: Path) -> None:
    assert (await submit(gateway.as_operator, LOCKED, document_password=SECRET)).status_code == 202
    await gateway.project()
    spelled = [SECRET.encode(), SECRET.encode("utf-16-le"), SECRET.encode("unicode_escape")]
    kept = contents(tmp_path)
    assert len(kept) > 3
    assert not [content for content in kept for text in spelled if text in content]


async def test_a_password_for_a_file_without_one_is_not_used(gateway: Desk) -> None:
    answer = await submit(gateway.as_operator, PACKAGE, document_password=SECRET)
    job, _ = await gateway.jobs.load(UUID(answer.json()["job_id"]))
    assert not job.submitted.was_encrypted


async def test_switches_of_what_is_translated_are_in_the_policy(gateway: Desk) -> None:
    answer = await submit(gateway.as_operator, extraction='{"comments": false}')
    job, _ = await gateway.jobs.load(UUID(answer.json()["job_id"]))
    policy = await get_value(gateway.objects, job.project_id, job.policy, Policy)
    assert policy.extraction == {"comments": False}
    wrong = await submit(gateway.as_operator, extraction='{"coments": false}')
    assert (wrong.status_code, code(wrong)) == (422, "request.invalid")
    assert "comments" in wrong.text
