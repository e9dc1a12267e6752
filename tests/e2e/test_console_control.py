"""Chromium as an operator: looks at what was, stops a job in mid-batch, and lets it go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import WAIT_MS, Server, choose, picture
from e2e.slow_model import SlowModel, slow_model

_PARAGRAPHS = 120  # five batches
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


def status(page: Page, text: str) -> None:
    """Wait until the job's page says so."""
    expect(page.locator("#job .badge").first).to_have_text(text, timeout=WAIT_MS)


def test_the_slider_goes_through_the_past_and_back_to_now(page: Page, model: SlowModel) -> None:
    model.release()
    choose(page, "history.docx", paragraphs=_PARAGRAPHS)
    page.get_by_role("button", name="Submit").click()
    status(page, "Completed")
    slider = page.get_by_role("slider", name="Event whose state is shown")
    latest = int(slider.get_attribute("max") or 0)
    assert latest >= 14

    slider.evaluate("slider => { slider.value = 3; slider.dispatchEvent(new Event('input', { bubbles: true })); }")
    expect(page.locator("#past")).to_contain_text(f"State as of event 3 of {latest}")
    status(page, "Queued")
    expect(page.locator(".step-done")).to_have_count(1)
    expect(page.locator("#pending")).to_contain_text("Extraction of the text")
    expect(page.get_by_role("link", name="Download translation")).to_have_count(0)
    expect(page.locator("#spoken")).to_contain_text("State as of event 3")
    assert page.url.endswith("?at=3")
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
    choose(page, "history.docx", paragraphs=_PARAGRAPHS)
    page.get_by_role("button", name="Submit").click()
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


def test_without_a_script_links_and_forms_show_the_past(page: Page, server: Server, model: SlowModel) -> None:
    model.release()
    choose(page, "plain.docx", paragraphs=3)
    page.get_by_role("button", name="Submit").click()
    status(page, "Completed")
    assert page.context.browser is not None
    context = page.context.browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
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
