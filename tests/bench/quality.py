"""What each way to ask one and the same model gives, held against translations that people made.

    cd tests && DRAGOMAN_OPENAI_BASE_URL=… DRAGOMAN_OPENAI_MODEL=… \\
        ../.venv/bin/python -m bench.quality FOLDER --sacrebleu PROGRAM [--target es] [--units 300] \\
        [--ways bare all]

The folder holds bilingual catalogues, as `linguistics.bilingual` reads them: unpacked wheels. From
them come documents of 50 paragraphs that follow one another, a glossary (short entries whose target
people kept to elsewhere) and, of the entries that are in no document, a translation memory. Each
document is built as DOCX, extracted and asked for by the real engine, with nothing around it.

    one a call   a request for each paragraph, which holds nothing else
    as a map     paragraphs as one JSON object by number, as tools do that send a document in pieces
    bare         Dragoman's protocol
    + context    with the texts before and after each batch
    + terms      with the terms that occur
    + memory     with similar translations as examples
    all          with all three

Printed are chrF++ (sacrebleu's, `pip install sacrebleu` anywhere), the share of terms in the sources
that the target has, paragraphs without a target or left as they were, tokens and seconds. The two
ways that are not Dragoman's are asked once, and nothing that they lose is asked for again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from xml.sax.saxutils import escape

import httpx
from pydantic import TypeAdapter

from bench.tables import Table
from documents.wordml import document, paragraph, run
from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import MatchList, Term
from dragoman_contracts.text import Unit, UnitList, plain_text
from dragoman_documents import extract
from dragoman_linguistics.terms import term_hits
from dragoman_memory import (
    MemoryState,
    MemoryUnit,
    PinnedMemory,
    UnitsFile,
    UnitsFileBuilder,
    build_segment,
    match_list,
)
from dragoman_translate.adapters.openai import OpenAiEngine
from dragoman_translate.batches import BatchTask, translate_batch
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.hinting import hints_of
from dragoman_translate.pacing import Pace
from dragoman_translate.planning import plan_batches
from dragoman_translate.ports import EngineContext
from dragoman_translate.settings import EngineSettings
from linguistics.bilingual import bilinguals_in
from services.translate.ledgers import MemoryLedger

SOURCE = Locale("en")
_PARAGRAPHS = 50
_LEAST_WORDS, _MOST_WORDS = 4, 40
_TERM_WORDS = 2
_NEIGHBOURS = 2
_PIECE_CHARS = 2_000
_PLACEHOLDER = re.compile(r"%\(|%[sd]|\{|<|&\w+;|\n|``|:\w+:")
_TERM = re.compile(r"[A-Za-z][a-z ]{3,}[a-z]")
_OBJECT = TypeAdapter(dict[str, object])
Pair = tuple[str, str]


@dataclass(frozen=True)
class Data:
    """What people translated: documents, and what helps with them."""

    documents: tuple[tuple[Pair, ...], ...]
    terms: tuple[Term, ...]
    memory: PinnedMemory
    target: Locale


@dataclass(frozen=True)
class Help:
    """The help that a request has."""

    context: bool = False
    terms: bool = False
    memory: bool = False


@dataclass
class Made:
    """The targets of one way, in the order of the paragraphs, and what they took."""

    targets: list[str]
    usage: Usage
    seconds: float = 0.0


_WAYS = {
    "bare": Help(),
    "+ context": Help(context=True),
    "+ terms": Help(terms=True),
    "+ memory": Help(memory=True),
    "all": Help(context=True, terms=True, memory=True),
}


def data_of(folder: Path, target: Locale, units: int) -> Data:
    """The documents of so many paragraphs, the glossary and the memory, the same each time."""
    catalogues = [
        [pair for pair in each.texts if not _PLACEHOLDER.search("".join(pair))]
        for each in bilinguals_in(folder)
        if each.target_locale == target
    ]
    runs = [cut for each in catalogues for cut in _runs(each)]
    random.Random(7).shuffle(runs)  # noqa: S311 - no secret
    documents = tuple(runs[: -(-units // _PARAGRAPHS)])
    asked = {source for each in documents for source, _ in each}
    others = [pair for each in catalogues for pair in each if pair[0] not in asked]
    return Data(
        documents, tuple(_terms(others, documents, target)), _memory(others, target), target
    )


def _runs(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, ...]]:
    """The whole documents that the prose of a catalogue gives."""
    prose = [pair for pair in pairs if _LEAST_WORDS <= len(pair[0].split()) <= _MOST_WORDS]
    for start in range(0, len(prose) - _PARAGRAPHS + 1, _PARAGRAPHS):
        yield tuple(prose[start : start + _PARAGRAPHS])


def _terms(
    others: Sequence[Pair], documents: Sequence[Sequence[Pair]], target: Locale
) -> Iterator[Term]:
    """Short entries that occur in the documents, where most of the translations keep to them."""
    candidates = {
        source.lower(): words.strip().lower()
        for source, words in others
        if len(source.split()) <= _TERM_WORDS and _TERM.fullmatch(source)
    }
    for number, (source, words) in enumerate(sorted(candidates.items())):
        term = Term(term_id=UUID(int=number), source=source, target=words)
        kept = [
            _has(translated, term, target)
            for each in documents
            for text, translated in each
            if term_hits(text, (term,), SOURCE)
        ]
        if kept and 2 * sum(kept) > len(kept):
            yield term


def _has(text: str, term: Term, target: Locale) -> bool:
    """Whether a text holds the term's target, inflected or not."""
    wanted = term.model_copy(update={"source": term.target, "target": term.source})
    return bool(term_hits(text, (wanted,), target))


