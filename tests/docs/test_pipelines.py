"""The worked example of the page on pipelines, followed: a folder of PDFs becomes Markdown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from docs.pages import ROOT, Page
from parsing.files import pdf

_PAGE = Page(ROOT / "docs/use/pipelines.md")


def test_a_folder_of_pdfs_is_parsed_as_the_page_says(tmp_path: Path) -> None:
    for name in ("report", "paper"):
        lines = [(f"This is the {name}.", 12, 100), ("It has two paragraphs.", 12, 200)]
        (tmp_path / f"{name}.pdf").write_bytes(pdf(lines))
    block = _PAGE.text.split("```sh\n")[1].split("```")[0]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DRAGOMAN_STATE_DIR": str(tmp_path / "state"),
        "DRAGOMAN_COMMAND_DIR": str(tmp_path / "commands"),
    }
    done = subprocess.run(
        ["bash", "-euc", block], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )  # fmt: skip
    assert "2 of 2 files done" in done.stdout
    parsed = tmp_path / "parsed" / "report.pdf"
    assert (parsed / "document.md").read_text() == "This is the report.\n\nIt has two paragraphs.\n"
    assert (parsed / "pages.json").exists()
