"""The share of a document's first version that its second version costs, and how many of the edits
that people made in the first stand in the second.

    cd tests && ../.venv/bin/python -m bench.new_version FOLDER [--documents 10] [--percent 5]

In the second version a word is added to as many percent of the paragraphs, evenly spread. Both are
translated by the real engine over HTTP, with context and terms, by the server of `bench.prompt_size`.
In the first, a person writes another translation for every seventh unit and accepts that of every
eleventh, by the rules of the review; the second takes over what they left. A comparison of both
versions' texts, made apart, says which units are the same. A person's translation is found again where
it stands in the same unit; it is wrong in one of another text, or that read otherwise before.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from uuid import UUID, uuid4

from docx import Document

from bench.prompt_size import (
    LEAST_CHARACTERS,
    MOST_BYTES,
    SOURCE,
    TARGET,
    CountingModel,
    terms_of,
    translate,
)
from bench.tables import Table
from dragoman_contracts.previous import PreviousVersion
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.review import ReviewState, Save, UnitEdit, reviewed
from dragoman_contracts.text import (
    Content,
    Unit,
    UnitList,
    UnitTarget,
    needs_engine,
    normalised,
    plain_text,
)
from dragoman_documents import DocumentError, extract
from dragoman_extract.domain import segmented
from dragoman_gateway.review.rules.edits import accepted, typed
from dragoman_gateway.review.rules.preceding import previous_version
from dragoman_gateway.review.rules.sheet import Sheet, unit_now
from dragoman_linguistics import verify_units
from dragoman_memory import KeepingTerms, previous_matches, tag_pattern
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.worker import ProjectObjects
from dragoman_runtime.worker.task import ValueCache
from dragoman_translate.adapters.answer_pages import AnswerPages
from dragoman_translate.keeping import Kept
from services.translate.ledgers import StoredLedger

_LEAST_LETTERS = 3
_TYPED, _ACCEPTED = 7, 11
_JOB = UUID(int=1)


@dataclass(frozen=True)
class Row:
    """One document: units asked for and paragraphs edited, characters sent and received for each
    version, and the translations that people stood for.
    """

    units: int
    edited: int
    first: int
    second: int
    people: int
    found: int
    wrong: int


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


def by_people(units: UnitList, targets: Mapping[str, UnitTarget]) -> PreviousVersion:
    """The first version as a person left it."""
    pairs = [(unit, targets[unit.unit_id]) for unit in units.units if unit.unit_id in targets]
    verdicts = {each.unit_id: each for each in verify_units(pairs, SOURCE, TARGET)}
    sheet = Sheet(units.units, targets, verdicts, units.places)
    state = ReviewState()
    for number, (unit, target) in enumerate(pairs):
        known = state.units.get(unit.unit_id)
        if known is not None and known.is_verified:
            continue
        edits: list[UnitEdit] = []
        if number % _TYPED == 0:
            text = normalised((*target.target, f" (person {number})"))
            edits = typed(sheet, state, unit, text, None, _unchecked, propagates=True)
        elif number % _ACCEPTED == 0:
            row = unit_now(sheet, sheet.places[unit.unit_id], state)
            edits = accepted(sheet, state, [row]).edits
        if edits:
            state = reviewed(state, edits, _save(state.version + 1))
    return previous_version(_JOB, sheet, state)


def _unchecked(unit: Unit, target: Content) -> tuple[QaFinding, ...]:
    return ()


def _save(version: int) -> Save:
    ref = ObjectRef(digest="0" * 64, size_bytes=0, media_type="application/json")
    return Save(version, "a person", None, datetime.now(UTC), ref)


def recovered(
    first: UnitList, left: PreviousVersion, second: UnitList, made: Mapping[str, UnitTarget]
) -> tuple[int, int, int]:
    """The people's translations of units whose text is the same in both versions, those of them
    that stand there, and those that stand anywhere else.
    """
    people = {each.unit_id: each for each in left.units if each.is_persons}
    old = [unit for unit in first.units if unit.is_translatable]
    new = [unit for unit in second.units if unit.is_translatable]
    patterns = [[tag_pattern(unit.source) for unit in some] for some in (old, new)]
    blocks = SequenceMatcher(None, *patterns, autojunk=False).get_matching_blocks()
    same = {
        new[block.b + place].unit_id: old[block.a + place].unit_id
        for block in blocks
        for place in range(block.size)
    }
    wanted = {unit_id: people[earlier] for unit_id, earlier in same.items() if earlier in people}
    found = sum(_reads_as(made.get(key), each.target) for key, each in wanted.items())
    left_as = {each.unit_id: each for each in left.units}
    texts = {unit.unit_id: tag_pattern(unit.source) for unit in new}
    sources = {unit.unit_id: tag_pattern(unit.source) for unit in old}
    wrong = 0
    for key, each in made.items():
        if each.taken_from is None or not each.taken_from.is_persons:
            continue
        before = left_as.get(same.get(key, each.taken_from.unit_id))
        is_same = texts[key] == sources[each.taken_from.unit_id]
        wrong += not is_same or (before is not None and not _reads_as(each, before.target))
    return len(wanted), found, wrong


def _reads_as(made: UnitTarget | None, target: Content) -> bool:
    return made is not None and plain_text(made.target) == plain_text(target)


async def measured(data: bytes, percent: float) -> Row | None:
    """The row of a document; None for one with too little text."""
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

        async def translated(units: UnitList, earlier: Kept) -> dict[str, UnitTarget]:
            model = CountingModel()
            try:
                book = AnswerPages().book(project, ProjectObjects(store, project, ValueCache()))
                ledger = StoredLedger(store, project)
                return await translate(model, units, terms, ledger, book, earlier)
            finally:
                model.close()
                sizes.append(model.sent + model.received)

        left = by_people(first, await translated(first, Kept()))
        about = KeepingTerms(SOURCE, TARGET, keeps_engines=True)
        made = await translated(second, Kept(previous_matches(second, left, about)))
        await store.close()
    return Row(len(asked), count, sizes[0], sizes[1], *recovered(first, left, second, made))


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 where too few documents could be measured, an edit is lost, or one stands
    where it does not belong.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.new_version")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--percent", type=float, default=5.0)
    wanted = parser.parse_args(arguments)
    columns = ("document", "units", "edited", "version 1", "version 2", "share")
    people = ("people's", "found", "wrong")
    table, rows = Table("Characters sent and received", (*columns, *people)), list[Row]()
    for path in sorted(wanted.folder.glob("*.docx")):
        if len(rows) == wanted.documents:
            break
        if path.stat().st_size > MOST_BYTES:
            continue
        try:
            row = asyncio.run(measured(path.read_bytes(), wanted.percent))
        except DocumentError:
            continue
        if row is not None:
            rows.append(row)
            table.add(path.stem[:40], *_cells(row))
            print(f"{path.name}: measured", file=sys.stderr)
    if not rows:
        print("No document of this folder has enough text.", file=sys.stderr)
        return 1
    whole = Row(*(sum(getattr(row, name) for row in rows) for name in Row.__dataclass_fields__))
    table.add("all", *_cells(whole))
    print(table)
    is_kept = whole.found == whole.people and whole.wrong == 0
    return 0 if len(rows) == wanted.documents and is_kept else 1


def _cells(row: Row) -> tuple[int | float, ...]:
    share = row.second / row.first
    sizes = (row.units, row.edited, row.first, row.second, share)
    return (*sizes, row.people, row.found, row.wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
