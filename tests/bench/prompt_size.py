"""Characters sent to and received from a model for each character of the source.

    cd tests && ../.venv/bin/python -m bench.prompt_size FOLDER [--documents 10] [--terms]

A server of this module's own answers each unit in other letters and counts what the messages hold,
and how much of it is instructions, texts around, terms, the units themselves and what frames them.
Documents are extracted, cut into batches and asked for by the real engine over HTTP, without the
services around. With `--terms` each job has a glossary of the words that its document repeats most.
Questions that are asked again are left out, since quality estimation doubts what is no language.
The documents are the smallest of the folder that have at least 2,000 characters, in the order of
their names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from typing_extensions import override

from bench.tables import Cell, Table
from dragoman_catalog import ProjectSettings
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import MatchList, Term
from dragoman_contracts.text import Unit, UnitList, UnitTarget, needs_engine, plain_text
from dragoman_documents import DocumentError, extract
from dragoman_extract.domain import segmented
from dragoman_translate.adapters.openai import OpenAiEngine
from dragoman_translate.batches import BatchTask, translate_batch
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.hinting import hints_of
from dragoman_translate.keeping import Kept
from dragoman_translate.planning import plan_batches
from dragoman_translate.ports import AnswerBook, CallLedger, EngineContext
from dragoman_translate.shared_pace import SharedPace
from e2e.slow_model import SlowModel, foreign
from servers.model_protocol import question_in, units_in
from services.translate.ledgers import MemoryLedger

LEAST_CHARACTERS = 2_000
MOST_BYTES = 400_000
_FEWEST = 3
_TERMS = 12
_NEIGHBOURS = 2
_AT_ONCE = 4
SOURCE, TARGET = Locale("en"), Locale("ru")


@dataclass
class Sizes:
    """The characters of one document and of the calls about it, and the shares of what was sent."""

    name: str
    source: int
    sent: int = 0
    received: int = 0
    calls: int = 0
    shares: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: Sizes) -> None:
        """Count another document in."""
        self.source += other.source
        self.sent += other.sent
        self.received += other.received
        self.calls += other.calls
        self.shares += other.shares

    def row(self) -> tuple[Cell, ...]:
        """The document as a row of the table."""
        shares = (self.sent / self.source, self.received / self.source)
        return (self.name[:40], self.source, self.calls, *shares, sum(shares))

    def shares_row(self) -> tuple[Cell, ...]:
        """The shares of the document: of each, characters for a character of the source."""
        return (self.name[:40], *(self.shares[name] / self.source for name in _SHARES))


NOTHING_KEPT = Kept()


class CountingModel(SlowModel):
    """Counts the characters of messages and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.received = 0
        self.calls = 0
        self.shares: Counter[str] = Counter()

    @override
    def answer(self, body: bytes) -> bytes:
        answer = super().answer(body)
        question = question_in(body)
        if "corrections" in question:
            return answer
        content = json.loads(answer)["choices"][0]["message"]["content"]
        messages = json.loads(body)["messages"]
        sent = sum(len(each["content"]) for each in messages)
        texts = sum(len(text) for _, text in units_in(question))
        written = sum(len(text) for _, text in units_in(json.loads(content)))
        shares = Counter(
            {
                name: sum(_characters(question[key]) for key in keys if key in question)
                for name, keys in _KEYS.items()
            }
        )
        with self._lock:
            self.calls += 1
            self.sent += sent
            self.received += len(content)
            self.shares["instructions"] += sum(len(each["content"]) for each in messages[:-1])
            self.shares["frame sent"] += len(messages[-1]["content"]) - texts - shares.total()
            self.shares["texts sent"] += texts
            self.shares["texts received"] += written
            self.shares["frame received"] += len(content) - written
            self.shares += shares
        return answer


