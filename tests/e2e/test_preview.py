"""Pages of a draft: by LibreOffice where it is installed, and an honest word where it is not."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from e2e.browsing import axe_findings, picture, signed_in
from e2e.documents import own_document
from e2e.reviewed import ReviewApi, reviewing
from services.gateway.test_submission_api import code

needs_office = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is in libreoffice-writer-nogui"
)
TERMS = {"source_language": "en", "target_language": "ru", "engine": "pseudo"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewApi]:
    with reviewing(tmp_path_factory.mktemp("preview") / "state") as api:
        yield api


@needs_office
def test_a_draft_is_seen_page_by_page_and_drawn_once(api: ReviewApi) -> None:
    job_id = api.submit("order.docx", own_document(7, paragraphs=90), **TERMS)
    shown = api.get(f"/jobs/{job_id}/preview")
    assert shown["page_count"] > 1
    first = api.http.get(f"/jobs/{job_id}/preview/pages/1").raise_for_status()
    assert first.headers["content-type"] == "image/png"
    drawn = Image.open(io.BytesIO(first.content))
    assert min(drawn.size) > 800
    assert len(drawn.convert("L").getcolors(256) or ()) > 10, "a page with text, not a blank one"
    again = api.http.get(f"/jobs/{job_id}/preview/pages/1")
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.elapsed.total_seconds() < 1, "it was kept"
    missing = api.http.get(f"/jobs/{job_id}/preview/pages/{shown['page_count'] + 1}")
    assert (missing.status_code, code(missing)) == (404, "preview.page_missing")
    assert f"{shown['page_count']} pages" in missing.json()["detail"]


@needs_office
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_console_shows_it(api: ReviewApi, browser: Browser, scheme: Any) -> None:
    job_id = api.submit("order.docx", own_document(8, paragraphs=90), **TERMS)
    width = 1280 if scheme == "light" else 320
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = signed_in(context, api.server)
    page.goto(f"{api.server.url}/console/jobs/{job_id}/preview")
    expect(page.get_by_role("heading", name="Preview of the draft")).to_be_visible()
    page.wait_for_function("document.querySelector('.preview img').naturalWidth > 0")
    assert axe_findings(page) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0
    picture(page, f"preview-{scheme}")
    page.get_by_role("link", name="Next page").press("Enter")
    expect(page).to_have_url(f"{api.server.url}/console/jobs/{job_id}/preview?page=2")
    context.close()


def test_without_libreoffice_the_page_says_so(tmp_path: Path, browser: Browser) -> None:
    with reviewing(tmp_path / "state", {"DRAGOMAN_LIBREOFFICE": "none"}) as api:
        job_id = api.submit("order.docx", own_document(9, paragraphs=3), **TERMS)
        answer = api.http.get(f"/jobs/{job_id}/preview")
        assert (answer.status_code, code(answer)) == (409, "preview.not_installed")
        assert "libreoffice-writer-nogui" in answer.json()["detail"]
        page = signed_in(browser.new_context(), api.server)
        page.goto(f"{api.server.url}/console/jobs/{job_id}/preview")
        expect(page.get_by_role("main")).to_contain_text("is not installed")
        page.context.close()
