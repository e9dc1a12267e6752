"""How fast a translation memory is built and searched, and how often it finds the best match:
`python -m bench.memory_index [--units N]`.

The units are sentences of the corpus and, beyond these, sentences made of them with words that the
corpus has, as often as it has them. Queries are units with 5 to 25 % of their words changed, and
real sentences that were left out. Truth is brute force over all units with the same edit distance;
recall is the share of queries for which a unit as near as the nearest was found, by its nearness.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import statistics
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from rapidfuzz import fuzz, process

from bench.machine import machine_line
from bench.tables import Table
from dragoman_contracts.locale import Locale
from dragoman_linguistics import sentences
from dragoman_memory import (
    MemoryQuery,
    MemorySearch,
    MemorySegment,
    MemoryUnit,
    build_segment,
    segment_from,
)
from memory.sentences import mutated, noise_of
from memory.sentences import sentences as made_sentences

CORPUS = Path(
    os.environ.get("DRAGOMAN_CORPUS", Path(__file__).parents[3] / "shared" / "corpus" / "docx")
)
EN, DE = Locale("en"), Locale("de")
_BANDS = ((95.0, 100.1), (85.0, 95.0), (75.0, 85.0), (65.0, 75.0))
_WORD = re.compile(r"[^\W\d_]{3,}")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_etree: Any = import_module("lxml.etree")  # it has no type stubs


def corpus_sentences() -> list[str]:
    """The distinct sentences of the corpus from 20 to 400 characters; empty without a corpus."""
    found: dict[str, None] = {}
    for path in sorted(CORPUS.glob("*.docx")):
        for paragraph in _paragraphs(path):
            found.update(dict.fromkeys(each.strip() for each in sentences(paragraph, EN)))
    return [each for each in found if 20 <= len(each) <= 400 and _WORD.search(each)]


def _paragraphs(path: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as package:
            data = package.read("word/document.xml")
        root = _etree.fromstring(data, _etree.XMLParser(resolve_entities=False, recover=True))
    except (KeyError, zipfile.BadZipFile, _etree.XMLSyntaxError):
        return
    for paragraph in root.iter(f"{_W}p") if root is not None else ():
        text = "".join([each.text or "" for each in paragraph.iter(f"{_W}t")])
        yield text[:4_000]


def texts_of(count: int, real: Sequence[str], noise: random.Random) -> list[str]:
    """So many distinct sentences: the real ones first."""
    words = [word for text in real for word in _WORD.findall(text)]
    words *= -(-64 // len(words))
    made = dict.fromkeys(real[:count])
    while len(made) < count:
        sample = noise.sample(words, 64)

        def other(match: re.Match[str], sample: list[str] = sample) -> str:
            return sample.pop() if sample and noise.random() < 0.6 else match[0]

        made[_WORD.sub(other, noise.choice(real))] = None
    return list(made)


def _unit(number: int, text: str) -> MemoryUnit:
    return MemoryUnit(
        unit_id=UUID(int=number),
        source_locale=EN,
        target_locale=DE,
        source=(text,),
        target=(f"Ziel {number}.",),
    )


def memory_table(count: int, queries: int = 300) -> Table:
    """One row: a memory of `count` units."""
    noise = noise_of(5)
    real = corpus_sentences() or made_sentences(5_000, seed=3)
    noise.shuffle(real)
    held_out, real = real[: queries // 3], real[queries // 3 :]
    texts = texts_of(count, real, noise)
    asked = [
        *(mutated(noise.choice(texts), noise) for _ in range(queries - len(held_out))),
        *held_out,
    ]
    begun = time.process_time()
    built = build_segment((_unit(number, text) for number, text in enumerate(texts)), EN, DE)
    build_s = time.process_time() - begun
    data = built.to_bytes()
    begun = time.perf_counter()
    segment = segment_from(data)
    open_ms = (time.perf_counter() - begun) * 1000
    search = MemorySearch([segment])
    fetch = _fetching(texts)
    exact = _times([noise.choice(texts) for _ in asked], lambda query: search.exact(query, most=10))
    begun = time.process_time()
    fuzzy = _times(asked, lambda query: search.fuzzy(query))
    cpu_ms = (time.process_time() - begun) * 1000 / max(len(asked), 1)
    scored = _times(asked, lambda query: search.matches(query, fetch))
    table = Table(
        f"Translation memory: {count:,} units, {len(real):,} of them real sentences, "
        f"{len(asked)} queries",
        (
            "units",
            "build CPU s",
            "bytes a unit",
            "open ms",
            "exact p50 ms",
            "p95",
            "fuzzy p50 ms",
            "p95",
            "CPU mean",
            "with scores p50 ms",
            "p95",
            *(f"found ≥{low:.0f}" for low, _ in _BANDS),
            "peak MB",
        ),
        "Found: of the queries whose nearest unit is so near, those with a unit as near.",
    )
    table.add(
        count,
        build_s,
        len(data) / max(count, 1),
        open_ms,
        *_middle_and_end(exact),
        *_middle_and_end(fuzzy),
        cpu_ms,
        *_middle_and_end(scored),
        *_recall(search, segment, asked),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )
    return table


def _fetching(texts: Sequence[str]) -> Callable[[Sequence[UUID]], Mapping[UUID, MemoryUnit]]:
    def fetch(ids: Sequence[UUID]) -> Mapping[UUID, MemoryUnit]:
        return {each: _unit(each.int, texts[each.int]) for each in ids}

    return fetch


def _times(texts: Sequence[str], look_up: Callable[[MemoryQuery], object]) -> list[float]:
    times: list[float] = []
    for text in texts:
        query = MemoryQuery((text,), EN, DE)
        begun = time.perf_counter()
        look_up(query)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _middle_and_end(times: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return cuts[9], cuts[18]


def _recall(search: MemorySearch, segment: MemorySegment, asked: Sequence[str]) -> list[str]:
    texts = [segment.text(place) for place in range(len(segment))]
    wanted, found = [0] * len(_BANDS), [0] * len(_BANDS)
    for text in asked:
        best = process.extractOne(text, texts, scorer=fuzz.ratio)[1]
        for band, (low, high) in enumerate(_BANDS):
            if low <= best < high:
                near = search.fuzzy(MemoryQuery((text,), EN, DE), most=20)
                ratios = [fuzz.ratio(text, texts[each.unit_id.int]) for each in near]
                wanted[band] += 1
                found[band] += max(ratios, default=0.0) >= best - 0.01
    return [f"{some}/{of}" for some, of in zip(found, wanted, strict=True)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench.memory_index", description=__doc__)
    parser.add_argument("--units", type=int, default=100_000, help="units (%(default)s)")
    parser.add_argument("--queries", type=int, default=300, help="queries (%(default)s)")
    asked = parser.parse_args(arguments)
    print(machine_line())
    print(memory_table(asked.units, asked.queries))


if __name__ == "__main__":
    main()
