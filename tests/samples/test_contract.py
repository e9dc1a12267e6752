"""The bundled sample is what its script writes, and holds every kind of text that it promises."""

import os
import subprocess
import zipfile
from pathlib import Path

import docx
import pytest

from samples import contract
from servers.process import require_binary


def test_the_shipped_sample_is_what_the_script_writes() -> None:
    with zipfile.ZipFile(contract.SAMPLE) as package:
        shipped = {name: package.read(name).decode() for name in package.namelist()}

    assert shipped == dict(contract.parts())


@pytest.mark.parametrize(
    ("part", "markup"),
    [
        ("word/document.xml", "<w:b/>"),
        ("word/document.xml", "<w:i/>"),
        ("word/document.xml", "<w:tbl>"),
        ("word/document.xml", "<w:hyperlink r:id="),
        ("word/document.xml", "<w:footnoteReference "),
        ("word/document.xml", '<w:numId w:val="1"/>'),
        ("word/document.xml", '<w:numId w:val="2"/>'),
        ("word/document.xml", '<mc:Choice Requires="wps"><w:drawing>'),
        ("word/document.xml", "<mc:Fallback><w:pict>"),
        ("word/header1.xml", "Brightwater"),
        ("word/footer1.xml", " PAGE "),
        ("word/footnotes.xml", "working day"),
    ],
)
def test_the_sample_has_each_feature_it_promises(part: str, markup: str) -> None:
    assert markup in contract.parts()[part]


def test_the_sample_opens_in_python_docx() -> None:
    document = docx.Document(str(contract.SAMPLE))

    assert document.paragraphs[0].text == "Contract for Translation Services"
    assert len(document.tables) == 2


def test_the_sample_has_two_pages_in_libreoffice(tmp_path: Path) -> None:
    soffice = require_binary(["soffice"], "libreoffice-writer-nogui")
    pdfinfo = require_binary(["pdfinfo"], "poppler-utils")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"

    subprocess.run(
        [
            soffice,
            profile,
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            tmp_path,
            contract.SAMPLE,
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    shown = subprocess.run(
        [pdfinfo, tmp_path / "contract.pdf"], check=True, capture_output=True, text=True
    ).stdout

    assert "Pages:           2" in shown
