"""Characters sent to and received from a model for each character of the source.

    cd tests && ../.venv/bin/python -m bench.prompt_size FOLDER [--documents 10]

A server of this module's own answers each unit in other letters and counts what the messages hold.
Questions that are asked again are left out, since quality estimation doubts what is no language.
The documents are the smallest of the folder that have at least 2,000 characters, in the order of
their names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from typing_extensions import override

from bench.tables import Cell, Table
from dragoman_contracts.job import fold
from dragoman_contracts.model import from_json
from dragoman_contracts.text import UnitList, plain_text
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_translate.planning import needs_engine
from e2e.command_line import dragoman
from e2e.slow_model import SlowModel

_LEAST_CHARACTERS = 2_000
_MOST_BYTES = 400_000
_FEWEST = 3


@dataclass
class Sizes:
    """The characters of one document and of the calls about it."""

    name: str
    source: int
    sent: int = 0
    received: int = 0
    calls: int = 0

    def row(self) -> tuple[Cell, ...]:
        """The document as a row of the table."""
        shares = (self.sent / self.source, self.received / self.source)
        return (self.name[:40], self.source, self.calls, *shares, sum(shares))


class CountingModel(SlowModel):
    """Counts the characters of messages and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.received = 0
        self.calls = 0

    @override
    def answer(self, body: bytes) -> bytes:
        answer = json.loads(super().answer(body))
        message = answer["choices"][0]["message"]
        # As models write: letters as they are, not as escapes.
        message["content"] = json.dumps(json.loads(message["content"]), ensure_ascii=False)
        messages = json.loads(body)["messages"]
        if "corrections" in json.loads(messages[-1]["content"]):
            return json.dumps(answer).encode()
        self.calls += 1
        self.sent += sum(len(each["content"]) for each in messages)
        self.received += len(message["content"])
        return json.dumps(answer).encode()


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


def measured(path: Path, folder: Path) -> Sizes | None:
    """The sizes for a document; None where it has too little text or cannot be translated."""
    model, state = CountingModel(), folder / "state"
    try:
        done = dragoman(
            *("translate", path, "-o", folder / "out.docx", "--source", "en", "--target", "ru"),
            *("--engine", "openai", "--state", state, "--json"),
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
    return Sizes(path.stem, source, model.sent, model.received, model.calls)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.prompt_size")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=10)
    asked = parser.parse_args(arguments)
    found: list[Sizes] = []
    for path in sorted(asked.folder.glob("*.docx")):
        if len(found) == asked.documents:
            break
        if path.stat().st_size > _MOST_BYTES:
            continue
        folder = Path(tempfile.mkdtemp(prefix="prompt-size-"))
        try:
            sizes = measured(path, folder)
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
    return 0 if len(found) >= _FEWEST else 1


_SUMMED = ("source", "sent", "received", "calls")

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