def _memory(pairs: Sequence[Pair], target: Locale) -> PinnedMemory:
    units = [
        MemoryUnit(
            unit_id=UUID(int=number),
            source_locale=SOURCE,
            target_locale=target,
            source=(source,),
            target=(translated,),
            state=MemoryState.REVIEWED,
        )
        for number, (source, translated) in enumerate(dict(pairs).items(), 1)
    ]
    records = UnitsFileBuilder()
    for unit in units:
        records.add(unit.unit_id, unit)
    segment = build_segment(units, SOURCE, target)
    return PinnedMemory(UUID(int=1), "catalogues", [(segment, UnitsFile(records.to_bytes()))])


async def by_dragoman(data: Data, settings: OpenAiSettings, helps: Help) -> Made:
    """All documents by Dragoman's own engine, a batch after the other."""
    engine, ledger, pace = OpenAiEngine(settings), MemoryLedger(), Pace()
    made = Made([], Usage())
    try:
        for each in data.documents:
            body = "".join(paragraph(run(escape(source))) for source, _ in each)
            units = extract(document(body)).units
            targets: dict[str, str] = {}
            for index, unit_ids in enumerate(plan_batches(units, engine.capabilities, 25).batches):
                task = _task(index, unit_ids, units, data, helps)
                answer = await translate_batch(engine, ledger, task, pace)
                targets |= {found.unit_id: plain_text(found.target) for found in answer.targets}
                made.usage += answer.usage
            made.targets += [
                targets.get(unit.unit_id, "") for unit, _ in zip(units, each, strict=True)
            ]
    finally:
        await engine.aclose()
    return made


def _task(
    index: int, unit_ids: Sequence[str], units: Sequence[Unit], data: Data, helps: Help
) -> BatchTask:
    wanted = set(unit_ids)
    places = [place for place, unit in enumerate(units) if unit.unit_id in wanted]
    batch = tuple(units[place] for place in places)
    around = EngineContext()
    if helps.context:
        before = units[max(0, places[0] - _NEIGHBOURS) : places[0]]
        after = units[places[-1] + 1 : places[-1] + 1 + _NEIGHBOURS]
        around = EngineContext(
            preceding=tuple(plain_text(unit.source) for unit in before),
            following=tuple(plain_text(unit.source) for unit in after),
        )
    matches = MatchList()
    if helps.memory:
        texts = UnitList(source_locale=SOURCE, units=batch)
        matches = match_list(texts, [data.memory], SOURCE, data.target)
    terms = data.terms if helps.terms else ()
    return BatchTask(
        index=index,
        source_locale=SOURCE,
        target_locale=data.target,
        units=batch,
        context=around,
        hints=hints_of(batch, terms, matches, SOURCE),
    )


async def one_a_call(data: Data, settings: OpenAiSettings) -> Made:
    """A request for each paragraph."""
    said = f"Translate the user's text from English into {_name(data.target)}. Answer the translation alone."
    made = Made([], Usage())
    async with _client(settings) as client:
        for source, _ in (pair for each in data.documents for pair in each):
            answer, usage = await _asked(client, settings, said, source)
            made.targets.append(answer.strip())
            made.usage += usage
    return made


async def as_a_map(data: Data, settings: OpenAiSettings) -> Made:
    """Pieces of a document, each one JSON object of texts by number, answered in the same form."""
    said = (
        f"You are a translator. The user sends a JSON object of texts by number. Translate each text into "
        f"{_name(data.target)}, keep the numbers, and answer with the JSON object alone."
    )
    made = Made([], Usage())
    async with _client(settings) as client:
        for each in data.documents:
            for piece in _pieces([source for source, _ in each]):
                question = {str(number): text for number, text in enumerate(piece)}
                text = json.dumps(question, ensure_ascii=False)
                answer, usage = await _asked(client, settings, said, text)
                found = _object_in(answer)
                made.targets += [str(found.get(number, "")).strip() for number in question]
                made.usage += usage
    return made


