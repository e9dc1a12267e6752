"""What a reader sees: `python -m documents.pages --corpus FOLDER --out FOLDER --locale he`, run in
`tests`.

Documents and their translations are turned to pages by LibreOffice and counted; the PDFs stay in
`--out` for a look. `--outputs FOLDER` takes translations under the same names instead of making
letters of them. What is counted may differ a little, as lines of another language break elsewhere;
what matters is that everything opens, and that pages, pictures and boxes stay where they were.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from documents.office import SOFFICE
from documents.translations import documents_in, translated

_TIMEOUT_S = 180


@dataclass(frozen=True)
class Pages:
    """What the pages of one PDF hold, page by page."""

    blocks: tuple[int, ...]
    words: int
    pictures: int


def as_pdf(document: Path, folder: Path, profile: Path) -> Path | None:
    """The document as LibreOffice prints it; None where it does not open."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        SOFFICE,
        f"-env:UserInstallation={profile.as_uri()}",
        "--headless",
        "--norestore",
        "--convert-to",
        "pdf",
    ]
    process = subprocess.Popen(
        [*command, "--outdir", str(folder), str(document)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    made = folder / f"{document.stem}.pdf"
    return made if made.exists() else None


def counted(pdf: Path) -> Pages:
    """The blocks of text on each page, the words and the pictures."""
    layout = _said("pdftotext", "-bbox-layout", str(pdf), "-")
    blocks = tuple(page.count("<block ") for page in layout.split("<page ")[1:])
    pictures = len(
        re.findall(r"^\s*\d+\s+\d+ image", _said("pdfimages", "-list", str(pdf)), re.MULTILINE)
    )
    return Pages(blocks, layout.count("<word "), pictures)


def _said(*command: str) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S
    ).stdout


def main() -> None:
    """Print one line a document, and what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--locale", default="he")
    parser.add_argument("--outputs", type=Path)
    parser.add_argument("--every", type=int, default=8, help="take every n-th file")
    arguments = parser.parse_args()
    out: Path = arguments.out / arguments.locale
    profile = (arguments.out / "profile").resolve()
    failed = 0
    for source in documents_in(arguments.corpus)[:: arguments.every]:
        output = out / "docx" / source.name
        output.parent.mkdir(parents=True, exist_ok=True)
        if arguments.outputs:
            shutil.copyfile(arguments.outputs / source.name, output)
        else:
            output.write_bytes(translated(source.read_bytes(), arguments.locale))
        pdfs = [as_pdf(source, arguments.out / "source", profile), as_pdf(output, out, profile)]
        before, after = (counted(pdf) if pdf else None for pdf in pdfs)
        failed += after is None
        sys.stdout.write(f"{source.name}: {_compared(before, after)}\n")
        sys.stdout.flush()
    raise SystemExit(bool(failed))


def _compared(before: Pages | None, after: Pages | None) -> str:
    if before is None or after is None:
        return f"source {'opens' if before else 'does not open'}, output {'opens' if after else 'DOES NOT OPEN'}"
    said = f"{len(before.blocks)} pages, {sum(before.blocks)} blocks, {before.pictures} pictures"
    if (len(before.blocks), before.pictures) == (len(after.blocks), after.pictures):
        return f"{said}; same pages and pictures, {sum(after.blocks)} blocks"
    return f"{said}; DIFFERS: {len(after.blocks)} pages, {sum(after.blocks)} blocks, {after.pictures} pictures"


if __name__ == "__main__":
    main()
