"""What translations come to where a provider goes wrong: `python -m e2e.provider_faults FOLDER`, run
in `tests`.

English documents of the folder are translated into Spanish by `dragoman translate`, as the `openai`
engine asks for it, of a server that answers as Apertium translates. First it is good. Then one
request in ten each is cut off before an answer, slow, refused with 429 and Retry-After, answered
with broken JSON, without half of the ids, and with swapped tags. Printed is what the server did,
and how the jobs ended; a document that is delivered, or is a draft, and differs from that of the
good server without a finding makes the exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from typing_extensions import override

from documents.translations import documents_in
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Unit, needs_engine, plain_text
from dragoman_documents import DocumentError, extract
from dragoman_linguistics import identify
from dragoman_translate.adapters.apertium import ApertiumEngine
from dragoman_translate.asking import engine_unit
from dragoman_translate.ports import EngineRequest
from e2e.command_line import dragoman
from ports.model_server import Body, ModelServer

_EN, _ES = Locale("en"), Locale("es")
_FAULTS = ("killed", "slow", "429_soon", "broken_json", "lost_ids", "swapped_tags")
_LEAST_UNITS, _MOST_UNITS = 10, 150


class FaultyServer(ModelServer):
    """A server that answers with texts that are known, and each request in a mode by chance."""

    def __init__(self, texts: Mapping[str, str], share: float, seed: int) -> None:
        super().__init__(write=lambda text: texts.get(text, text))
        self.counts: Counter[str] = Counter()
        self._share = share
        self._chance = random.Random(seed)  # noqa: S311 - no secret

    @override
    def begin(self, headers: dict[str, str], body: Body) -> str:
        super().begin(headers, body)
        drawn = self._chance.random() / self._share if self._share else len(_FAULTS)
        mode = _FAULTS[int(drawn)] if drawn < len(_FAULTS) else "good"
        self.counts[mode] += 1
        return mode


@dataclass(frozen=True)
class Ended:
    """How a document's job ended: its status, the error's code, and its result or draft."""

    status: str
    code: str
    document: bytes | None


def chosen(folder: Path, count: int) -> dict[Path, list[Unit]]:
    """English documents of middling length, with the units that an engine translates."""
    found: dict[Path, list[Unit]] = {}
    for path in documents_in(folder):
        try:
            every = extract(path.read_bytes()).units
        except DocumentError:
            continue
        units = [unit for unit in every if unit.is_translatable and needs_engine(unit)]
        if not _LEAST_UNITS <= len(units) <= _MOST_UNITS:
            continue
        if identify(plain_text(unit.source) for unit in units).locale == _EN:
            found[path] = units
    every_n = max(len(found) // count, 1)
    return dict(list(found.items())[::every_n][:count])


async def translations(units: Iterable[Unit]) -> dict[str, str]:
    """What Apertium makes of each text, as engines are given it."""
    engine = ApertiumEngine()
    asked = {each.source.text: each for each in map(engine_unit, units)}
    request = EngineRequest(source_locale=_EN, target_locale=_ES, units=tuple(asked.values()))
    by_id = {each.unit_id: text for text, each in asked.items()}
    try:
        reply = await engine.translate(request)
    finally:
        await engine.aclose()
    return {by_id[each.unit_id]: each.target for each in reply.targets}


def run(paths: Sequence[Path], server: FaultyServer, folder: Path) -> dict[str, Ended]:
    """Translate the documents, one after the other, by one command."""
    settings = {
        "DRAGOMAN_OPENAI_BASE_URL": server.base_url,
        "DRAGOMAN_OPENAI_MODEL": "test",
        "DRAGOMAN_BACKOFF_BASE_S": "0.2",
    }
    done = dragoman(
        *("translate", *paths, "-o", folder / "out", "--state", folder / "state"),
        *("--source", "en", "--target", "es", "--engine", "openai", "--progress", "ndjson"),
        environment=settings,
        timeout_s=3600,
    )
    said: list[dict[str, Any]] = [
        json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")
    ]
    return {each["file"]: _ended(each) for each in said if each["event"] == "finished"}


def _ended(said: Mapping[str, Any]) -> Ended:
    path = said["output"] or said["draft"]
    return Ended(said["status"], said["code"], Path(path).read_bytes() if path else None)


def main() -> None:
    """Print the table; exit with 1 where something wrong was delivered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=20, help="how many (%(default)s)")
    parser.add_argument("--rate", type=float, default=0.1, help="of each fault (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    documents = chosen(asked.folder, asked.documents)
    units = [unit for each in documents.values() for unit in each]
    texts = asyncio.run(translations(units))
    runs: list[dict[str, Ended]] = []
    for share in (0.0, asked.rate):
        server = FaultyServer(texts, share, asked.seed)
        begun = time.monotonic()
        try:
            with TemporaryDirectory() as folder:
                runs.append(run(list(documents), server, Path(folder)))
        finally:
            server.close()
        print(
            f"{share:.0%} each: {len(documents)} documents, {len(units)} units,"
            f" {time.monotonic() - begun:.0f} s; requests {dict(server.counts.most_common())};"
            f" jobs {dict(Counter(each.status for each in runs[-1].values()))}"
        )
    good, bad = runs
    wrong = [name for name, each in good.items() if bad[name].status == "completed" != each.status]
    changed = [
        name
        for name, each in good.items()
        if bad[name].status == each.status and bad[name].document != each.document
    ]
    others = {
        name: f"{each.status} {each.code}"
        for name, each in bad.items()
        if each.status != good[name].status
    }
    print(f"ended otherwise: {others}")
    print(f"the same status and another text: {changed}; completed where the good was not: {wrong}")
    silent = [name for name in changed if bad[name].status == "completed"]
    sys.exit(1 if wrong or silent else 0)


if __name__ == "__main__":
    main()
