"""Chromium drives the console of the one process: sign in, upload,
watch it complete live, download.
"""

from __future__ import annotations

import re

from docx import Document
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.browsing import WAIT_MS, Server, axe_findings, choose, picture

_PARAGRAPHS = 300


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

    expect(page.locator("#job .badge").first).to_have_text("Completed", timeout=WAIT_MS)
    assert page.evaluate("window.wasHere") == "and still is", (
        "the page followed the job without being loaded again"
    )
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
    expect(page.locator("tbody .badge", has_text="Completed")).to_have_count(2, timeout=WAIT_MS)
    picture(page, "list")

    page.get_by_role("searchbox").press_sequentially("TWO")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="two.docx")).to_be_visible()
    assert "q=TWO" in page.url
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_form_that_is_refused_keeps_its_files(page: Page) -> None:
    choose(page, "one.docx", "two.docx")
    page.get_by_label("Target language").fill("en")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("The job was not submitted")
    assert page.evaluate("document.getElementById('file').files.length") == 2
    page.get_by_label("Target language").fill("ru")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("tbody .badge", has_text="Completed")).to_have_count(2, timeout=WAIT_MS)


def test_a_file_that_is_no_document_is_blocked_with_its_reason(page: Page) -> None:
    page.get_by_role("link", name="New job").first.click()
    page.locator("#file").set_input_files(
        {"name": "notes.docx", "mimeType": "text/plain", "buffer": b"PK is no package"}
    )
    page.get_by_label("Target language").fill("es")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#job .badge").first).to_have_text("Blocked", timeout=WAIT_MS)
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
    page.keyboard.type("en")
    page.keyboard.press("Enter")
    expect(page.locator("#file")).to_be_focused()  # the browser asks for what is missing
    choose(page, "contract.docx")
    page.get_by_label("Target language").fill("en")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").first.press("Enter")
    expect(page.locator("#target_language")).to_be_focused()


def test_the_engine_named_is_that_of_the_project_that_is_chosen(page: Page) -> None:
    page.get_by_role("link", name="New job").first.click()
    first = page.locator("#engine option").first
    expect(first).to_have_text("As the project says: pseudo")
    page.evaluate(
        """() => {
          const other = new Option("Other", "other");
          other.dataset.engine = "openai gpt-5-mini";
          document.getElementById("project_code").append(other);
        }"""
    )
    page.locator("#project_code").select_option("other")
    expect(first).to_have_text("As the project says: openai gpt-5-mini")
    page.locator("#project_code").select_option("default")
    expect(first).to_have_text("As the project says: pseudo")


def test_times_are_shown_in_24_hours_of_the_reader_s_zone_with_the_date_unless_it_is_today(
    browser: Browser, server: Server
) -> None:
    # The readers' own clock would say "6:04:05 PM".
    context = browser.new_context(locale="en-US", timezone_id="America/New_York")
    page = context.new_page()
    page.goto(f"{server.url}/console/sign-in")
    page.evaluate(
        """() => {
          for (const [id, when] of [["past", "2024-03-05T23:04:05+00:00"], ["now", new Date().toISOString()]])
            document.querySelector("main").insertAdjacentHTML(
              "beforeend", `<time id="${id}" datetime="${when}" data-local>?</time>`);
          document.dispatchEvent(new Event("console:changed"));
        }"""
    )
    past, now = page.locator("#past"), page.locator("#now")
    expect(past).to_have_text("Mar 5, 2024, 18:04:05")
    expect(past).to_have_attribute("title", re.compile("Tuesday, March 5, 2024.*EST"))
    expect(past).to_have_attribute("datetime", "2024-03-05T23:04:05+00:00")
    expect(now).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    context.close()


def test_no_page_is_wider_than_a_small_phone_and_the_theme_is_kept(page: Page) -> None:
    choose(page, "contract.docx")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#job .badge").first).to_have_text("Completed", timeout=WAIT_MS)
    job = page.url.partition("?")[0]
    page.get_by_role("button", name="Switch between light and dark").click()
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.set_viewport_size({"width": 360, "height": 740})
    console = job.rpartition("/jobs")[0]
    page.goto(f"{job}#document")
    document = page.locator("#document").get_attribute("href") or ""
    pages = ("/", "/new", "/attention", "/parked", "/audit", "/documents", "/pipelines")
    pages += (document.removeprefix("/console"), "/pipelines/paddleocr-document-parse", "/models")
    for path in (
        job,
        f"{job}?at=3",
        f"{job}/events/5",
        f"{job}/units",
        *(console + page for page in pages),
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert axe_findings(page) == [], path
        picture(page, "narrow" + path.rpartition("/")[2][:5])
