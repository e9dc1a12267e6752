"""Jobs that are about no document: opened on a source, an object or nothing, shown,
followed and acted on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid5

import httpx
import pytest

from contracts import generic
from contracts.streams import ref
from dragoman_contracts import events as e
from dragoman_contracts.identity import new_id, project_id
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.references import NamedObject
from dragoman_contracts.subject import SubjectKind, SubjectRef
from dragoman_contracts.subject_state import Subject
from dragoman_gateway.jobs.opening import JobOpener, JobOrder, Opening
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.errors import RunningJobError
from dragoman_gateway.web.principals import local_principal
from dragoman_runtime.clock import SystemClock
from services.gateway.browser import sign_in
from services.gateway.desks import Desk, desk

PROJECT = project_id("default")
SOURCE = uuid5(PROJECT, "source:wikivoyage")


@pytest.fixture(autouse=True)
def steps() -> Iterator[None]:
    with generic.extra_steps():
        yield


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


def opener(gateway: Desk) -> JobOpener:
    clock = SystemClock()
    actors = Actors(gateway.objects, "test")
    return JobOpener(store=gateway.store, jobs=gateway.jobs, clock=clock, actors=actors)


def order(subject: SubjectRef | None, scope: str = "", job_id: UUID | None = None) -> JobOrder:
    pipeline = generic.regenerate_source()
    submitted = e.JobSubmitted(
        subject=subject,
        scope=scope,
        inputs=(NamedObject(name="articles", object=ref("articles")),),
        pipeline=pipeline,
        rules=e.JobRules(),
        request_digest="0" * 64,
        first_kind=first_kind(pipeline),
        first_phase=pipeline.phases[0].key,
    )

    def opening(known: Subject | None) -> Opening:
        is_new = known is None and subject is not None
        return Opening(submitted, (e.SourceRegistered(record=ref("the source")),) if is_new else ())

    return JobOrder(job_id or new_id(), PROJECT, subject.id if subject else None, opening, "0" * 64)


ON_SOURCE = SubjectRef(kind=SubjectKind.SOURCE, id=SOURCE)


async def test_a_source_has_one_running_job_and_a_trial_beside_it(gateway: Desk) -> None:
    open_ = opener(gateway).open
    first = await open_(order(ON_SOURCE), local_principal())
    with pytest.raises(RunningJobError) as caught:
        await open_(order(ON_SOURCE), local_principal())
    assert caught.value.job_id == first.job.job_id
    trial = await open_(order(ON_SOURCE, scope="a trial"), local_principal())
    assert trial.job.submitted.scope == "a trial"
    events = [each.recorded.data for each in await gateway.store.read(SOURCE)]
    assert [type(each) for each in events] == [
        e.SourceRegistered,
        e.SubjectJobOpened,
        e.SubjectJobOpened,
    ]


async def test_a_job_on_nothing_runs_beside_any_other(gateway: Desk) -> None:
    open_ = opener(gateway).open
    one, two = [await open_(order(None), local_principal()) for _ in range(2)]
    assert one.job.submitted.subject is None
    assert one.job.job_id != two.job.job_id


@pytest.mark.parametrize("subject", [ON_SOURCE, None], ids=["source", "nothing"])
async def test_a_job_without_a_document_is_shown_by_api_and_console(
    gateway: Desk, subject: SubjectRef | None
) -> None:
    job_id = (await opener(gateway).open(order(subject), local_principal())).job.job_id
    await gateway.project()
    client = gateway.as_operator
    shown = (await client.get(f"/api/v1/jobs/{job_id}")).json()
    said = subject.model_dump(mode="json") if subject else None
    assert (shown["subject"], shown["document_id"], shown["source_language"]) == (said, None, None)
    (row,) = (await client.get("/api/v1/jobs")).json()["items"]
    assert (row["subject"], row["document_version"], row["target_language"]) == (said, None, None)
    pages = await signed_in(gateway)
    for path in ("/console/", f"/console/jobs/{job_id}", f"/console/jobs/{job_id}/events/1"):
        page = await pages.get(path)
        assert page.status_code == 200, page.text
        assert "regenerate_source" in page.text
        assert "Erased name" not in page.text
    await pages.aclose()


async def test_a_job_without_a_document_is_cancelled_and_resumed_but_not_rerun(
    gateway: Desk,
) -> None:
    job_id = (await opener(gateway).open(order(ON_SOURCE), local_principal())).job.job_id
    client = gateway.as_operator
    assert (await client.post(f"/api/v1/jobs/{job_id}/mark-failed")).status_code in {200, 202}
    again = await client.post(f"/api/v1/jobs/{job_id}/resume")
    assert again.status_code in {200, 202}, again.text
    last = (await gateway.store.read(SOURCE))[-1].recorded.data
    assert isinstance(last, e.SubjectJobOpened)  # it took its scope again
    rerun = await client.post(f"/api/v1/jobs/{job_id}/rerun")
    assert (rerun.status_code, rerun.json()["code"]) == (409, "job.not_rerunnable")


async def signed_in(gateway: Desk) -> httpx.AsyncClient:
    """A browser of the operator."""
    client = httpx.AsyncClient(base_url=gateway.url, follow_redirects=True)
    page = await sign_in(client, name="olga", password="a long password")
    assert page.status_code == 200, page.text
    return client
