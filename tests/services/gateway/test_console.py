"""The console's pages over a real store: sign-in, list, submission, a job live, its units,
and what goes wrong.
"""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from typing_extensions import override

from dragoman_contracts import events as e
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.web.rendering import asset
from dragoman_runtime.eventstore import Jobs
from services.gateway.browser import act, submit
from services.gateway.console_site import Site
from services.gateway.histories import Document, repeated

NEEDS_REVIEW = Document(verdict=e.QaVerdict.NEEDS_REVIEW)


class Inline(HTMLParser):
    """Collects what a strict content security policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [
            f"{tag} {name}" for name in names if name.startswith("on") or name == "style"
        ]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)


async def test_an_empty_list_says_what_to_do_first(ada: httpx.AsyncClient) -> None:
    answer = await ada.get("/console/")
    assert "No documents yet" in answer.text
    assert 'href="/console/new"' in answer.text


async def test_the_list_shows_jobs_with_counts_and_filters(
    ada: httpx.AsyncClient, site: Site
) -> None:
    await site.history.advance(await site.history.submit("done.docx"))
    await site.history.submit("waiting.docx")
    await site.show()
    everything = await ada.get("/console/")
    assert re.search(r"All<span class=\"count\">2<", everything.text)
    assert re.search(r"Completed<span class=\"count\">1<", everything.text)
    completed = await ada.get("/console/?status=completed")
    assert "done.docx" in completed.text
    assert "waiting.docx" not in completed.text
    found = await ada.get("/console/?q=WAIT")
    assert "waiting.docx" in found.text
    assert "done.docx" not in found.text
    assert "No job matches" in (await ada.get("/console/?q=nothing")).text
    narrowed = await ada.get("/console/?language=es&first_day=2020-01-01&submitter=nobody")
    assert "No job matches" in narrowed.text
    assert 'value="2020-01-01"' in narrowed.text
    assert "done.docx" in (await ada.get("/console/?language=ES&last_day=nonsense")).text


async def test_a_long_list_goes_on_page_by_page(ada: httpx.AsyncClient, site: Site) -> None:
    for number in range(60):
        await site.history.submit(f"{number}.docx")
    await site.show()
    first = await ada.get("/console/")
    following = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert following
    second = await ada.get(following[1].replace("&amp;", "&"))
    names = re.findall(r"<bdi>(\d+)\.docx</bdi>", first.text + second.text)
    assert sorted(map(int, names)) == list(range(60))
    assert 'rel="next"' not in second.text
    assert (await ada.get("/console/?cursor=nonsense")).headers["location"] == "/console/"


async def test_document_text_is_shown_as_text_whatever_it_holds(
    ada: httpx.AsyncClient, site: Site
) -> None:
    evil = '"><script>alert(1)</script>'
    job_id = await site.history.submit(f"{evil}.docx", document=Document(((evil, "{{ 7*7 }}"),)))
    await site.history.advance(job_id, to="qa")
    await site.show()
    for path in (
        "/console/",
        f"/console/jobs/{job_id}",
        f"/console/jobs/{job_id}/units",
        f"/console/?q={evil}",
    ):
        answer = await ada.get(path)
        assert "<script>alert" not in answer.text, path
        assert "&lt;script&gt;alert(1)" in answer.text, path
    assert "{{ 7*7 }}" in (await ada.get(f"/console/jobs/{job_id}/units")).text


async def test_pages_hold_nothing_inline_and_forbid_it(ada: httpx.AsyncClient, site: Site) -> None:
    job_id = await site.history.submit("contract.docx", document=NEEDS_REVIEW)
    await site.history.advance(job_id, to="qa")
    await site.show()
    paths = [
        "/console/",
        "/console/new",
        "/api/docs",
        f"/console/jobs/{job_id}",
        f"/console/jobs/{job_id}?at=3",
        f"/console/jobs/{job_id}/events/3",
        f"/console/jobs/{job_id}/units",
        "/console/attention",
        "/console/parked",
        "/console/sign-in",
    ]
    for path in [*paths, "/console/nothing"]:
        answer = await ada.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        page = Inline()
        page.feed(answer.text)
        assert page.found == [], path
        assert not re.search(r'(src|href)="(https?:)?//', answer.text), path


async def test_one_file_becomes_a_job_that_the_browser_is_led_to(
    ada: httpx.AsyncClient, site: Site
) -> None:
    answer = await submit(
        ada, "contract.docx", target_language="de_ch", engine="identity", document_title="Contract"
    )
    assert answer.status_code == 303
    job_id = UUID(urlsplit(answer.headers["location"]).path.rsplit("/", 1)[-1])
    job, _ = await Jobs(site.store).load(job_id)
    assert job.locales.target == "de-CH"
    page = await ada.get(answer.headers["location"])
    assert "contract.docx" in page.text
    assert "Submitted. The page follows the job." in page.text
    assert "identity" in page.text


async def test_several_files_become_several_jobs_of_one_submission(
    ada: httpx.AsyncClient, site: Site
) -> None:
    answer = await submit(ada, "one.docx", "two.docx", "three.docx")
    await site.history.submit("another.docx")
    await site.show()
    led_to = await ada.get(answer.headers["location"])
    assert "The documents of one upload." in led_to.text
    ids = re.findall(r'id="job-([0-9a-f-]+)"', led_to.text)
    loaded = [(await Jobs(site.store).load(UUID(job_id)))[0] for job_id in ids]
    assert len(loaded) == 3
    assert len({job.submitted.submission_id for job in loaded}) == 1


@pytest.mark.parametrize(
    ("names", "fields", "field", "said"),
    [
        ((), {}, "file", "Choose at least one Word document."),
        (("a.docx",), {"target_language": ""}, "target_language", "Target language is needed."),
        (
            ("a.docx",),
            {"target_language": "no language!"},
            "target_language",
            "is not a BCP-47 language tag",
        ),
        (("a.docx",), {"target_language": "en"}, "target_language", "the same"),
        (("a.docx",), {"target_language": "spanish"}, "target_language", "Did you mean es?"),
        (("a.docx",), {"source_language": "xx"}, "source_language", "no language that is"),
        (("a.docx",), {"target_language": "tlh"}, "target_language", "Nobody translates into"),
        (("a.docx",), {"metadata": "[1]"}, "metadata", "Metadata must be a JSON object."),
        (("a.docx",), {"project_code": "none"}, "project_code", "No project has this code."),
        (("a.docx",), {"revision_strategy": "none"}, "revision_strategy", "Revision strategy"),
        (("a.docx", "b.docx"), {"document_title": "Both"}, "document_title", "for one file only"),
    ],
)
async def test_what_is_wrong_is_said_above_the_form_and_beside_its_field(
    ada: httpx.AsyncClient,
    site: Site,
    names: tuple[str, ...],
    fields: dict[str, str],
    field: str,
    said: str,
) -> None:
    answer = await submit(ada, *names, **fields)
    assert answer.status_code == 422
    assert re.search(
        rf'<a href="#{field}">[^<]*{re.escape(said)}', answer.text.replace("&#39;", "'")
    )
    assert f'aria-describedby="{field}-error"' in answer.text
    assert await site.store.head_position() == 0
    for name, value in fields.items():
        if name != "project_code" and name != "revision_strategy" and value != "[1]":
            assert f'value="{value}"' in answer.text


async def test_files_that_were_taken_are_said_beside_those_that_were_not(
    ada: httpx.AsyncClient,
) -> None:
    await submit(ada, "one.docx")
    answer = await submit(ada, "one.docx", "two.docx")
    assert answer.status_code == 422
    assert "Some files were not taken" in answer.text
    assert "is running already" in answer.text
    assert re.search(r"Submitted:.*two\.docx", answer.text, re.DOTALL)


async def test_a_job_tells_its_stages_counts_and_files(ada: httpx.AsyncClient, site: Site) -> None:
    job_id = await site.history.submit("contract.docx", document=repeated(50))
    await site.history.advance(job_id, to="plan")
    await site.history.translate(job_id, 0)
    page = (await ada.get(f"/console/jobs/{job_id}")).text
    assert "25 of 50" in page
    assert re.search(r'aria-current="step">.*Translation', page, re.DOTALL)
    assert f'data-follow="/console/jobs/{job_id}/live?after=' in page
    assert "Download translation" not in page
    await site.history.advance(job_id, after="plan")
    done = (await ada.get(f"/console/jobs/{job_id}")).text
    assert "Download translation" in done
    assert 'data-follow=""' in done
    assert done.count("download>") == 6


async def test_what_went_wrong_is_said_with_its_cure(ada: httpx.AsyncClient, site: Site) -> None:
    blocked = await site.history.submit("blocked.docx")
    await site.history.block(blocked)
    page = (await ada.get(f"/console/jobs/{blocked}")).text
    assert "The document is protected by a password." in page
    assert "remove the password" in page

    parked = await site.history.submit("parked.docx")
    await site.history.advance(parked, to="plan")
    await site.history.park(parked, WorkKind.TRANSLATION_BATCH)
    page = (await ada.get(f"/console/jobs/{parked}")).text
    assert "engine.unauthorised" in page
    assert "Correct it in the settings, then resume the job." in page
    assert ">Resume</button>" in page

    doubtful = await site.history.submit("doubtful.docx", document=NEEDS_REVIEW)
    await site.history.advance(doubtful, to="qa")
    page = (await ada.get(f"/console/jobs/{doubtful}")).text
    assert "2 units need a person&#39;s look" in page
    assert "Review" in page


async def test_the_timeline_shows_all_or_what_is_chosen(ada: httpx.AsyncClient, site: Site) -> None:
    job_id = await site.history.submit("contract.docx")
    await site.history.advance(job_id, to="plan")
    await site.history.fail(job_id, WorkKind.TRANSLATION_BATCH)

    async def count(query: str) -> int:
        page = (await ada.get(f"/console/jobs/{job_id}?{query}")).text
        return page.count('class="event-text"')

    queries = (
        "",
        "events=problems",
        "actor=people",
        "events=milestones",
        "phase=extraction",
        "q=TIMEOUT",
        "q=none",
    )
    assert [await count(query) for query in queries] == [8, 1, 1, 4, 2, 1, 0]
    page = (await ada.get(f"/console/jobs/{job_id}?events=problems&q=timeout")).text
    assert "1 of 8 events." in page
    assert f'href="/console/jobs/{job_id}">Show all' in page


async def test_a_past_state_is_shown_as_it_was_and_marked(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx")
    await site.history.advance(job_id)
    version = (await Jobs(site.store).load(job_id))[0].version
    planned = (await ada.get(f"/console/jobs/{job_id}?at=6&phase=extraction")).text
    assert f"State as of event 6 of {version}" in planned
    assert "Queued" in planned
    assert "Translation batches 1–" in planned
    assert "Download translation" not in planned
    assert (
        f'href="/console/jobs/{job_id}?phase=extraction" data-at="{version}">Back to now' in planned
    )
    assert f'href="/console/jobs/{job_id}?at=5&amp;phase=extraction"' in planned, (
        "the event before, without a script"
    )
    assert 'data-follow=""' in planned
    now = (await ada.get(f"/console/jobs/{job_id}?at={version}")).text
    assert "State as of" not in now
    assert "Download translation" in now
    beyond = await ada.get(f"/console/jobs/{job_id}?at={version + 1}")
    assert beyond.status_code == 404
    assert f"the events 1 to {version}" in beyond.text


async def test_an_event_has_a_page_with_all_it_says(ada: httpx.AsyncClient, site: Site) -> None:
    job_id = await site.history.submit("contract.docx")
    await site.history.advance(job_id, to="plan")
    page = (await ada.get(f"/console/jobs/{job_id}/events/5")).text
    stored = (await site.store.read(job_id))[4]
    assert "Text extracted" in page
    assert str(stored.recorded.event_id) in page
    assert stored.digest in page
    assert "&#34;unit_count&#34;" in page
    for strange in (0, 99):
        assert (await ada.get(f"/console/jobs/{job_id}/events/{strange}")).status_code == 404


async def test_cancel_process_and_resume_are_the_persons_doing(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx", is_auto_start=False)
    await site.history.advance(job_id, to="preflight")
    assert "The job waits for a start" in (await ada.get(f"/console/jobs/{job_id}")).text
    assert (await act(ada, job_id, "process")).headers[
        "location"
    ] == f"/console/jobs/{job_id}?notice=process"
    await act(ada, job_id, "cancel")
    await site.history.say(job_id, e.JobCancelled(), actor="service:intake")
    await act(ada, job_id, "resume")
    recorded = [each.recorded for each in await site.store.read(job_id)]
    by_people = [each.data.name for each in recorded[3:] if each.origin.actor.startswith("user:")]
    assert by_people == ["job.start_requested", "job.cancel_requested", "job.resume_requested"]


async def test_an_action_that_came_too_late_is_explained_on_the_page(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx")
    await site.history.advance(job_id)
    answer = await act(ada, job_id, "cancel")
    assert answer.status_code == 409
    assert re.search(r'role="alert".*is completed', answer.text, re.DOTALL)


async def test_what_preflight_noticed_is_said_with_its_code(
    ada: httpx.AsyncClient, site: Site
) -> None:
    noticed, quiet = (
        await site.history.submit("noticed.docx"),
        await site.history.submit("quiet.docx"),
    )
    await site.history.warn(noticed)
    await site.history.advance(quiet, to="preflight")
    page = (await ada.get(f"/console/jobs/{noticed}")).text
    assert "What preflight noticed" in page
    assert "The text looks like de." in page
    assert "language.differs" in page
    assert "It names two fonts." in page
    assert page.index("The text looks like de.") < page.index("It names two fonts.")
    assert "What preflight noticed" not in (await ada.get(f"/console/jobs/{quiet}")).text


async def test_units_are_shown_with_findings_filtered_and_in_pages(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx", document=NEEDS_REVIEW, target="ar")
    await site.history.advance(job_id, to="qa")
    long = await site.history.submit("long.docx", document=repeated(130))
    await site.history.advance(long, to="extraction")
    await site.show()
    page = (await ada.get(f"/console/jobs/{job_id}/units?verification_state=needs_review")).text
    assert page.count('<tr role="row" id="unit-') == 2
    assert "14 is missing, 15 was added." in page
    assert 'lang="ar" dir="auto"' in page
    first = (await ada.get(f"/console/jobs/{long}/units")).text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = (await ada.get(following[1].replace("&amp;", "&"))).text
    assert [page.count('<tr role="row" id="unit-') for page in (first, second)] == [100, 30]


async def test_an_older_address_of_units_leads_to_those_of_the_state(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx", document=NEEDS_REVIEW)
    answer = await ada.get(f"/console/jobs/{job_id}/units?verdict=needs_review")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/console/jobs/{job_id}/units?verification_state=needs_review",
    )


async def test_the_job_and_its_units_say_the_same_of_what_is_left_as_it_is(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx", document=Document(left=("§ 4",)))
    await site.history.advance(job_id)
    await site.show()
    pages = [(await ada.get(f"/console/jobs/{job_id}{more}")).text for more in ("", "/units")]
    assert all("Left as it is" in page for page in pages)
    assert not any("Not checked yet" in page for page in pages)


async def test_a_download_is_a_signed_address_that_gives_the_document(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("Vertrag Nr. 7.docx")
    await site.history.advance(job_id)
    job, _ = await Jobs(site.store).load(job_id)
    assert job.final_docx
    answer = await ada.get(f"/console/jobs/{job_id}/artifacts/final_docx/{job.final_docx.digest}")
    assert answer.status_code == 303
    file = await ada.get(answer.headers["location"])
    assert len(file.content) == job.final_docx.size_bytes
    assert "Vertrag%20Nr.%207.es.docx" in file.headers["content-disposition"]
    assert (
        await ada.get(f"/console/jobs/{job_id}/artifacts/final_docx/{'0' * 64}")
    ).status_code == 410


async def test_an_open_page_is_told_of_every_change_until_the_job_rests(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx")
    await site.history.advance(job_id, to="plan")
    seen = (await Jobs(site.store).load(job_id))[1].version
    listening = asyncio.create_task(ada.get(f"/console/jobs/{job_id}/live?after={seen}"))
    await asyncio.sleep(0)
    await site.history.advance(job_id, after="plan")
    answer = await asyncio.wait_for(listening, 20)
    version = (await Jobs(site.store).load(job_id))[1].version
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith(f"id: {version}\nevent: ended\ndata: {version}\n\n")
    told = [int(each) for each in re.findall(r"event: changed\ndata: (\d+)", answer.text)]
    assert told == sorted(told)
    assert told[-1] == version
    again = await ada.get(
        f"/console/jobs/{job_id}/live?after=0", headers={"Last-Event-ID": str(version)}
    )
    assert "event: changed" not in again.text


async def test_errors_are_pages_with_their_status(ada: httpx.AsyncClient, site: Site) -> None:
    for path, status in (
        (f"/console/jobs/{uuid4()}", 404),
        ("/console/jobs/no-id", 404),
        ("/console/no/such/page", 404),
        ("/console/?status=none", 422),
    ):
        answer = await ada.get(path)
        assert answer.status_code == status, path
        assert "<h1" in answer.text, path
    await site.store.aclose()
    answer = await ada.get("/console/")
    assert answer.status_code in {500, 503}
    assert "<h1" in answer.text
    assert "Traceback" not in answer.text


async def test_files_of_the_console_are_kept_for_ever_under_their_digest(
    stranger: httpx.AsyncClient,
) -> None:
    for name in (
        "console.css",
        "console.js",
        "job.js",
        "theme.js",
        "icon.svg",
        "vendor/htmx-2.0.11.min.js",
        "vendor/uPlot-1.6.32.iife.min.js",
        "vendor/uPlot-1.6.32.min.css",
    ):
        answer = await stranger.get(asset(name))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for name in ("nothing.css", "../console/guard.py", "..%2fports.py", "vendor", "%2e%2e/app.py"):
        assert (await stranger.get(f"/console/static/{name}")).status_code == 404, name


async def test_the_first_page_weighs_little(stranger: httpx.AsyncClient) -> None:
    own = [
        await stranger.get(asset(name))
        for name in ("console.css", "console.js", "theme.js", "icon.svg")
    ]
    assert sum(len(answer.content) for answer in own) < 40_000


async def test_the_address_of_the_server_leads_to_the_console(stranger: httpx.AsyncClient) -> None:
    for path in ("/", "/console", "/console/jobs"):
        assert (await stranger.get(path)).headers["location"] == "/console/"
