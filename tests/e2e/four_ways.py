"""One review by four ways gives one document: `python -m e2e.four_ways [--keep FOLDER]`.

A document is translated by Apertium from English into Spanish. Reviewers make the same corrections in
Chromium by the keyboard alone, in OmegaT by TMX, in OmegaT by XLIFF, and in LibreOffice by the
bilingual DOCX; then each review is finished. The four documents must be equal to the byte. Needs
Apertium with English and Spanish, OmegaT, LibreOffice and Chromium.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from docx import Document
from playwright.sync_api import Page, expect, sync_playwright

from e2e.browsing import signed_in
from e2e.reviewed import Json, ReviewApi, reviewing
from exchange.foreign import OmegatProject, saved_by_office

SENTENCES = (
    "The supplier delivers the goods within thirty days of the order.",
    "The price of the goods is 1,250.00 euros.",
    "The customer must inspect the goods when they arrive.",
    "The contract ends on the last day of the month.",
    "Neither party is responsible for acts of the government.",
)
CORRECTIONS = {
    SENTENCES[0]: "El proveedor entrega la mercancía en los treinta días siguientes al pedido.",
    SENTENCES[1]: "El precio de la mercancía es de 1250,00 euros.",
    SENTENCES[3]: "El contrato termina el último día del mes.",
}
TERMS = {"source_language": "en", "target_language": "es", "engine": "apertium"}
_WAIT_MS = 60_000


def the_document() -> bytes:
    """The sentences, a heading, a sentence with a bold word and a table."""
    document = Document()
    document.add_heading("Terms of delivery", level=1)
    for each in SENTENCES:
        document.add_paragraph(each)
    bold = document.add_paragraph("The goods are ")
    bold.add_run("very").bold = True
    bold.add_run(" heavy.")
    document.add_table(rows=1, cols=1).cell(0, 0).text = "Signature of the customer"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def by_keyboard(api: ReviewApi, job_id: str, _: Path) -> None:
    """Correct, accept and finish in Chromium, without a mouse."""
    positions = {each["source"]: each["position"] + 1 for each in api.units(job_id)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        page = signed_in(browser.new_context(), api.server)
        page.set_default_timeout(_WAIT_MS)
        page.goto(f"{api.server.url}/console/jobs/{job_id}/review")
        expect(page.locator("#viewport [data-unit]").first).to_be_visible()
        for source, target in CORRECTIONS.items():
            _typed(page, positions[source], target)
        for number in range(1, len(positions) + 1):
            if "Verified" not in page.locator(f"#unit-{number} .state").inner_text():
                _went_to(page, number)
                page.keyboard.press("Control+Enter")
                expect(page.locator(f"#unit-{number} .state")).to_contain_text("Verified")
        expect(page.locator("#left")).to_have_text("Nothing waits")
        page.keyboard.press("Alt+q")
        expect(page.get_by_role("dialog", name="Finish the review?")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{api.server.url}/console/jobs/{job_id}")
        browser.close()


def _went_to(page: Page, number: int) -> None:
    page.keyboard.press("Control+g")
    expect(page.locator("#go-number")).to_be_focused()
    page.keyboard.type(str(number))
    page.keyboard.press("Enter")
    expect(page.locator(f"#edit-{number}")).to_be_focused()


def _typed(page: Page, number: int, target: str) -> None:
    _went_to(page, number)
    page.keyboard.press("Control+a")
    page.keyboard.type(target)
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"#unit-{number} .state")).to_contain_text("Verified")


def by_tmx(api: ReviewApi, job_id: str, folder: Path) -> None:
    """Correct in OmegaT beside the exported TMX, and give its memory back."""
    project = OmegatProject(folder, "sources.txt", "\n\n".join(SENTENCES).encode(), "ES")
    project.look_up("review.tmx", api.exported(job_id, "tmx"))
    for source, target in CORRECTIONS.items():
        project.remember(escape(source), escape(target))
    project.translated()
    _taken(api.imported(job_id, project.memory()))


def by_xliff(api: ReviewApi, job_id: str, folder: Path) -> None:
    """Correct the exported XLIFF in OmegaT, and give it back."""
    targets = {each["source"]: each["target"] for each in api.units(job_id)}
    project = OmegatProject(folder, "review.xlf", api.exported(job_id, "xliff-1.2"), "ES")
    for source, target in CORRECTIONS.items():
        project.remember(escape(targets[source]), escape(target))
    _taken(api.imported(job_id, project.translated()))


def by_docx(api: ReviewApi, job_id: str, folder: Path) -> None:
    """Correct the bilingual table, let LibreOffice save it, and give it back."""
    document = Document(io.BytesIO(api.exported(job_id, "bilingual-docx")))
    left = dict(CORRECTIONS)
    for row in (row for table in document.tables for row in table.rows):
        texts = [cell.text for cell in row.cells]
        source = next((each for each in texts if each in left), None)
        if source is None:
            continue
        cell = row.cells[texts.index(source) + 1]
        first, *others = cell.paragraphs[0].runs
        first.text = left.pop(source)
        for run in others:
            run.text = ""
    assert not left, "the table lacks sources"
    buffer = io.BytesIO()
    document.save(buffer)
    _taken(api.imported(job_id, saved_by_office(folder, "review.docx", buffer.getvalue())))


def _taken(report: Json) -> None:
    assert report["applied"] == len(CORRECTIONS), report
    assert not report["rejected"], report
    assert not report["conflicts"], report


WAYS: dict[str, Callable[[ReviewApi, str, Path], None]] = {
    "keyboard": by_keyboard,
    "TMX, OmegaT": by_tmx,
    "XLIFF, OmegaT": by_xliff,
    "DOCX, LibreOffice": by_docx,
}


def main() -> int:
    """Review by all ways; 1 where the documents differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="write the documents here")
    keep: Path | None = parser.parse_args().keep
    made: dict[str, bytes] = {}
    document = the_document()
    with tempfile.TemporaryDirectory() as name, reviewing(Path(name) / "state") as api:
        for number, (way, review) in enumerate(WAYS.items()):
            begun = time.monotonic()
            job_id = api.submit("terms.docx", document, external_reference=way, **TERMS)
            status = api.get(f"/jobs/{job_id}")["status"]
            if status == "completed":
                api.post(f"/jobs/{job_id}/review/open")
            folder = Path(name) / f"way-{number}"
            folder.mkdir()
            review(api, job_id, folder)
            if api.get(f"/jobs/{job_id}")["status"] == "needs_review":
                api.post(f"/jobs/{job_id}/review/accept", all=True)
            made[way] = api.finish(job_id)
            digest = hashlib.sha256(made[way]).hexdigest()[:16]
            sys.stdout.write(f"{way:18} {time.monotonic() - begun:6.1f} s  sha256 {digest}\n")
            sys.stdout.flush()
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"way-{number}.docx").write_bytes(made[way])
    texts = {way: _texts(data) for way, data in made.items()}
    for source, target in CORRECTIONS.items():
        assert all(target in each for each in texts.values()), f"not everywhere: {source}"
    are_equal = len(set(made.values())) == 1
    sys.stdout.write("equal to the byte\n" if are_equal else "THEY DIFFER\n")
    return 0 if are_equal else 1


def _texts(data: bytes) -> list[str]:
    document = Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [each.text for each in document.paragraphs] + cells


if __name__ == "__main__":
    sys.exit(main())
