"""Chromium as an operator: looks at what was, stops a job in mid-batch, lets it go on,
and redrives parked work.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import WAIT_MS, Server, choose, picture
from e2e.slow_model import SlowModel, slow_model
from servers.process import wait_until

_PARAGRAPHS = 120  # five batches
_MANY, _BATCHES = 350, 15
_ANSWERS = 2


@pytest.fixture
def model() -> Iterator[SlowModel]:
    """A model that answers two batches and lets the others wait."""
    with slow_model(answers=_ANSWERS) as serving:
        yield serving


@pytest.fixture
def server(tmp_path: Path, model: SlowModel) -> Iterator[Server]:
    """A server that translates with the slow model."""
    server = Server(tmp_path / "state", {**model.settings, "DRAGOMAN_DEFAULT_ENGINE": "openai"})
    yield server
    assert server.stop() == 0, server.said


def submit(page: Page, *names: str, paragraphs: int) -> None:
    """Upload documents."""
    choose(page, *names, paragraphs=paragraphs)
    page.get_by_role("button", name="Submit").click()


def go(page: Page, name: str) -> None:
    """Go to a page of the main navigation."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()


def listed(page: Page, name: str, count: int) -> None:
    """Go to a list and look again until it shows so many: lists follow the log a moment behind."""
    go(page, "Needs attention")
    if name != "Needs attention":
        page.get_by_role("link", name=name).click()

    def is_there() -> bool:
        page.reload()
        return page.locator(".cards > li").count() == count

    wait_until(is_there, timeout_s=60, what=f"{count} on the page {name}")


def cancelled_halfway(page: Page, model: SlowModel) -> None:
    """Upload a document, cancel it while its batches are under way,
    and wait until it stands still.
    """
    submit(page, "contract.docx", paragraphs=_MANY)
    model.wait_until_held(1)
    expect(page.locator("#pending")).to_contain_text("under way", timeout=WAIT_MS)
    page.get_by_role("button", name="Cancel job").click()
    status(page, "Cancelling")
    picture(page, "cancelling")
    model.release()
    status(page, "Cancelled")


def status(page: Page, text: str) -> None:
    """Wait until the job's page says so."""
    expect(page.locator("#job .badge").first).to_have_text(text, timeout=WAIT_MS)


