"""Chromium on the review page of a real gateway: a review by the keyboard alone, tags, two people,
an outage, scripts that run otherwise, and accessibility.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from dragoman_contracts.job import ReviewStatus
from dragoman_contracts.vocabulary import JobStatus
from e2e.browsing import WAIT_MS, axe_findings, picture
from e2e.review_site import TAGGED, TWICE, ReviewSite, review_site

_TEXT = """id => [...document.getElementById(id).childNodes]
    .map(node => node.nodeType === 3 ? node.data : node.dataset.tag).join("")"""
_SAVE = """async ([unit, target]) => {
    const { jobId, csrf } = document.getElementById("review").dataset;
    const address = `/api/v1/jobs/${jobId}/units/${unit}`;
    const { version } = await (await fetch(address)).json();
    await fetch(address, { method: "PATCH", body: JSON.stringify({ target }), headers: {
        "If-Match": `"${version}"`, "X-CSRF-Token": csrf, "Content-Type": "application/json" } });
}"""
"""Save another text in another tab."""
_REFUSED = ("412", "Failed to load resource: net::ERR_FAILED")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewSite]:
    """A gateway; each test makes a job of its own."""
    with review_site(tmp_path_factory.mktemp("review")) as site:
        yield site


@pytest.fixture
def page(browser: Browser, site: ReviewSite) -> Iterator[Page]:
    """A signed-in page; complaints of the browser fail the test, save for what a test provokes."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    page = site.sign_in(context)
    page.on("console", lambda each: complaints.append(f"{each.type}: {each.text}"))
    page.on("pageerror", lambda error: complaints.append(f"{error} {error.stack}"))
    yield page
    context.close()
    assert [each for each in complaints if not any(code in each for code in _REFUSED)] == []


def text_of(page: Page, number: int) -> str:
    """The translation of a unit as it stands on the page, tags as `<1>`."""
    text: str = page.evaluate(_TEXT, f"edit-{number}")
    return text


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def test_a_job_is_reviewed_to_its_end_with_the_keyboard_alone(page: Page, site: ReviewSite) -> None:
    job_id = site.job()
    site.review(page, job_id)
    expect(page.locator("#left")).to_have_text("2 of 7 units wait")
    press(page, "Alt+n")
    expect(page.locator("#edit-6")).to_be_focused()
    press(page, "Control+a", "Delete")
    page.keyboard.type("Las facturas se pagan en 14 días.")
    press(page, "Control+Enter")
    expect(page.locator("#below-6")).to_contain_text("Not confirmed: without its tags")
    press(page, "Control+Home", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Alt+t")
    assert text_of(page, 6) == "<1>Las</1> facturas se pagan en 14 días."
    press(page, "Control+Enter")
    expect(page.locator("#edit-7")).to_be_focused()
    expect(page.locator("#unit-6 .state")).to_contain_text("Verified")
    press(page, "Alt+i")
    page.keyboard.type("The law has no number.")
    press(page, "Enter")
    expect(page.locator("#body-findings")).to_contain_text("dismissed: The law has no number.")
    press(page, "Alt+m")
    page.keyboard.type("Looked up in the law.")
    press(page, "Tab", "Enter", "Escape")
    expect(page.locator("#unit-7 .state")).to_contain_text("1 comment")
    expect(page.locator("#edit-7")).to_be_focused()
    press(page, "Control+Shift+Enter")
    expect(page.locator("#left")).to_have_text("Nothing waits")
    press(page, "Control+g")
    page.keyboard.type("2")
    press(page, "Enter")
    expect(page.locator("#edit-2")).to_be_focused()
    picture(page, "review")

    press(page, "Alt+q")
    expect(page.get_by_role("dialog", name="Finish the review?")).to_be_visible()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1, name="contract-")).to_be_visible()
    job = site.state(job_id)
    assert job.status is JobStatus.REASSEMBLY_PENDING
    assert job.review is not None
    assert job.review.status is ReviewStatus.CLOSED


