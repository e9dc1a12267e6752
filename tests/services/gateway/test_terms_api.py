"""Glossaries over HTTP: edited, imported, exported, pinned by jobs, and what a term touches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from documents.wordml import document, paragraph, run
from dragoman_catalog import ProjectSettings, Role
from dragoman_contracts.policy import Policy
from dragoman_contracts.resources import PackSnapshot, TermList
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.objects import get_value
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.test_submission_api import code, submit

CSV = b"source,target,status\ninvoice,factura,preferred\ninvoice,boleta,forbidden\n,x,\n"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def enter(gateway: Desk, name: str = "House", **fields: object) -> dict[str, Any]:
    body = {"name": name, "source_locale": "en", "target_locale": "es", **fields}
    made = await gateway.as_admin.post("/api/v1/glossaries", json=body)
    assert made.status_code == 201, made.text
    return made.json()


async def add(gateway: Desk, glossary: dict[str, Any], **fields: object) -> dict[str, Any]:
    made = await gateway.as_admin.post(
        f"/api/v1/glossaries/{glossary['glossary_id']}/terms", json=fields
    )
    assert made.status_code == 201, made.text
    return made.json()


async def policy_of(gateway: Desk, job_id: str) -> tuple[UUID, Policy]:
    job, _ = await gateway.jobs.load(UUID(job_id))
    return job.project_id, await get_value(gateway.objects, job.project_id, job.policy, Policy)


async def test_a_glossary_is_entered_edited_and_removed(gateway: Desk) -> None:
    made = await enter(gateway, project_code="default")
    address = f"/api/v1/glossaries/{made['glossary_id']}"
    assert (made["version"], made["term_count"], made["project_code"]) == (1, 0, "default")
    stale = await gateway.as_admin.patch(address, json={"name": "X"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    edited = await gateway.as_admin.patch(
        address, json={"name": "Home", "is_automatic": False}, headers={"If-Match": '"1"'}
    )
    assert (edited.json()["name"], edited.json()["version"]) == ("Home", 2)
    assert edited.json()["source_locale"] == "en"
    listed = (await gateway.as_operator.get("/api/v1/glossaries")).json()["items"]
    assert [each["name"] for each in listed] == ["Contracts", "Home", "Technical manual"]
    gone = await gateway.as_admin.delete(address, headers={"If-Match": '"2"'})
    assert gone.status_code == 204
    assert (await gateway.as_operator.get(address)).status_code == 404


async def test_a_file_is_imported_after_a_dry_run_and_comes_out_again(gateway: Desk) -> None:
    made = await enter(gateway)
    address = f"/api/v1/glossaries/{made['glossary_id']}"
    files = {"file": ("terms.csv", CSV)}
    for dry_run in ("true", "false"):
        answer = await gateway.as_admin.post(
            f"{address}/imports", files=files, params={"dry_run": dry_run}
        )
        report = answer.json()
        assert (report["added"], report["rejected"], report["format"]) == (2, 1, "csv")
        assert report["rejections"][0]["place"] == "row 4"
        assert report["glossary"]["term_count"] == (0 if dry_run == "true" else 2)
    for format_ in ("tbx", "csv", "xlsx"):
        out = await gateway.as_operator.get(f"{address}/export", params={"format": format_})
        assert out.headers["content-disposition"].endswith(f"House.{format_}")
        back = await gateway.as_admin.post(
            f"{address}/imports", files={"file": ("back", out.content)}, params={"mode": "replace"}
        )
        assert (back.json()["unchanged"], back.json()["glossary"]["version"]) == (2, 2), format_
    bad = await gateway.as_admin.post(f"{address}/imports", files={"file": ("x", b"<html/>")})
    assert (bad.status_code, code(bad)) == (422, "exchange.unreadable")
    terms = (await gateway.as_operator.get(f"{address}/terms", params={"limit": 1})).json()
    more = await gateway.as_operator.get(
        f"{address}/terms", params={"limit": 1, "cursor": terms["next_cursor"]}
    )
    assert [terms["items"][0]["target"], more.json()["items"][0]["target"]] == ["boleta", "factura"]
    assert more.json()["next_cursor"] is None


async def test_only_admins_edit_and_nobody_sees_what_is_another_projects(gateway: Desk) -> None:
    await gateway.catalog.projects.create(
        TESTER, SystemClock().now(), code="secret", name="S", settings=ProjectSettings()
    )
    theirs = await enter(gateway, "Theirs", project_code="secret")
    everybodys = await enter(gateway, "Everybody's")
    narrow = await gateway.client(Role.ADMIN, "default")
    address = f"/api/v1/glossaries/{theirs['glossary_id']}"
    assert (await narrow.get(address)).status_code == 404
    assert "Theirs" not in (await narrow.get("/api/v1/glossaries")).text
    for body, wanted in (
        ({"name": "N"}, 403),
        ({"name": "N", "project_code": "secret"}, 403),
        ({"name": "N", "project_code": "default"}, 201),
    ):
        assert (await narrow.post("/api/v1/glossaries", json=body)).status_code == wanted
    terms = f"/api/v1/glossaries/{everybodys['glossary_id']}/terms"
    body = {"source": "a", "target": "b"}
    assert (await narrow.post(terms, json=body)).status_code == 403
    assert (await gateway.as_operator.post(terms, json=body)).status_code == 403
    assert (await narrow.post(f"{address}/retranslate-affected")).status_code == 404
    await narrow.aclose()
    refused = await submit(gateway.as_operator, glossaries=theirs["glossary_id"])
    assert (refused.status_code, code(refused)) == (422, "glossary.unknown")


async def test_bad_terms_are_refused_with_the_field(gateway: Desk) -> None:
    made = await enter(gateway)
    address = f"/api/v1/glossaries/{made['glossary_id']}/terms"
    for body in (
        {"source": " "},
        {"source": "a"},
        {"source": "a\u0000", "target": "b"},
        {"source": "a", "target": "b", "source_locale": "fr"},
        {"source": "a" * 501, "target": "b"},
        {"source": "a", "target": "b", "status": "liked"},
    ):
        assert (await gateway.as_admin.post(address, json=body)).status_code == 422, body
    await add(gateway, made, source="a", target="b")
    twice = await gateway.as_admin.post(address, json={"source": "a", "target": "b"})
    assert (twice.status_code, code(twice)) == (409, "catalog.exists")


async def test_a_job_keeps_the_terms_and_the_pack_it_was_submitted_with(gateway: Desk) -> None:
    house = await enter(gateway)
    asked = await enter(gateway, "Asked", is_automatic=False)
    term = (await add(gateway, house, source="invoice", target="factura"))["term"]
    await add(gateway, asked, source="invoice", target="boleta")
    answer = await submit(
        gateway.as_operator,
        glossaries=asked["glossary_id"],
        domain_pack_code="contracts",
        source_language="en",
        target_language="es-MX",
    )
    project, policy = await policy_of(gateway, answer.json()["job_id"])
    assert policy.terms is not None
    assert policy.pack is not None
    pinned = await get_value(gateway.objects, project, policy.terms, TermList)
    assert [name for _, _, name in pinned.glossaries] == ["Asked", "Contracts", "House"]
    assert {each.source: each.target for each in pinned.terms}["invoice"] == "boleta"
    pack = await get_value(gateway.objects, project, policy.pack, PackSnapshot)
    assert (pack.code, pack.version) == ("contracts", 1)
    await gateway.as_admin.patch(
        f"/api/v1/glossaries/{house['glossary_id']}/terms/{term['term_id']}",
        json={"target": "cuenta"},
    )
    again = await policy_of(gateway, answer.json()["job_id"])
    assert again[1] == policy
    plain = await submit(gateway.as_operator, name="b.docx", target_language="de")
    assert (await policy_of(gateway, plain.json()["job_id"]))[1].terms is None


async def test_a_changed_term_tells_what_it_touches_and_opens_jobs_for_just_those(
    gateway: Desk,
) -> None:
    house = await enter(gateway)
    address = f"/api/v1/glossaries/{house['glossary_id']}"
    jobs: list[str] = []
    for name in ("one.docx", "two.docx"):
        answer = await submit(gateway.as_operator, name=name, target_language="es")
        jobs.append(answer.json()["job_id"])
        await gateway.advance(jobs[-1], to="reassembly")
    await gateway.project()
    source = (await gateway.as_operator.get(f"/api/v1/jobs/{jobs[0]}/units")).json()["items"][0]
    word = source["source"].split()[-1].strip(".")
    made = await add(gateway, house, source=word, target="x")
    assert (made["affected_jobs"], made["is_complete"]) == (2, True)
    none = await add(gateway, house, source="nowhere to be found", target="y")
    assert none["affected_units"] == 0
    found = (
        await gateway.as_operator.get(
            f"{address}/affected-units", params={"term_id": made["term"]["term_id"]}
        )
    ).json()
    assert found["affected_units"] == made["affected_units"]
    assert {each["job_id"] for each in found["items"]} == set(jobs)
    assert all(word in unit["source"] for each in found["items"] for unit in each["units"])

    opened = (await gateway.as_operator.post(f"{address}/retranslate-affected")).json()
    assert opened["opened_count"] == 2, opened
    for each in opened["items"]:
        job, _ = await gateway.jobs.load(UUID(each["new_job_id"]))
        assert job.submitted.parent_job_id == UUID(each["job_id"])
        project, policy = await policy_of(gateway, each["new_job_id"])
        assert policy.terms is not None
        pinned = await get_value(gateway.objects, project, policy.terms, TermList)
        assert word in {term.source for term in pinned.terms}
    again = (await gateway.as_operator.post(f"{address}/retranslate-affected")).json()
    assert {each["new_job_id"] for each in again["items"]} == {
        each["new_job_id"] for each in opened["items"]
    }


async def test_candidates_of_a_document_leave_out_what_a_glossary_has(gateway: Desk) -> None:
    house = await enter(gateway)
    await add(gateway, house, source="relief valve", target="válvula de alivio")
    text = "Open the relief valve of the feed pump. The relief valve and the feed pump are old."
    for content in (text.encode(), document(paragraph(run(text)))):
        answer = await gateway.as_operator.post(
            "/api/v1/term-candidates",
            data={"source_language": "en", "glossary_id": house["glossary_id"]},
            files={"file": ("a", content)},
        )
        assert [each["text"] for each in answer.json()["items"]] == ["feed pump"], answer.text
    for content, wanted in ((b"", "upload.empty"), (b"\xff\xfe\xff", "upload.unreadable")):
        answer = await gateway.as_operator.post(
            "/api/v1/term-candidates",
            data={"source_language": "en"},
            files={"file": ("a", content)},
        )
        assert (answer.status_code, code(answer)) == (422, wanted)