def _characters(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def terms_of(units: Sequence[Unit]) -> list[Term]:
    """A glossary of the words that a document repeats most, each with a target."""
    words = Counter(
        word.lower()
        for unit in units
        for word in re.findall(r"[A-Za-z]{7,}", plain_text(unit.source))
    )
    return [
        Term(term_id=UUID(int=number), source=word, target=foreign(word))
        for number, (word, _) in enumerate(words.most_common(_TERMS))
    ]


def _task(
    index: int, unit_ids: Sequence[str], units: UnitList, terms: Sequence[Term], earlier: Kept
) -> BatchTask:
    """A batch as the service asks for it: with the texts around it and the terms of its units."""
    places = sorted(units.places[each] for each in unit_ids)
    batch = tuple(units.units[place] for place in places)
    kept = earlier.of(batch, ())
    asked = [unit for unit in batch if unit.unit_id not in kept]
    if kept and asked:
        places = [units.places[unit.unit_id] for unit in asked]
    before = units.units[max(0, places[0] - _NEIGHBOURS) : places[0]]
    after = units.units[places[-1] + 1 : places[-1] + 1 + _NEIGHBOURS]
    return BatchTask(
        index=index,
        source_locale=SOURCE,
        target_locale=TARGET,
        units=batch,
        kept=kept,
        context=EngineContext(
            preceding=tuple(plain_text(unit.source) for unit in before),
            following=tuple(plain_text(unit.source) for unit in after),
        ),
        hints=hints_of(asked, terms, MatchList(), SOURCE, earlier.examples()),
    )


async def translate(
    model: CountingModel,
    units: UnitList,
    terms: Sequence[Term],
    ledger: CallLedger | None = None,
    book: AnswerBook | None = None,
    earlier: Kept = NOTHING_KEPT,
) -> dict[str, UnitTarget]:
    """Translate all batches, four at a time, by the real engine; the targets by unit id."""
    engine = OpenAiEngine(
        OpenAiSettings(base_url=model.settings["DRAGOMAN_OPENAI_BASE_URL"], model="test")
    )
    pace, places = SharedPace(), asyncio.Semaphore(_AT_ONCE)
    size = ProjectSettings().batch_size
    plan = plan_batches(units.units, engine.capabilities, size, kept=earlier.unit_ids)
    targets: dict[str, UnitTarget] = {}

    async def one(index: int, unit_ids: Sequence[str]) -> None:
        async with places:
            task = _task(index, unit_ids, units, terms, earlier)
            made = await translate_batch(engine, ledger or MemoryLedger(), task, pace, book=book)
            targets.update({each.unit_id: each for each in made.targets})

    try:
        async with asyncio.TaskGroup() as group:
            for index, unit_ids in enumerate(plan.batches):
                group.create_task(one(index, unit_ids))
    finally:
        await engine.aclose()
    return targets


def measured(path: Path, *, has_terms: bool) -> Sizes | None:
    """The sizes for a document; None where it has too little text or cannot be read."""
    try:
        found = segmented(extract(path.read_bytes()).units, SOURCE)
    except DocumentError:
        return None
    source = sum(len(plain_text(unit.source)) for unit in found if needs_engine(unit))
    if source < LEAST_CHARACTERS:
        return None
    model = CountingModel()
    try:
        asyncio.run(
            translate(
                model,
                UnitList(source_locale=SOURCE, units=found),
                terms_of(found) if has_terms else (),
            )
        )
    finally:
        model.close()
    return Sizes(path.stem, source, model.sent, model.received, model.calls, model.shares)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.prompt_size")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--terms", action="store_true")
    asked = parser.parse_args(arguments)
    found: list[Sizes] = []
    for path in sorted(asked.folder.glob("*.docx")):
        if len(found) == asked.documents:
            break
        if path.stat().st_size > MOST_BYTES:
            continue
        sizes = measured(path, has_terms=asked.terms)
        found += [sizes] if sizes else []
        print(f"{path.name}: {'measured' if sizes else 'left out'}", file=sys.stderr)
    whole = Sizes("all", 0)
    for each in found:
        whole.add(each)
    columns = ("document", "source", "calls", "sent", "received", "both")
    sizes_table = Table("Characters for each character of the source", columns)
    for each in (*found, whole):
        sizes_table.add(*each.row())
    print(sizes_table)
    shares_table = Table("Where they are", ("document", *_SHARES))
    for each in (*found, whole):
        shares_table.add(*each.shares_row())
    print(shares_table)
    return 0 if len(found) >= _FEWEST else 1


_KEYS = {"around": ("before", "after"), "terms and examples": ("terms", "forbidden", "matches")}
_SHARES = (
    *("instructions", "around", "terms and examples", "texts sent", "frame sent"),
    *("texts received", "frame received"),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