def test_a_tag_is_taken_whole_or_not_at_all_and_comes_back(page: Page, site: ReviewSite) -> None:
    site.review(page, site.job())
    page.locator("#edit-2").click()
    press(page, "Control+Home", "ArrowRight")
    page.keyboard.type("x")
    assert text_of(page, 2).startswith("<1>xEl</1> presente ")
    press(page, "Backspace", "Backspace")
    assert text_of(page, 2).startswith("El</1> presente ")
    expect(page.locator("#below-2")).to_contain_text("Tags missing:")
    press(page, "Alt+t")
    assert text_of(page, 2).startswith("<1>El</1> presente ")
    expect(page.locator("#edit-2 .tag").first).to_contain_text("[opening tag 1, formatting]")
    press(page, "Control+a", "Control+x")
    assert text_of(page, 2) == ""
    press(page, "Control+v", "Enter")
    page.keyboard.insert_text(" <7>")
    assert text_of(page, 2).startswith("<1>El</1> presente ")
    expect(page.locator("#edit-2 .tag")).to_have_count(2)
    for _ in range(9):
        press(page, "Control+z")
    assert text_of(page, 2).startswith("<1>El</1> presente ")


def test_of_two_texts_a_person_chooses_one(page: Page, site: ReviewSite) -> None:
    site.review(page, site.job())
    page.locator("#edit-7").click()
    press(page, "Control+End")
    page.keyboard.type(" mía")
    page.evaluate(_SAVE, ["u6", "<1>Ley</1> suya"])
    press(page, "Control+Shift+Enter")
    dialog = page.get_by_role("dialog", name="Two texts for one unit")
    expect(dialog.locator("#conflict-theirs")).to_have_text("<1>Ley</1> suya")
    picture(page, "conflict")
    dialog.get_by_role("button", name="Save mine").click()
    expect(page.locator("#unit-7 .state")).to_contain_text("Verified")
    expect(page.locator("#below-7")).to_contain_text("Saved")
    page.reload()
    expect(page.locator("#edit-7")).to_contain_text("jurisdicción mía")


def test_a_text_that_cannot_be_sent_outlives_the_page(page: Page, site: ReviewSite) -> None:
    job_id = site.job()
    site.review(page, job_id)
    page.route("**/units/*", lambda route: route.abort())
    page.locator("#edit-1").click()
    press(page, "Control+End")
    page.keyboard.type(" núm. 7")
    press(page, "Alt+ArrowDown")
    expect(page.locator("#below-1")).to_contain_text("kept in this browser")
    expect(page.locator("#unsent")).to_contain_text("1 change could not be sent")
    site.review(page, job_id)
    expect(page.locator("#edit-1")).to_contain_text("servicios núm. 7")
    expect(page.locator("#unsent")).to_be_visible()
    page.unroute("**/units/*")
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#unsent")).to_be_hidden()
    expect(page.locator("#unit-1 .state")).to_contain_text("Draft")
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('review'))") == []


@pytest.mark.parametrize(("target", "direction"), [("ar", "rtl"), ("ja", "ltr")])
def test_every_segment_says_its_language_and_direction(
    page: Page, site: ReviewSite, target: str, direction: str
) -> None:
    site.review(page, site.job(target=target))
    segments = page.locator("#viewport .target .text")
    expect(segments).to_have_count(8)
    expect(page.locator(f"#viewport .target .text[lang={target}][dir={direction}]")).to_have_count(
        8
    )
    expect(page.locator("#viewport .source .text[lang=en][dir=ltr]")).to_have_count(8)
    page.locator("#edit-6").click()
    press(page, "Control+a", "Delete")
    # An input method composes: its Enter chooses a word and confirms nothing.
    method: Any = page.context.new_cdp_session(page)
    method.send("Input.imeSetComposition", {"text": "請求", "selectionStart": 2, "selectionEnd": 2})
    method.send(
        "Input.dispatchKeyEvent",
        {"type": "rawKeyDown", "key": "Enter", "windowsVirtualKeyCode": 229, "modifiers": 2},
    )
    method.send("Input.insertText", {"text": "請求書"})
    assert text_of(page, 6) == "請求書"
    expect(page.locator("#edit-6")).to_be_focused()
    picture(page, f"review-{target}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, site: ReviewSite, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    site.review(page, site.job())
    page.locator("#edit-6").click()
    expect(page.locator("#body-history")).to_contain_text("Nobody has changed it.")
    press(page, "Control+a", "Delete")
    page.locator("#unit-2 input").check()
    page.evaluate("document.querySelectorAll('#review dialog').forEach(each => each.show())")
    assert axe_findings(page) == []
    page.evaluate("document.querySelectorAll('#review dialog').forEach(each => each.close())")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"review-narrow-{scheme}")


