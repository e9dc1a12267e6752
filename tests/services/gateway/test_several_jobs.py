"""What is done with several jobs at once: their results in one ZIP, and cancel and resume."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from dragoman_catalog import Role
from dragoman_contracts import events as e
from dragoman_gateway.artifacts.results import LEFT_OUT, ZipWriter
from services.gateway.browser import csrf_of, submit
from services.gateway.console_site import Site
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import code
from services.gateway.test_submission_api import submit as submitted


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


def entries(answer: httpx.Response) -> dict[str, bytes]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def act_on(client: httpx.AsyncClient, url: str, job_ids: list[UUID]) -> httpx.Response:
    token = csrf_of(await client.get("/console/new"))
    chosen = [str(each) for each in job_ids]
    return await client.post(url, data={"csrf_token": token, "job": chosen})


async def names_of(site: Site, job_id: UUID) -> list[str]:
    return [each.recorded.data.name for each in await site.store.read(job_id)]


async def opened(gateway: Desk, name: str, content: bytes, **fields: str) -> str:
    answer = await submitted(gateway.as_operator, content, name=name, **fields)
    return str(answer.json()["job_id"])


async def test_results_of_several_jobs_come_in_one_zip_which_names_what_is_missing(
    gateway: Desk,
) -> None:
    done = [await opened(gateway, f"{name}.docx", f"PK {name}".encode()) for name in ("one", "two")]
    waiting = await opened(gateway, "waiting.docx", b"PK3")
    for job_id in done:
        await gateway.advance(job_id, to="reassembly")
    await gateway.project()

    found = entries(await gateway.as_operator.get("/api/v1/results"))

    assert set(found) == {"one.de-CH.docx", "two.de-CH.docx", LEFT_OUT}
    listed = (await gateway.as_operator.get(f"/api/v1/jobs/{done[0]}/artifacts")).json()["items"]
    final = next(each for each in listed if each["kind"] == "final_docx")
    alone = await gateway.as_nobody.get(final["download_url"])
    assert found["one.de-CH.docx"] == alone.content
    assert f"waiting.docx: queued ({waiting})" in found[LEFT_OUT].decode()
    only = await gateway.as_operator.get("/api/v1/results?status=completed&q=two")
    assert set(entries(only)) == {"two.de-CH.docx"}
    none = entries(await gateway.as_operator.get("/api/v1/results?q=nothing"))
    assert set(none) == {LEFT_OUT}


async def test_results_are_of_the_projects_that_the_caller_sees(gateway: Desk) -> None:
    job_id = await opened(gateway, "one.docx", b"PK1")
    await gateway.advance(job_id, to="reassembly")
    await gateway.project()
    stranger = await gateway.client(Role.OPERATOR, "other")

    answer = await stranger.get("/api/v1/results")

    assert set(entries(answer)) == {LEFT_OUT}
    assert (await gateway.as_nobody.get("/api/v1/results")).status_code == 401
    await stranger.aclose()


async def test_more_jobs_than_one_zip_takes_are_refused_with_the_cure(
    gateway: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragoman_gateway.artifacts.desk.MOST_RESULTS", 1)
    for number in range(2):
        await opened(gateway, f"{number}.docx", b"PK%d" % number)
    await gateway.project()

    answer = await gateway.as_operator.get("/api/v1/results")

    assert (answer.status_code, code(answer)) == (422, "request.invalid")
    assert "narrow the filter" in answer.text


async def test_jobs_of_one_upload_are_found_by_it(ada: httpx.AsyncClient, site: Site) -> None:
    answer = await submit(ada, "one.docx", "two.docx")
    await site.history.submit("another.docx")
    await site.show()

    page = await ada.get(answer.headers["location"])
    broken = await ada.get("/console/?submission=nonsense")

    assert re.findall(r"<bdi>(\w+\.docx)</bdi></a>", page.text) == ["two.docx", "one.docx"]
    assert broken.status_code == 422


async def test_several_jobs_are_cancelled_and_resumed_but_for_those_left_out(
    ada: httpx.AsyncClient, site: Site
) -> None:
    names = ("one.docx", "two.docx", "three.docx")
    ids = {name: await site.history.submit(name) for name in names}
    for each in ids.values():
        await site.history.advance(each, to="preflight")
    await site.history.advance(await site.history.submit("done.docx"))
    await site.show()
    listed = await ada.get("/console/")
    assert 'href="/console/several?action=cancel"' in listed.text
    assert 'href="/console/results"' in listed.text
    page = await ada.get("/console/several?action=cancel")
    assert "done.docx" not in page.text
    assert page.text.count('type="checkbox"') == 3

    chosen = [ids["one.docx"], ids["two.docx"]]
    answer = await act_on(ada, "/console/several?action=cancel", chosen)

    assert answer.headers["location"] == "/console/?notice=several"
    asked = [await names_of(site, each) for each in ids.values()]
    assert [events.count("job.cancel_requested") for events in asked] == [1, 1, 0]
    for each in chosen:
        await site.history.say(each, e.JobCancelled(), actor="service:intake")
    await site.show()
    await act_on(ada, "/console/several?action=resume", chosen)
    assert (await names_of(site, chosen[0]))[-1] == "job.resume_requested"


async def test_a_job_that_refuses_is_named_and_the_others_are_done(
    ada: httpx.AsyncClient, site: Site
) -> None:
    first, second = await site.history.submit("first.docx"), await site.history.submit("2.docx")
    await site.show()
    await site.history.advance(first)  # the view does not know yet

    answer = await act_on(ada, "/console/several?action=cancel", [first, second])

    assert answer.status_code == 409
    assert "Not done for 1 job:" in answer.text
    assert "first.docx" in answer.text
    assert "job.cancel_requested" in await names_of(site, second)
    assert (await ada.get("/console/several?action=burn")).status_code == 404


async def test_entries_of_one_name_are_told_apart() -> None:
    async def chunks(data: bytes) -> AsyncIterator[bytes]:
        yield data

    writer, data = ZipWriter(), bytearray()
    for name in ("a.docx", "A.docx", "a.docx", "folder/a.docx"):
        async for piece in writer.entry(name, chunks(name.encode())):
            data += piece
    data += writer.end()

    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        assert archive.namelist() == ["a.docx", "A (2).docx", "a (3).docx", "folder/a.docx"]
        assert archive.read("A (2).docx") == b"A.docx"