def _pieces(texts: Sequence[str]) -> Iterator[list[str]]:
    piece: list[str] = []
    for text in texts:
        if piece and sum(map(len, piece)) + len(text) > _PIECE_CHARS:
            yield piece
            piece = []
        piece.append(text)
    yield piece


def _object_in(answer: str) -> Mapping[str, object]:
    start, end = answer.find("{"), answer.rfind("}")
    try:
        return _OBJECT.validate_json(answer[start : end + 1])
    except ValueError:
        return {}


def _client(settings: OpenAiSettings) -> httpx.AsyncClient:
    key = settings.api_key.get_secret_value()
    return httpx.AsyncClient(
        base_url=f"{settings.base_url}/",
        headers={"Authorization": f"Bearer {key}"},
        timeout=httpx.Timeout(600),
    )


async def _asked(
    client: httpx.AsyncClient, settings: OpenAiSettings, said: str, text: str
) -> tuple[str, Usage]:
    messages = [{"role": "system", "content": said}, {"role": "user", "content": text}]
    body = {"model": settings.model, "messages": messages, "temperature": 0, "max_tokens": 4096}
    response = await client.post("chat/completions", json=body)
    response.raise_for_status()
    answer = response.json()
    used = answer["usage"]
    usage = Usage(
        call_count=1,
        prompt_tokens=used["prompt_tokens"],
        response_tokens=used["completion_tokens"],
    )
    return answer["choices"][0]["message"]["content"], usage


def _name(locale: Locale) -> str:
    return {"es": "Spanish", "fr": "French", "de": "German"}.get(locale.language, str(locale))


def chrf(program: str, targets: Sequence[str], references: Sequence[str]) -> float:
    """chrF++ of the targets, by sacrebleu."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("targets", "references")]
        for path, texts in zip(paths, (targets, references), strict=True):
            path.write_text("".join(f"{' '.join(text.split())}\n" for text in texts), "utf-8")
        command = [
            program,
            str(paths[1]),
            "-i",
            str(paths[0]),
            "-m",
            "chrf",
            "--chrf-word-order",
            "2",
        ]
        done = subprocess.run(
            [*command, "-b", "-w", "2"], check=True, capture_output=True, text=True
        )
    return float(done.stdout)


def terms_right(data: Data, targets: Sequence[str]) -> tuple[int, int]:
    """The terms that targets have, and those that people's translations of the same texts have."""
    right = wanted = 0
    pairs = [pair for each in data.documents for pair in each]
    for (source, reference), target in zip(pairs, targets, strict=True):
        for hit in term_hits(source, data.terms, SOURCE):
            if _has(reference, hit.term, data.target):
                wanted += 1
                right += _has(target, hit.term, data.target)
    return right, wanted


def main(arguments: Sequence[str]) -> int:
    """Ask in every way, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sacrebleu", default="sacrebleu", help="sacrebleu's program")
    parser.add_argument("--target", type=Locale, default=Locale("es"))
    parser.add_argument("--units", type=int, default=300, help="paragraphs (%(default)s)")
    parser.add_argument("--ways", nargs="+", default=[*_OTHERS, *_WAYS], help="only these")
    asked = parser.parse_args(arguments)
    settings = EngineSettings().openai
    data = data_of(asked.folder, asked.target, asked.units)
    pairs = [pair for each in data.documents for pair in each]
    references = [reference for _, reference in pairs]
    table = Table(
        f"{len(pairs)} paragraphs, {len(data.terms)} terms, {settings.model}",
        ("way", "chrF++", "terms right", "empty", "as the source", "sent", "written", "calls", "s"),
    )
    for name in asked.ways:
        begun = time.monotonic()
        made = asyncio.run(
            _OTHERS[name](data, settings)
            if name in _OTHERS
            else by_dragoman(data, settings, _WAYS[name])
        )
        right, wanted = terms_right(data, made.targets)
        table.add(
            name,
            chrf(asked.sacrebleu, made.targets, references),
            f"{right}/{wanted}",
            sum(not target for target in made.targets),
            sum(target == source for target, (source, _) in zip(made.targets, pairs, strict=True)),
            made.usage.prompt_tokens,
            made.usage.response_tokens,
            made.usage.call_count,
            time.monotonic() - begun,
        )
        print(*table.rows[-1], file=sys.stderr, flush=True)
    print(table)
    return 0


_OTHERS = {"one a call": one_a_call, "as a map": as_a_map}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