def test_many_units_change_at_once_and_one_change_is_taken_back(
    page: Page, site: ReviewSite
) -> None:
    site.review(page, site.job(TWICE))
    page.locator("#edit-8").click()
    press(page, "Control+End")
    page.keyboard.type(" A")
    press(page, "Control+Shift+Enter")
    expect(page.locator("#edit-1")).to_have_text("Acuerdo marco de servicios A")
    expect(page.locator("#unit-1 .state")).to_contain_text("Same as another unit")
    press(page, "Alt+z")
    expect(page.locator("#edit-8")).to_have_text("Acuerdo marco de servicios")
    press(page, "Alt+r")
    page.keyboard.type("Proveedor")
    press(page, "Tab")
    page.keyboard.type("Prestador")
    press(page, "Enter")
    dialog = page.get_by_role("dialog", name="Find and replace")
    expect(dialog.locator("#replace-changes li")).to_have_count(2)
    dialog.locator("#replace-changes input").first.uncheck()
    dialog.get_by_role("button", name="Replace", exact=True).click()
    expect(page.locator("#edit-3")).to_contain_text("El Prestador prestará")
    expect(page.locator("#edit-2")).to_contain_text("entre el Proveedor")
    page.locator("#unit-4 input").check()
    page.locator("#unit-7 input").click(modifiers=["Shift"])
    expect(page.locator("#picked-count")).to_have_text("4 chosen")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#unit-5 .state")).to_contain_text("Accepted")
    expect(page.locator("#picked")).to_be_hidden()


def test_a_file_goes_out_and_comes_back_with_a_report_first(
    page: Page, site: ReviewSite, tmp_path: Path
) -> None:
    site.review(page, site.job())
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Export and import").click()
    dialog = page.get_by_role("dialog", name="Export and import")
    dialog.get_by_label("Export as").select_option("xliff-2.1")
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name="Export").click()
    sent = Path(waiting.value.path()).read_text(encoding="utf-8")
    back = tmp_path / "back.xlf"
    back.write_text(sent.replace(" aplicable y", " aplicable,"), encoding="utf-8")
    dialog.get_by_label("Import a file").set_input_files(back)
    dialog.get_by_role("button", name="See what would change").click()
    expect(dialog.locator("#import-report")).to_contain_text("1 unit would change")
    picture(page, "import")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.locator("#import-report")).to_contain_text("1 unit changed")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#edit-7")).to_contain_text("aplicable, jurisdicción")


def test_a_unit_is_translated_again_by_another_engine_and_shown_when_it_is_there(
    page: Page, site: ReviewSite
) -> None:
    job_id = site.job(TWICE)
    site.review(page, job_id)
    press(page, "Alt+n")
    expect(page.locator("#edit-7")).to_be_focused()
    page.locator("#menu summary").press("Enter")
    page.locator("#menu").get_by_role("button", name="Translate again…").press("Enter")
    dialog = page.get_by_role("dialog", name="Translate again")
    expect(dialog).to_contain_text("1 unit will be translated again")
    picture(page, "review-again")
    dialog.locator("select[name=engine]").select_option("pseudo")
    dialog.get_by_role("button", name="Translate again").press("Enter")
    expect(page.locator("#spoken")).to_have_text("They are being translated again")
    assert site.work(job_id) == ["retranslation"]
    expect(page.locator("#edit-7")).to_contain_text("Жпцдтоиож мач")
    expect(page.locator("#unit-7 .state")).to_contain_text("Needs review")
    expect(page.locator("#body-history")).to_contain_text("Translated again")
    picture(page, "review-again-done")


def test_without_a_script_the_texts_are_read(
    browser: Browser, page: Page, site: ReviewSite
) -> None:
    job_id: UUID = site.job()
    context = browser.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(f"{site.url}/console/jobs/{job_id}/review?verification_state=needs_review")
    expect(plain.locator("tbody tr")).to_have_count(2)
    expect(plain.locator("tbody tr").first).to_contain_text(TAGGED.pairs[5][1])
    context.close()
