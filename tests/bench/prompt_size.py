"""Characters sent to and received from a model for each character of the source.

    cd tests && ../.venv/bin/python -m bench.prompt_size FOLDER [--documents 10] [--terms]

A server of this module's own answers each unit in other letters and counts what the messages hold,
and how much of it is instructions, texts around, terms, the units themselves and what frames them.
With `--terms` each job has a glossary of the words that its document repeats most.
Questions that are asked again are left out, since quality estimation doubts what is no language.
The documents are the smallest of the folder that have at least 2,000 characters, in the order of
their names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from docx import Document
from typing_extensions import override

from bench.tables import Cell, Table
from dragoman_contracts.job import fold
from dragoman_contracts.model import from_json
from dragoman_contracts.text import UnitList, plain_text
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_translate.planning import needs_engine
from e2e.command_line import dragoman
from e2e.slow_model import SlowModel, foreign
from servers.model_protocol import question_in, units_in

_LEAST_CHARACTERS = 2_000
_MOST_BYTES = 400_000
_FEWEST = 3
_TERMS = 12


@dataclass
class Sizes:
    """The characters of one document and of the calls about it, and the shares of what was sent."""

    name: str
    source: int
    sent: int = 0
    received: int = 0
    calls: int = 0
    shares: Counter[str] = field(default_factory=Counter[str])

    def row(self) -> tuple[Cell, ...]:
        """The document as a row of the table."""
        shares = (self.sent / self.source, self.received / self.source)
        return (self.name[:40], self.source, self.calls, *shares, sum(shares))

    def shares_row(self) -> tuple[Cell, ...]:
        """The shares of the document: of each, characters for a character of the source."""
        return (self.name[:40], *(self.shares[name] / self.source for name in _SHARES))


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


def _glossary(path: Path, folder: Path) -> Path | None:
    """A glossary of the words that the document repeats most, each with a target; None without any."""
    texts = (each.text for each in Document(str(path)).paragraphs)
    words = Counter(word.lower() for text in texts for word in re.findall(r"[A-Za-z]{7,}", text))
    lines = [f"{word},{foreign(word)}" for word, _ in words.most_common(_TERMS)]
    if not lines:
        return None
    written = folder / "terms.csv"
    written.write_text("\n".join(["source,target", *lines]) + "\n", "utf-8")
    return written


async def _source_characters(state: Path, job_id: str) -> int:
    """The characters of a job's units that have something to translate."""
    store, objects = SqliteEventStore(state / "events.db"), FileObjectStore(state / "objects")
    try:
        job = fold([each.recorded for each in await store.read(UUID(job_id))])
    finally:
        await store.aclose()
    if job is None or job.extraction is None:
        return 0
    units = from_json(UnitList, await objects.get(job.project_id, job.extraction.units)).units
    return sum(len(plain_text(unit.source)) for unit in units if needs_engine(unit))


def measured(path: Path, folder: Path, *, has_terms: bool) -> Sizes | None:
    """The sizes for a document; None where it has too little text or cannot be translated."""
    model, state = CountingModel(), folder / "state"
    glossary = _glossary(path, folder) if has_terms else None
    terms = ("--glossary", glossary) if glossary else ()
    try:
        done = dragoman(
            *("translate", path, "-o", folder / "out.docx", "--source", "en", "--target", "ru"),
            *("--engine", "openai", "--state", state, "--json"),
            *terms,
            environment=model.settings,
        )
    finally:
        model.close()
    files = cast("list[dict[str, Any]]", json.loads(done.stdout or '{"files": []}')["files"])
    if not files or files[0]["job_id"] is None:
        return None
    source = asyncio.run(_source_characters(state, files[0]["job_id"]))
    if source < _LEAST_CHARACTERS:
        return None
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
        if path.stat().st_size > _MOST_BYTES:
            continue
        folder = Path(tempfile.mkdtemp(prefix="prompt-size-"))
        try:
            sizes = measured(path, folder, has_terms=asked.terms)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        found += [sizes] if sizes else []
        print(f"{path.name}: {'measured' if sizes else 'left out'}", file=sys.stderr)
    whole = Sizes("all", *(sum(getattr(each, name) for each in found) for name in _SUMMED))
    columns = ("document", "source", "calls", "sent", "received", "both")
    sizes_table = Table("Characters for each character of the source", columns)
    for each in (*found, whole):
        sizes_table.add(*each.row())
    print(sizes_table)
    for each in found:
        whole.shares += each.shares
    shares_table = Table("Where they are", ("document", *_SHARES))
    for each in (*found, whole):
        shares_table.add(*each.shares_row())
    print(shares_table)
    return 0 if len(found) >= _FEWEST else 1


_SUMMED = ("source", "sent", "received", "calls")
_KEYS = {"around": ("before", "after"), "terms and examples": ("terms", "forbidden", "matches")}
_SHARES = (
    *("instructions", "around", "terms and examples", "texts sent", "frame sent"),
    *("texts received", "frame received"),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
