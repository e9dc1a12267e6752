"""The documents of the end-to-end tests: some of our own making,
and real ones where the corpus is there.
"""

from __future__ import annotations

import io
from pathlib import Path

from docx import Document

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
CORPUS_FILES = sorted((CORPUS / "docx").glob("*.docx"))
_SMALL_BYTES = 60_000


def own_document(number: int, paragraphs: int = 60) -> bytes:
    """A document like no other: a heading,
    numbered sentences with a bold word each, and a table.
    """
    document = Document()
    document.add_heading(f"Terms of delivery {number}", level=1)
    for each in range(paragraphs):
        paragraph = document.add_paragraph(f"Part {each} of order {number} is delivered within ")
        paragraph.add_run(f"{each + 3} days").bold = True
        paragraph.add_run(" of the order.")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "Price"
    table.cell(0, 1).text = f"{number},250.00 euros"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def corpus_documents(count: int, *, largest_bytes: int | None = None) -> dict[str, bytes]:
    """Up to `count` corpus files by name, spread evenly over the corpus;
    empty where there is none.
    """
    files = [
        path
        for path in CORPUS_FILES
        if largest_bytes is None or path.stat().st_size <= largest_bytes
    ]
    chosen = (
        [files[place * len(files) // count] for place in range(count)]
        if len(files) > count
        else files
    )
    return {path.name: path.read_bytes() for path in chosen}


def some_documents(own: int, corpus: int) -> dict[str, bytes]:
    """Documents of our own, and small ones of the corpus."""
    made = {f"order-{number}.docx": own_document(number) for number in range(own)}
    return {**made, **corpus_documents(corpus, largest_bytes=_SMALL_BYTES)}
