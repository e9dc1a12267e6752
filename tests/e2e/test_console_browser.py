"""Chromium drives the console of the one process: sign in, upload, watch it complete live, download.

Skipped, saying so, where there is no Chromium; where CI is set that is a failure.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from docx import Document
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

_PARAGRAPHS = 300
_WAIT_MS = 60_000
PICTURES = os.environ.get("DRAGOMAN_TEST_PICTURES", "")
"""A folder for pictures of the pages, where somebody wants to look at them."""


class Server:
    """A running `dragoman up`, with the address and the sign-in link it announced."""

    def __init__(self, state: Path) -> None:
        command = [Path(sys.executable).with_name("dragoman"), "up", "--state", state, "--port", "0"]
        environment = {**os.environ, "DRAGOMAN_DEFAULT_ENGINE": "pseudo"}
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self._has_announced = Event()
        self.said = ""
        self.url, self.link = "", ""
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        if not self._has_announced.wait(60) or not self.link:
            self.stop()
            raise RuntimeError(f"the server did not start:\n{self.said}")

    def stop(self) -> int:
        """End it as `docker stop` would; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        finally:
            self._process.kill()
            self._listener.join()

    def _listen(self) -> None:
        if self._process.stderr is None:
            return
        with self._process.stderr as stream:
            for line in stream:
                self.said += line
                if found := re.search(r"(http://[^/\s]+)/console/sign-in\?link=(\S+)", line):
                    self.url, self.link = found[1], found[2]
                    self._has_announced.set()
        self._has_announced.set()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        message = "Chromium is missing (apt-get install chromium): the console was not driven."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "state")
    yield server
    assert server.stop() == 0, server.said


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(_WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page that has signed in with the link; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/console/sign-in?link={server.link}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    yield page
    refused_form = "error: Failed to load resource: the server responded with a status of 422"
    assert [each for each in complaints if not each.startswith(("log:", "info:", refused_form))] == []


def document(paragraphs: int, title: str) -> bytes:
    """A document of numbered sentences."""
    made = Document()
    made.add_heading(title, level=1)
    for number in range(paragraphs):
        made.add_paragraph(f"The supplier delivers part {number} within thirty days.")
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def choose(page: Page, *names: str, paragraphs: int = 3) -> None:
    """Fill the form for a new job into Russian."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New job").click()
    files = [
        {
            "name": name,
            "mimeType": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "buffer": document(paragraphs, name),
        }
        for name in names
    ]
    page.locator("#file").set_input_files(files)  # pyright: ignore[reportArgumentType] - dicts as playwright documents
    for name in names:
        expect(page.get_by_role("listitem").filter(has_text=name)).to_be_visible()
    page.get_by_label("Target language").fill("ru")


def picture(page: Page, name: str) -> None:
    """Take a picture where they are wanted."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_a_document_is_uploaded_watched_and_downloaded(page: Page, context: BrowserContext) -> None:
    expect(page.get_by_role("heading", name="No documents yet")).to_be_visible()
    choose(page, "Liefervertrag № 7.docx", paragraphs=_PARAGRAPHS)
    picture(page, "chosen")
    page.evaluate("window.wasHere = true")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", level=1, name="Liefervertrag № 7.docx")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Submitted")
    page.evaluate("window.wasHere = 'and still is'")
    picture(page, "submitted")

    expect(page.locator("#job .badge").first).to_have_text("Completed", timeout=_WAIT_MS)
    assert page.evaluate("window.wasHere") == "and still is", "the page followed the job without being loaded again"
    expect(page.locator(".step-done")).to_have_count(6)
    expect(page.locator("#spoken")).to_contain_text("Completed")
    picture(page, "completed")

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download translation").click()
    assert waiting.value.suggested_filename == "Liefervertrag № 7.ru.docx"
    translated = Document(str(waiting.value.path()))
    assert len(translated.paragraphs) == _PARAGRAPHS + 1
    assert translated.paragraphs[1].text.startswith("Фзд ухррмидт ")

    page.get_by_role("link", name=re.compile("See all")).click()
    expect(page.get_by_role("row")).to_have_count(101)
    picture(page, "units")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#unit-101")).to_be_visible()


def test_several_files_become_several_jobs_that_the_list_follows(page: Page) -> None:
    choose(page, "one.docx", "two.docx")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.locator("tbody .badge", has_text="Completed")).to_have_count(2, timeout=_WAIT_MS)
    picture(page, "list")

    page.get_by_role("searchbox").press_sequentially("TWO")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="two.docx")).to_be_visible()
    assert "q=TWO" in page.url
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_file_that_is_no_document_is_blocked_with_its_reason(page: Page) -> None:
    page.get_by_role("link", name="New job").first.click()
    page.locator("#file").set_input_files({"name": "notes.docx", "mimeType": "text/plain", "buffer": b"just text"})
    page.get_by_label("Target language").fill("es")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#job .badge").first).to_have_text("Blocked", timeout=_WAIT_MS)
    expect(page.locator(".callout")).to_be_visible()
    expect(page.locator(".step-stopped")).to_contain_text("Preflight")
    picture(page, "blocked")


def test_the_whole_way_is_gone_with_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("main .head .button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New job")).to_be_visible()
    page.get_by_label("Target language").focus()
    page.keyboard.type("es")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").first.press("Enter")
    expect(page.locator("#file")).to_be_focused()


def test_no_page_is_wider_than_a_small_phone_and_the_theme_is_kept(page: Page) -> None:
    choose(page, "contract.docx")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#job .badge").first).to_have_text("Completed", timeout=_WAIT_MS)
    job = page.url.partition("?")[0]
    page.get_by_role("button", name="Switch between light and dark").click()
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.set_viewport_size({"width": 360, "height": 740})
    for path in (job, f"{job}/units", job.rpartition("/jobs")[0] + "/", job.rpartition("/jobs")[0] + "/new"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        picture(page, "narrow" + path.rpartition("/")[2][:5])
