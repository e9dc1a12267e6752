"""How near the Markdown of documents comes to their text: `python -m parsing.measure FOLDER`.

The text to compare with is that of the DOCX's paragraphs, or that of pdftotext; files with
fewer than 20 words are passed over. Prints a line a file: the similarity
of the words (difflib) and the seconds.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from difflib import SequenceMatcher
from importlib import import_module
from pathlib import Path
from typing import Any

from dragoman_parsing.program import run

_etree: Any = import_module("lxml.etree")
_MOST_WORDS = 6_000
_FEWEST_WORDS = 20


def words_of(text: str) -> list[str]:
    """The words, without what Markdown puts around them."""
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.findall(r"\w+", plain.replace("_", " ").lower())[:_MOST_WORDS]


def similarity(truth: str, markdown: str) -> float:
    """How much of the words agree in their order, 0 to 1."""
    return SequenceMatcher(None, words_of(truth), words_of(markdown), autojunk=False).ratio()


def markdown_of(path: Path, out: Path) -> str:
    """The Markdown of a file; empty where it cannot be parsed."""
    status = run(["--input", str(path), "--output", str(out)])
    return "" if status else (out / "document.md").read_text(encoding="utf-8")


def text_of_word(path: Path) -> str:
    """The text of the body's paragraphs, as the XML has it."""
    with zipfile.ZipFile(path) as archive:
        root = _etree.fromstring(archive.read("word/document.xml"))
    found = (
        "".join(_shown(node) for node in each.iter() if isinstance(node.tag, str))
        for each in root.iter()
        if isinstance(each.tag, str) and each.tag.endswith("main}p")
    )
    return " ".join(found)


def _shown(node: Any) -> str:
    name = node.tag.rpartition("}")[2]
    return node.text or "" if name == "t" else " " if name in ("tab", "br") else ""


def text_of_pdf(path: Path) -> str:
    """The text as pdftotext has it."""
    command = ["pdftotext", str(path), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def measure(files: Sequence[Path]) -> None:
    """Print a line for each file, and the mean."""
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for path in files:
            try:
                is_pdf = path.suffix.lower() == ".pdf"
                truth = text_of_pdf(path) if is_pdf else text_of_word(path)
            except (OSError, KeyError, zipfile.BadZipFile, subprocess.CalledProcessError):
                continue  # not to be read by other means either
            if len(words_of(truth)) < _FEWEST_WORDS:
                continue
            began = time.perf_counter()
            ratio = similarity(truth, markdown_of(path, out))
            ratios.append(ratio)
            took = time.perf_counter() - began
            sys.stderr.write(f"{ratio:.3f}  {took:5.2f} s  {path.name}\n")
    if ratios:
        mean = sum(ratios) / len(ratios)
        sys.stderr.write(f"{mean:.3f}  mean of {len(ratios)} files\n")


if __name__ == "__main__":
    measure(
        sorted(each for each in Path(sys.argv[1]).iterdir() if each.suffix in (".docx", ".pdf"))
    )
