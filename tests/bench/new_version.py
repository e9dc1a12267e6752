"""The share of a document's first version that its second version costs.

    cd tests && ../.venv/bin/python -m bench.new_version FOLDER [--documents 10] [--percent 5]

In the second version a word is added to as many percent of the paragraphs, evenly spread. Both are
translated by the real engine over HTTP, with context and terms, by the server of `bench.prompt_size`;
the second finds the answers of the first on record. The documents are those of `bench.prompt_size`.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from docx import Document

from bench.prompt_size import (
    LEAST_CHARACTERS,
    MOST_BYTES,
    SOURCE,
    CountingModel,
    terms_of,
    translate,
)
from bench.tables import Table
from dragoman_contracts.text import UnitList, plain_text
from dragoman_documents import DocumentError, extract
from dragoman_extract.domain import segmented
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.worker import ProjectObjects
from dragoman_runtime.worker.task import ValueCache
from dragoman_translate.adapters.answer_pages import AnswerPages
from dragoman_translate.planning import needs_engine
from services.translate.ledgers import StoredLedger

_LEAST_LETTERS = 3


def edited(data: bytes, percent: float) -> tuple[bytes, int]:
    """The document with a word more in so many percent of its paragraphs, and their number."""
    document = Document(io.BytesIO(data))
    paragraphs = [
        each
        for each in document.paragraphs
        if each.runs and sum(map(str.isalpha, each.text)) >= _LEAST_LETTERS
    ]
    step = max(1, round(100 / percent))
    chosen = paragraphs[step // 2 :: step] or paragraphs[-1:]
    for each in chosen:
        each.add_run(" Amended.")
    written = io.BytesIO()
    document.save(written)
    return written.getvalue(), len(chosen)


def units_in_document(data: bytes) -> UnitList:
    """The units of a document, as extraction gives them."""
    return UnitList(source_locale=SOURCE, units=segmented(extract(data).units, SOURCE))


async def measured(data: bytes, percent: float) -> tuple[int, int, int, int] | None:
    """The units to translate, the edited paragraphs, and the characters sent and received for each
    version; None for a document with too little text.
    """
    first = units_in_document(data)
    asked = [unit for unit in first.units if needs_engine(unit)]
    if sum(len(plain_text(unit.source)) for unit in asked) < LEAST_CHARACTERS:
        return None
    changed, count = edited(data, percent)
    second, terms, project = units_in_document(changed), terms_of(first.units), uuid4()
    sizes: list[int] = []
    with tempfile.TemporaryDirectory(prefix="new-version-") as folder:
        store = FileObjectStore(Path(folder))
        await store.open()
        for units in (first, second):
            objects = ProjectObjects(store, project, ValueCache())
            model = CountingModel()
            try:
                book = AnswerPages().book(project, objects)
                await translate(model, units, terms, StoredLedger(store, project), book)
            finally:
                model.close()
            sizes.append(model.sent + model.received)
        await store.close()
    return len(asked), count, sizes[0], sizes[1]


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 where too few documents could be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.new_version")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--percent", type=float, default=5.0)
    wanted = parser.parse_args(arguments)
    columns = ("document", "units", "edited", "version 1", "version 2", "share")
    table, shares = Table("Characters sent and received", columns), list[tuple[int, int]]()
    for path in sorted(wanted.folder.glob("*.docx")):
        if len(shares) == wanted.documents:
            break
        if path.stat().st_size > MOST_BYTES:
            continue
        try:
            row = asyncio.run(measured(path.read_bytes(), wanted.percent))
        except DocumentError:
            continue
        if row is not None:
            shares.append(row[2:])
            table.add(path.stem[:40], *row, row[3] / row[2])
            print(f"{path.name}: measured", file=sys.stderr)
    first, second = (sum(column) for column in zip(*shares, strict=True))
    table.add("all", "", "", first, second, second / first)
    print(table)
    return 0 if len(shares) == wanted.documents else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
