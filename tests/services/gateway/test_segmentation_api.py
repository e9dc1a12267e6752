"""Segmentation rules of a project: sent, downloaded, pinned by jobs, and used by extract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from documents.wordml import document, paragraph, run
from dragoman_contracts.pipeline import owed
from dragoman_contracts.text import UnitList
from dragoman_extract.adapters.docx import DocxUnitExtractor
from dragoman_extract.handlers import extraction_task
from dragoman_linguistics import builtin_srx
from dragoman_runtime.computing import Threads
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.worker import ProjectObjects, WorkContext
from dragoman_runtime.worker.task import ValueCache
from linguistics.srx_files import srx
from services.gateway.desks import Desk, desk

RULES = "/api/v1/projects/default/segmentation-rules"
AT_SEMICOLONS = srx(("yes", ";", r"\s"))
SOURCE = document(paragraph(run("Pay now. Or later; it is the same.")))
PLAIN = ["Pay now.", "Or later; it is the same."]
OWN = ["Pay now. Or later;", "it is the same."]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def send(gateway: Desk, rules: bytes, version: int = 1) -> httpx.Response:
    return await gateway.as_admin.put(
        RULES, files={"file": ("own.srx", rules)}, headers={"If-Match": f'"{version}"'}
    )


async def job_of_now(gateway: Desk, target: str = "de") -> UUID:
    answer = await gateway.as_operator.post(
        "/api/v1/jobs",
        data={"source_language": "en", "target_language": target, "project_code": "default"},
        files={"file": ("pay.docx", SOURCE)},
    )
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["job_id"])


async def segments(gateway: Desk, job_id: UUID) -> list[str]:
    """The segments of a job, as extract cuts them."""
    job, _ = await Jobs(gateway.store).load(job_id)
    objects = ProjectObjects(gateway.objects, job.project_id, ValueCache())
    context = WorkContext(
        job,
        owed(job)[0],
        1,
        objects,
        gateway.store,
        Jobs(gateway.store),
        Threads(),
        lambda note: None,
        asyncio.timeout(None),
    )
    outcome = await extraction_task(DocxUnitExtractor()).perform(context)
    (unit,) = (await objects.get_value(outcome.units, UnitList)).units
    return [
        "".join(part for part in each.source if isinstance(part, str))
        for each in unit.segments
        if not each.is_ignorable
    ]


async def test_a_job_is_cut_by_the_rules_of_the_day_it_was_submitted(gateway: Desk) -> None:
    first = await job_of_now(gateway)
    answer = await send(gateway, AT_SEMICOLONS)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    second = await job_of_now(gateway, "fr")
    back = await gateway.as_admin.delete(RULES, headers={"If-Match": '"2"'})
    assert back.json()["settings"]["segmentation"] is None
    third = await job_of_now(gateway, "it")
    assert [await segments(gateway, each) for each in (first, second, third)] == [PLAIN, OWN, PLAIN]


async def test_the_file_is_downloaded_the_built_in_one_to_begin_with(gateway: Desk) -> None:
    built_in = await gateway.as_admin.get(RULES)
    assert built_in.content == builtin_srx()
    await send(gateway, AT_SEMICOLONS)
    own = await gateway.as_admin.get(RULES)
    assert own.content == AT_SEMICOLONS
    assert own.headers["content-disposition"] == 'attachment; filename="default.srx"'
    assert own.headers["etag"] == '"2"'


@pytest.mark.parametrize(
    ("rules", "status", "code"),
    [
        (b"", 422, "upload.empty"),
        (b"<rules/>", 422, "segmentation.rules"),
        (srx(("yes", "(a+)+$", "")), 422, "segmentation.rules"),
        (b" " * 2_000_001, 413, "upload.too_large"),
    ],
    ids=["empty", "no SRX", "a rule that takes for ever", "too large"],
)
async def test_a_file_that_cannot_be_used_changes_nothing(
    gateway: Desk, rules: bytes, status: int, code: str
) -> None:
    answer = await send(gateway, rules)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await gateway.as_admin.get(RULES)).content == builtin_srx()


async def test_settings_name_only_rules_that_the_project_has(gateway: Desk) -> None:
    stored = (await send(gateway, AT_SEMICOLONS)).json()["settings"]["segmentation"]
    path, settings = "/api/v1/projects/default", {"segmentation": stored}
    kept = await gateway.as_admin.put(
        path, json={"name": "D", "settings": settings}, headers={"If-Match": '"2"'}
    )
    assert kept.status_code == 200, kept.text
    other = {"segmentation": {**stored, "digest": "ab" * 32}}
    refused = await gateway.as_admin.put(
        path, json={"name": "D", "settings": other}, headers={"If-Match": '"3"'}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "segmentation.rules")
    stale = await send(gateway, AT_SEMICOLONS, version=1)
    assert stale.status_code == 412
