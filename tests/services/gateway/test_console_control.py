"""The console's pages that act: interrupted jobs, parked work, reruns, and the audit of it all."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from dragoman_catalog import Role
from dragoman_contracts import events as e
from dragoman_contracts.job import Job
from dragoman_contracts.vocabulary import JobStatus, WorkKind
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Jobs
from services.gateway.browser import DOCX, act, csrf_of, sign_in
from services.gateway.console_site import EDITOR, PASSWORD, Site, console_site
from services.gateway.histories import Document

BATCH = WorkKind.TRANSLATION_BATCH


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path) as site:
        yield site


@pytest.fixture
async def ada(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that Ada, an operator, has signed in with."""
    async with browser(site) as client:
        await sign_in(client, link=await site.link())
        yield client


@pytest.fixture
async def grace(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that Grace, an admin, has signed in with."""
    users, now = site.catalog.users, SystemClock().now()
    await users.create(
        EDITOR, now, name="grace", display_name="Grace Hopper", role=Role.ADMIN, password=PASSWORD
    )
    async with browser(site) as client:
        await sign_in(client, name="grace", password=PASSWORD)
        yield client


def browser(site: Site) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://console.test")


async def halfway(site: Site, name: str = "contract.docx") -> UUID:
    """A job with one of its batches translated."""
    job_id = await site.history.submit(name, document=Document(units_a_batch=3))
    await site.history.advance(job_id, to="plan")
    await site.history.translate(job_id, 0)
    return job_id


async def cancelled(site: Site, name: str = "contract.docx") -> UUID:
    """A job that was cancelled halfway."""
    job_id = await halfway(site, name)
    await site.history.say(job_id, e.CancelRequested(), actor="user:1")
    await site.history.say(job_id, e.JobCancelled(), actor="service:intake")
    return job_id


async def parked(
    site: Site, name: str = "contract.docx", code: str = "engine.unauthorised"
) -> UUID:
    """A job with parked work."""
    job_id = await halfway(site, name)
    await site.history.park(job_id, BATCH, code, index=1)
    return job_id


async def loaded(site: Site, job_id: UUID) -> Job:
    return (await Jobs(site.store).load(job_id))[0]


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of(await client.get("/console/new"))
    return await client.post(path, data={"csrf_token": token, **fields})


def offered(page: str) -> set[str]:
    """The actions that a job's page offers."""
    names = {"cancel", "process", "resume", "retry", "rerun", "mark-failed", "discard"}
    return {name for name in names if re.search(rf'id="{name}"', page)}


async def test_a_jobs_page_offers_what_its_state_allows(ada: httpx.AsyncClient, site: Site) -> None:
    async def seen(job_id: UUID) -> set[str]:
        return offered((await ada.get(f"/console/jobs/{job_id}")).text)

    completed = await site.history.submit("done.docx")
    await site.history.advance(completed)
    assert await seen(completed) == {"rerun"}
    assert await seen(await halfway(site, "running.docx")) == {"cancel", "mark-failed"}
    stopped = await cancelled(site, "stopped.docx")
    assert await seen(stopped) == {"resume", "rerun", "discard"}
    assert await seen(await parked(site, "failed.docx")) == {"retry", "rerun", "discard"}
    await act(ada, stopped, "discard")
    assert await seen(stopped) == {"rerun"}


async def test_jobs_that_need_attention_say_what_to_do_and_go_on(
    ada: httpx.AsyncClient, site: Site
) -> None:
    assert "Nothing needs attention" in (await ada.get("/console/attention")).text
    job_id = await cancelled(site)
    await parked(site, "other.docx")
    blocked = await site.history.submit("blocked.docx")
    await site.history.block(blocked)
    review = await site.history.submit(
        "review.docx", document=Document(verdict=e.QaVerdict.NEEDS_REVIEW)
    )
    await site.history.advance(review, to="qa")
    await site.history.submit("waiting.docx")
    await site.show()
    assert "4 jobs need attention" in (await ada.get("/console/")).text
    page = (await ada.get("/console/attention")).text
    assert page.count('<li class="card"') == 4
    assert "Done: Preflight, Extraction" in page
    assert "3 of 7 units translated" in page
    assert f'action="/console/jobs/{job_id}/resume"' in page
    assert f'href="/console/jobs/{review}/review"' in page
    assert f'href="/console/new?corrects={blocked}"' in page
    only = (await ada.get("/console/attention?status=blocked")).text
    assert re.findall(r'<li class="card" id="job-([^"]+)"', only) == [str(blocked)]

    answer = await act(ada, job_id, "resume")
    assert answer.headers["location"] == f"/console/jobs/{job_id}?notice=resume"
    assert (await loaded(site, job_id)).status is JobStatus.QUEUED
    await site.show()
    assert f'id="job-{job_id}"' not in (await ada.get("/console/attention")).text


async def test_a_job_that_another_took_the_place_of_needs_no_attention(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await interrupted(ada, site)
    await site.show()
    assert "1 job needs attention" in (await ada.get("/console/")).text
    await post(ada, f"/console/jobs/{job_id}/rerun", engine="pseudo")
    await site.show()
    assert "Nothing needs attention" in (await ada.get("/console/attention")).text


async def test_the_form_for_a_corrected_document_knows_what_was_said_of_it(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await interrupted(ada, site)
    form = (await ada.get(f"/console/new?corrects={job_id}")).text
    said = dict(re.findall(r'<input id="(\w+)" name="\w+"[^>]* value="([^"]*)"', form))
    assert said["source_language"] == "en"
    assert said["target_language"] == "es"
    assert said["external_reference"] == "contract"


async def test_a_discarded_checkpoint_leaves_the_list_after_a_second_thought(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await cancelled(site)
    asked = (await ada.get(f"/console/jobs/{job_id}/confirm/discard")).text
    assert "Discard what the job has done?" in asked
    assert not (await loaded(site, job_id)).is_checkpoint_discarded, "asking does nothing"
    await act(ada, job_id, "discard")
    page = (await ada.get(f"/console/jobs/{job_id}")).text
    assert "The checkpoint was discarded" in page
    await site.show()
    assert "Nothing needs attention" in (await ada.get("/console/attention")).text
    assert (await act(ada, job_id, "resume")).status_code == 409


async def test_a_job_is_run_again_and_both_link_to_each_other(
    ada: httpx.AsyncClient, site: Site
) -> None:
    first = await submitted(ada)
    job_id = UUID(urlsplit(first.headers["location"]).path.rsplit("/", 1)[-1])
    site.history.documents[job_id] = Document()
    await site.history.advance(job_id)
    answer = await post(ada, f"/console/jobs/{job_id}/rerun", refresh="yes", engine="pseudo")
    assert answer.status_code == 303, answer.text
    again = UUID(urlsplit(answer.headers["location"]).path.rsplit("/", 1)[-1])
    assert (await loaded(site, again)).submitted.parent_job_id == job_id
    await site.show()
    new = (await ada.get(f"/console/jobs/{again}")).text
    assert f'id="parent" href="/console/jobs/{job_id}"' in new
    assert "pseudo" in new
    assert f'href="/console/jobs/{again}"' in (await ada.get(f"/console/jobs/{job_id}")).text
    twice = await post(ada, f"/console/jobs/{job_id}/rerun")
    assert twice.status_code == 409
    assert "is running" in twice.text


async def test_a_job_that_moves_no_more_is_marked_failed_and_retried(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await halfway(site)
    await act(ada, job_id, "mark-failed")
    page = (await ada.get(f"/console/jobs/{job_id}")).text
    assert "The job was marked as failed" in page
    await act(ada, job_id, "retry")
    assert (await loaded(site, job_id)).status is JobStatus.QUEUED


@pytest.mark.parametrize("path", ["nonsense", "confirm/nonsense"])
async def test_an_action_there_is_not_is_no_page(
    ada: httpx.AsyncClient, site: Site, path: str
) -> None:
    job_id = await halfway(site)
    ask = ada.get(f"/console/jobs/{job_id}/{path}") if "/" in path else act(ada, job_id, path)
    assert (await ask).status_code == 404


async def submitted(client: httpx.AsyncClient) -> httpx.Response:
    """Send the same file twice: its job is found."""
    token = csrf_of(await client.get("/console/new"))
    form = {
        "source_language": "en",
        "target_language": "es",
        "project_code": "atlas",
        "domain_pack_code": "general",
    }
    files = [("file", ("contract.docx", b"PK the same", DOCX))]
    return await client.post(
        "/console/jobs", data={"csrf_token": token, "engine": "identity", **form}, files=files
    )


async def interrupted(ada: httpx.AsyncClient, site: Site) -> UUID:
    """A job on a submitted file that was cancelled halfway."""
    first = await submitted(ada)
    job_id = UUID(urlsplit(first.headers["location"]).path.rsplit("/", 1)[-1])
    site.history.documents[job_id] = Document(units_a_batch=3)
    await site.history.advance(job_id, to="plan")
    await site.history.translate(job_id, 0)
    await site.history.say(job_id, e.CancelRequested(), e.JobCancelled())
    return job_id


async def test_a_file_whose_job_was_interrupted_offers_to_resume_or_to_start_fresh(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await interrupted(ada, site)
    found = await submitted(ada)
    assert found.status_code == 422
    assert "Incomplete job found" in found.text
    progress = re.search(r"</bdi></a>: ([\d.]+) %, just now", found.text)
    assert progress
    assert 0 < float(progress[1]) < 100
    assert f'action="/console/jobs/{job_id}/resume"' in found.text
    assert 'name="engine" value="identity"' in found.text

    fresh = await post(ada, f"/console/jobs/{job_id}/fresh", engine="identity")
    again = UUID(urlsplit(fresh.headers["location"]).path.rsplit("/", 1)[-1])
    assert (await loaded(site, job_id)).is_checkpoint_discarded
    new = await loaded(site, again)
    assert (new.submitted.parent_job_id, new.source) == (
        job_id,
        (await loaded(site, job_id)).source,
    )


async def test_parked_work_is_listed_by_code_looked_at_and_redriven(
    ada: httpx.AsyncClient, site: Site
) -> None:
    assert "Nothing is parked" in (await ada.get("/console/parked")).text
    job_id = await parked(site)
    await parked(site, "other.docx", "storage.full")
    await site.show()
    whole = (await ada.get("/console/parked")).text
    assert whole.count('id="parked-') == 2
    assert 'storage.full<span class="count">1<' in whole
    assert "Redrive all" not in whole, "that is for admins"
    one = (await ada.get("/console/parked?code=storage.full")).text
    assert "other.docx" in one
    assert "contract.docx" not in one
    assert "Nothing is parked with this code" in (await ada.get("/console/parked?code=none")).text

    base = f"/console/jobs/{job_id}/parked/translation_batch/1"
    assert f'href="{base}"' in (await ada.get(f"/console/jobs/{job_id}")).text
    details = (await ada.get(base)).text
    assert "Translation batch 2" in details
    assert "engine.unauthorised" in details
    answer = await post(ada, f"{base}/redrive")
    assert answer.headers["location"] == "/console/parked?notice=redrive"
    job = await loaded(site, job_id)
    assert (job.status, dict(job.parked)) == (JobStatus.QUEUED, {})
    assert (await ada.get(base)).status_code == 404
    assert (await post(ada, f"{base}/redrive")).headers["location"] == "/console/parked?notice=gone"


async def test_discarded_work_leaves_the_list_and_its_job_stays_failed(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await parked(site)
    await post(ada, f"/console/jobs/{job_id}/parked/translation_batch/1/discard")
    await site.show()
    assert "Nothing is parked" in (await ada.get("/console/parked")).text
    assert (await loaded(site, job_id)).status is JobStatus.FAILED


async def test_an_admin_redrives_all_of_one_code(
    ada: httpx.AsyncClient, grace: httpx.AsyncClient, site: Site
) -> None:
    first, second = await parked(site, "one.docx"), await parked(site, "two.docx")
    other = await parked(site, "three.docx", "storage.full")
    await site.show()
    assert (await post(ada, "/console/parked/redrive")).status_code == 403
    assert "Redrive all 2" in (await grace.get("/console/parked?code=engine.unauthorised")).text
    answer = await post(grace, "/console/parked/redrive", code="engine.unauthorised")
    assert "2 pieces of work redriven." in (await grace.get(answer.headers["location"])).text
    assert {(await loaded(site, job_id)).status for job_id in (first, second)} == {JobStatus.QUEUED}
    assert (await loaded(site, other)).status is JobStatus.FAILED


async def test_the_audit_is_searched_by_admins_alone(
    ada: httpx.AsyncClient, grace: httpx.AsyncClient, site: Site
) -> None:
    job_id = await cancelled(site)
    await act(ada, job_id, "resume")
    await site.show()
    assert (await ada.get("/console/audit")).status_code == 403
    assert "/console/audit" not in (await ada.get("/console/")).text
    page = (await grace.get("/console/audit?action=job.resume_requested")).text
    assert page.count('<tr role="row" id="entry-') == 1
    assert "Ada Lovelace" in page
    assert f'href="/console/jobs/{job_id}"' in page
    by_people = (await grace.get("/console/audit")).text
    everything = (await grace.get("/console/audit?who=all")).text
    assert 1 < by_people.count('id="entry-') < everything.count('id="entry-')
    assert "service:test" in everything
    assert "service:test" not in by_people
    assert "No entry matches" in (await grace.get("/console/audit?until=2001-01-01T00:00")).text
    assert (await grace.get("/console/audit?since=yesterday")).status_code == 422
    assert (await grace.get("/console/audit?cursor=strange")).status_code == 303


async def test_a_long_audit_goes_on_page_by_page(grace: httpx.AsyncClient, site: Site) -> None:
    for number in range(110):
        await site.history.submit(f"{number}.docx")
    await site.show()
    first = (await grace.get("/console/audit?action=job.submitted")).text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = (await grace.get(following[1].replace("&amp;", "&"))).text
    entries = re.findall(r'id="entry-([^"]+)"', first + second)
    assert len(entries) == len(set(entries)) == 110