def test_the_slider_goes_through_the_past_and_back_to_now(page: Page, model: SlowModel) -> None:
    model.release()
    submit(page, "history.docx", paragraphs=_PARAGRAPHS)
    status(page, "Completed")
    slider = page.get_by_role("slider", name="Event whose state is shown")
    latest = int(slider.get_attribute("max") or 0)
    assert latest >= 14

    slider.evaluate(
        "slider => { slider.value = 3; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    expect(page.locator("#past")).to_contain_text(f"State as of event 3 of {latest}")
    status(page, "Queued")
    expect(page.locator(".step-done")).to_have_count(1)
    expect(page.locator("#pending")).to_contain_text("Extraction of the text")
    expect(page.get_by_role("link", name="Download translation")).to_have_count(0)
    expect(page.locator("#spoken")).to_contain_text("State as of event 3")
    assert page.url.endswith("?at=3")
    assert page.locator(".timeline > [aria-current]").evaluate(
        "event => { const [own, list] = [event, event.parentElement].map(each => each.getBoundingClientRect());"
        " return list.top <= own.top && own.bottom <= list.bottom; }"
    ), "the event is in sight in its list"
    picture(page, "past")

    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#past")).to_contain_text(f"State as of event 4 of {latest}")
    expect(slider).to_be_focused()
    page.get_by_role("link", name="The event before").click()
    page.get_by_role("link", name="The event before").click()
    expect(page.locator("#past")).to_contain_text(f"State as of event 2 of {latest}")
    page.reload()
    expect(page.locator("#past")).to_contain_text(f"State as of event 2 of {latest}")
    expect(slider).to_have_value("2")

    page.get_by_role("link", name="Back to now").click()
    status(page, "Completed")
    expect(page.locator("#past")).to_have_count(0)
    expect(slider).to_have_value(str(latest))
    assert "at=" not in page.url


def test_events_are_filtered_searched_and_opened(page: Page, model: SlowModel) -> None:
    model.release()
    submit(page, "history.docx", paragraphs=_PARAGRAPHS)
    status(page, "Completed")
    events = page.locator("#events li")
    whole = events.count()
    page.get_by_label("Phase").select_option("translation")
    expect(events.filter(has_text="Text extracted")).to_have_count(0)
    page.get_by_label("Kind of event").select_option("translation.batch_translated")
    expect(events).to_have_count(5)
    page.get_by_label("Search the events").fill("batch 4")
    expect(events).to_have_count(1)
    assert "phase=translation" in page.url
    page.locator("#events summary").click()
    expect(page.locator("#events pre")).to_contain_text('"index": 3')
    picture(page, "events")

    page.get_by_role("link", name="Show the state after event").click()
    expect(page.locator("#past")).to_be_visible()
    expect(page.locator("#events pre")).to_contain_text('"index": 3')
    expect(page.get_by_label("Search the events")).to_have_value("batch 4")
    page.get_by_label("Who acted").select_option("people")
    expect(page.locator("#events")).to_contain_text("No such events.")
    page.get_by_role("link", name="Show all").click()
    expect(events).to_have_count(whole)


def test_without_a_script_links_and_forms_show_the_past(
    page: Page, server: Server, model: SlowModel
) -> None:
    model.release()
    submit(page, "plain.docx", paragraphs=3)
    status(page, "Completed")
    assert page.context.browser is not None
    context = page.context.browser.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(page.url.partition("?")[0])
    plain.get_by_role("link", name="The event before").click()
    expect(plain.locator("#past")).to_be_visible()
    plain.get_by_role("link", name="Show the state after event 3", exact=True).click()
    expect(plain.locator("#past")).to_contain_text("State as of event 3")
    plain.get_by_label("Kind of event").select_option("problems")
    plain.get_by_role("button", name="Filter").click()
    expect(plain.locator("#events")).to_contain_text("No such events.")
    expect(plain.locator("#past")).to_contain_text("State as of event 3")
    context.close()


def test_a_job_cancelled_in_mid_batch_is_listed_as_interrupted_and_does_only_the_rest(
    page: Page, model: SlowModel
) -> None:
    cancelled_halfway(page, model)
    paid = len(model.asked)
    assert 0 < paid < _BATCHES
    expect(page.get_by_role("button", name="Cancel job")).to_have_count(0)
    picture(page, "cancelled")

    listed(page, "Needs attention", 1)
    job = page.get_by_role("listitem").filter(has_text="contract.docx")
    expect(job).to_contain_text("Done: Preflight, Extraction")
    expect(job).to_contain_text("units translated")
    picture(page, "attention")
    page.get_by_role("link", name="Discard contract.docx").click()
    dialog = page.get_by_role("dialog", name="Discard what the job has done?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Keep as it is").click()
    expect(dialog).to_be_hidden()

    page.get_by_role("button", name="Resume contract.docx").click()
    expect(page.get_by_role("status").first).to_contain_text("goes on from where it stopped")
    status(page, "Completed")
    assert len(model.asked) == len(set(model.asked)) >= _BATCHES, (
        "nothing that was paid is asked for again"
    )
    listed(page, "Needs attention", 0)
    expect(page.locator("main")).to_contain_text("Nothing needs attention")


def test_the_same_file_again_finds_the_incomplete_job_and_may_start_fresh(
    page: Page, model: SlowModel
) -> None:
    cancelled_halfway(page, model)
    submit(page, "contract.docx", paragraphs=_MANY)
    dialog = page.get_by_role("dialog", name="Incomplete job found")
    expect(dialog).to_contain_text("%, just now")
    picture(page, "incomplete")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()

    submit(page, "contract.docx", paragraphs=_MANY)
    old = dialog.get_by_role("link", name="contract.docx").get_attribute("href") or ""
    dialog.get_by_role("button", name="Start fresh").click()
    status(page, "Completed")
    assert len(model.asked) == len(set(model.asked)) >= _BATCHES, (
        "the new job uses what the old one paid for"
    )
    page.locator("#parent").click()
    expect(page.locator("main")).to_contain_text("The checkpoint was discarded")
    assert page.url.endswith(old)
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)


def test_parked_work_is_looked_at_and_redriven_once_its_cause_is_put_right(
    page: Page, model: SlowModel
) -> None:
    model.release()
    model.status = 401
    submit(page, "first.docx", "second.docx", paragraphs=3)
    expect(page.locator("tbody .badge", has_text="Failed")).to_have_count(2, timeout=WAIT_MS)
    listed(page, "Parked work, by cause", 2)
    page.get_by_role("link", name="engine.unauthorised").click()
    expect(page.locator(".cards > li")).to_have_count(2)
    picture(page, "parked")
    page.get_by_role("listitem").filter(has_text="first.docx").get_by_role(
        "link", name="Details"
    ).click()
    expect(page.get_by_role("heading", name="Translation batch 1")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(".py:")
    picture(page, "parked-work")

    model.status = 200
    page.get_by_role("button", name="Redrive").click()
    expect(page.get_by_role("status").first).to_contain_text("Redriven")
    page.goto(page.url.partition("?")[0])
    page.get_by_role("link", name="Redrive all").click()
    page.get_by_role("dialog").get_by_role("button", name="Redrive").click()
    expect(page.get_by_role("status").first).to_contain_text("of work redriven")
    go(page, "Jobs")
    expect(page.locator("tbody .badge", has_text="Completed")).to_have_count(2, timeout=WAIT_MS)
    go(page, "Audit")
    expect(page.locator("tbody tr").filter(has_text="work.redriven")).to_have_count(2)
    picture(page, "audit")


def test_a_finished_job_is_run_again_from_a_dialog(page: Page, model: SlowModel) -> None:
    model.release()
    submit(page, "contract.docx", paragraphs=3)
    status(page, "Completed")
    paid = len(model.asked)
    page.get_by_role("link", name="Run again").click()
    dialog = page.get_by_role("dialog", name="Run the document again?")
    dialog.get_by_label("Ask the engine anew").check()
    picture(page, "run-again")
    dialog.get_by_role("button", name="Run again").click()
    expect(page.locator("#parent")).to_be_visible()
    status(page, "Completed")
    assert len(model.asked) > paid, "asked anew"
