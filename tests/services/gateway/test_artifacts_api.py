"""Artifacts and their signed downloads over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_catalog import Role
from dragoman_contracts.events import ArtifactErased, PhaseFinished
from dragoman_contracts.identity import project_id
from dragoman_contracts.references import DOCX_MEDIA_TYPE, ArtifactKind, NamedObject
from dragoman_gateway.artifacts.desk import ReplayPackage
from dragoman_gateway.web.downloads import content_disposition
from services.gateway.desks import OPTIONS, Desk, desk
from services.gateway.test_submission_api import code, submit


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def artifacts(gateway: Desk, job_id: str) -> dict[str, dict[str, str]]:
    answer = await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/artifacts")
    return {each["kind"]: each for each in answer.json()["items"]}


async def test_a_signed_address_gives_the_artifact_to_who_is_not_signed_in(gateway: Desk) -> None:
    answer = await submit(gateway.as_operator, b"PK source!" * 19_000, name="Vertrag é.docx")
    job_id = answer.json()["job_id"]
    await gateway.advance(job_id, to="reassembly")
    listed = await artifacts(gateway, job_id)
    source = await gateway.as_nobody.get(listed["source_docx"]["download_url"])
    assert source.status_code == 200
    assert source.content == b"PK source!" * 19_000
    assert source.headers["content-type"] == DOCX_MEDIA_TYPE
    assert source.headers["content-length"] == "190000"
    assert source.headers["content-disposition"] == (
        "attachment; filename=\"Vertrag e.docx\"; filename*=UTF-8''Vertrag%20%C3%A9.docx"
    )
    assert listed["final_docx"]["file_name"] == "Vertrag é.de-CH.docx"
    assert listed["qa_report"]["file_name"] == "Vertrag é.qa_report.json"
    report = await gateway.as_nobody.get(listed["qa_report"]["download_url"])
    assert report.json()["verdict"] == "reassembly_pending"


@pytest.mark.parametrize(
    ("name", "translated", "media_type"),
    [
        ("Forms.docm", "Forms.de-CH.docm", "application/vnd.ms-word.document.macroEnabled.12"),
        (
            "Letter.DOTX",
            "Letter.de-CH.DOTX",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
        ),
        ("no suffix", "no suffix.de-CH.docx", DOCX_MEDIA_TYPE),
        ("v1.2", "v1.de-CH.docx", DOCX_MEDIA_TYPE),
    ],
)
async def test_a_translation_keeps_the_suffix_that_word_insists_on(
    gateway: Desk, name: str, translated: str, media_type: str
) -> None:
    job_id = (await submit(gateway.as_operator, name=name)).json()["job_id"]
    await gateway.advance(job_id, to="reassembly")
    final = (await artifacts(gateway, job_id))["final_docx"]
    assert (final["file_name"], final["media_type"]) == (translated, media_type)


async def test_an_address_that_was_changed_or_not_signed_is_refused(gateway: Desk) -> None:
    job_id = (await submit(gateway.as_operator)).json()["job_id"]
    url = (await artifacts(gateway, job_id))["source_docx"]["download_url"]
    later = url.replace("expires=1", "expires=2")
    other_kind = url.replace("/source_docx/", "/final_docx/")
    for changed in (later, other_kind, url[:-1] + ("0" if url[-1] != "0" else "1")):
        refused = await gateway.as_nobody.get(changed)
        assert (refused.status_code, code(refused)) == (403, "download.bad_signature")
    assert (await gateway.as_nobody.get(url.split("?")[0])).status_code == 422
    assert (await gateway.as_nobody.get(f"/api/v1/jobs/{job_id}/artifacts")).status_code == 401


async def test_an_address_stops_working_when_it_expires(tmp_path: Path) -> None:
    async with desk(
        tmp_path, options=replace(OPTIONS, download_ttl=timedelta(seconds=-1))
    ) as gateway:
        job_id = (await submit(gateway.as_operator)).json()["job_id"]
        url = (await artifacts(gateway, job_id))["source_docx"]["download_url"]
        gone = await gateway.as_nobody.get(url)
        assert (gone.status_code, code(gone)) == (410, "download.expired")


async def test_an_erased_artifact_and_a_missing_object_are_gone_and_not_a_torso(
    gateway: Desk,
) -> None:
    job_id = (await submit(gateway.as_operator)).json()["job_id"]
    source = (await artifacts(gateway, job_id))["source_docx"]
    await gateway.objects.delete(project_id("default"), source["sha256"])
    missing = await gateway.as_nobody.get(source["download_url"])
    assert (missing.status_code, code(missing)) == (410, "object.missing")
    erased = ArtifactErased(kind=ArtifactKind.SOURCE_DOCX, digest=source["sha256"])
    await gateway.history.say(UUID(job_id), erased)
    gone = await gateway.as_nobody.get(source["download_url"])
    assert (gone.status_code, code(gone)) == (410, "artifact.erased")
    assert await artifacts(gateway, job_id) == {}


async def test_files_of_a_command_are_listed_and_downloaded_by_their_names(
    gateway: Desk,
) -> None:
    job_id = (await submit(gateway.as_operator)).json()["job_id"]
    same = await gateway.objects.put(project_id("default"), b"# Text", "text/markdown")
    log = await gateway.objects.put(project_id("default"), b"done", "text/plain")
    files = tuple(NamedObject(name=name, object=same) for name in ("a.md", "pages/b.md"))
    await gateway.history.say(
        UUID(job_id), PhaseFinished(phase="preflight", artifacts=files, log=log)
    )
    answer = await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/artifacts")
    found = [each for each in answer.json()["items"] if each["name"]]
    assert [(each["kind"], each["name"], each["file_name"]) for each in found] == [
        ("file", "a.md", "a.md"),
        ("file", "pages/b.md", "b.md"),
        ("command_log", "preflight.log", "contract.preflight.log"),
    ]
    for each in found:
        got = await gateway.as_nobody.get(each["download_url"])
        assert got.status_code == 200
        assert f'filename="{each["file_name"]}"' in got.headers["content-disposition"]


@pytest.mark.parametrize("name", ['a"b;c\\d.docx', "договор.docx", "a/b.docx", "."])
def test_a_file_name_never_breaks_out_of_its_header(name: str) -> None:
    header = content_disposition(name)
    header.encode("ascii")
    plain = header.split('"')
    assert len(plain) == 3
    assert plain[1]
    assert not set(plain[1]) & set("\\/;")


async def test_a_verified_job_is_packed_up_and_again_gives_the_same_package(
    gateway: Desk, tmp_path: Path
) -> None:
    job_id = (await submit(gateway.as_operator)).json()["job_id"]
    early = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/replay")
    assert (early.status_code, code(early)) == (409, "job.not_verified")
    await gateway.advance(job_id, to="reassembly")
    made = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/replay")
    assert made.status_code == 201, made.text
    package = made.json()
    assert (package["kind"], package["media_type"]) == ("replay_package", "application/zip")
    assert package["file_name"].endswith(".replay_package.zip")
    downloaded = await gateway.as_nobody.get(package["download_url"])
    path = tmp_path / "package.zip"
    path.write_bytes(downloaded.content)
    opened = ReplayPackage.open(path)
    assert str(opened.manifest.job_id) == job_id

    version = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()["version"]
    again = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/replay")
    assert again.json()["sha256"] == package["sha256"]
    assert (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()["version"] == version
    async with await gateway.client(Role.OPERATOR, "legal") as stranger:
        assert (await stranger.post(f"/api/v1/jobs/{job_id}/replay")).status_code == 404


async def test_a_download_answers_head_and_goes_on_where_it_broke_off(gateway: Desk) -> None:
    content = (b"PK" + bytes(range(256)) * 500)[:128_000]
    job_id = (await submit(gateway.as_operator, content)).json()["job_id"]
    url = (await artifacts(gateway, job_id))["source_docx"]["download_url"]
    whole = await gateway.as_nobody.get(url)
    head = await gateway.as_nobody.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "content-disposition", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    for asked, first, last in (
        ("bytes=0-9", 0, 9),
        ("bytes=127990-", 127_990, 127_999),
        ("bytes=-5", 127_995, 127_999),
        ("bytes=100-999999", 100, 127_999),
    ):
        part = await gateway.as_nobody.get(url, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, content[first : last + 1]), asked
        assert part.headers["content-range"] == f"bytes {first}-{last}/128000"
    for asked in ("bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=-"):
        assert (await gateway.as_nobody.get(url, headers={"Range": asked})).status_code == 200
    behind = await gateway.as_nobody.get(url, headers={"Range": "bytes=128000-"})
    assert (behind.status_code, code(behind)) == (416, "request.range_refused")
    assert behind.headers["content-range"] == "bytes */128000"
    again = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert (await gateway.as_nobody.get(url, headers=again)).content == content
    again["If-Range"] = whole.headers["etag"]
    assert (await gateway.as_nobody.get(url, headers=again)).content == content[:10]
    assert (await gateway.as_nobody.head(url[:-1] + "x")).status_code == 403
