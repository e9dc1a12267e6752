"""How fast documents are taken apart and put together, against the floor of parsing and writing the same XML."""

from __future__ import annotations

import io
import statistics
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from bench.scale import Scale
from bench.tables import Table
from documents import wordml
from dragoman_documents import DocumentError, extract, merge

_etree: Any = import_module("lxml.etree")  # it has no type stubs

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "docx"


@dataclass(frozen=True, slots=True)
class _Cost:
    """CPU-ms of one file, and how much of it there is."""

    units: int
    xml_bytes: int
    extract_ms: float
    merge_ms: float
    floor_ms: float


def documents_table(scale: Scale) -> Table:
    """Extract and merge of generated documents, and of a sample of the corpus where it is."""
    table = Table(
        "DOCX: extract and merge against the floor",
        ("documents", "files", "units", "XML MB", "extract ms", "merge ms", "floor ms", "times floor", "MB/s"),
        "CPU-ms, median of a file. Floor: the parts that merge changed, unzipped, parsed and written by lxml, zipped. "
        "MB/s: their XML through extract and merge.",
    )
    for count in scale.paragraphs:
        _add(table, f"{count:,} paragraphs", [_cost(generated(count), scale)])
    sample = sorted(CORPUS.glob("*.docx"))
    step = max(1, len(sample) // scale.corpus_files) if scale.corpus_files else 1
    costs = [cost for path in sample[::step][: scale.corpus_files] if (cost := _cost_of_file(path, scale))]
    if costs:
        _add(table, "corpus sample", costs)
    return table


def generated(paragraphs: int) -> bytes:
    """A document of paragraphs of about forty words with three looks each, and a hyperlink in every tenth."""
    sentence = "The carrier delivers the goods to the place named in the order and bears the risk until then. "
    link = wordml.field('HYPERLINK "https://example.org/terms"', wordml.run("the terms"))
    body = "".join(
        wordml.paragraph(
            wordml.run(f"{number}. {sentence}"),
            wordml.bold("Within 14 days "),
            wordml.run(sentence, "<w:i/>"),
            link if number % 10 == 0 else "",
        )
        for number in range(paragraphs)
    )
    return wordml.document(body)


def _add(table: Table, name: str, costs: Sequence[_Cost]) -> None:
    def middle(of: Callable[[_Cost], float]) -> float:
        return statistics.median(map(of, costs))

    ours_ms = sum(each.extract_ms + each.merge_ms for each in costs)
    megabytes = sum(each.xml_bytes for each in costs) / 1e6
    table.add(
        name,
        len(costs),
        sum(each.units for each in costs),
        megabytes,
        middle(lambda each: each.extract_ms),
        middle(lambda each: each.merge_ms),
        middle(lambda each: each.floor_ms),
        ours_ms / sum(each.floor_ms for each in costs),
        megabytes / (ours_ms / 1000),
    )


def _cost_of_file(path: Path, scale: Scale) -> _Cost | None:
    """The cost of a file of the corpus; None where it is refused or has no text to change."""
    try:
        return _cost(path.read_bytes(), scale)
    except (DocumentError, ZeroDivisionError):
        return None


def _cost(data: bytes, scale: Scale) -> _Cost:
    units = extract(data).units
    targets = {unit.unit_id: wordml.pseudo(unit) for unit in units}
    changed = _changed_parts(data, merge(data, targets))
    return _Cost(
        units=len(units),
        xml_bytes=sum(map(len, changed.values())),
        extract_ms=_cpu_ms(lambda: extract(data), scale),
        merge_ms=_cpu_ms(lambda: merge(data, targets), scale),
        floor_ms=_cpu_ms(lambda: _floor(data, changed), scale),
    )


def _cpu_ms(function: Callable[[], object], scale: Scale) -> float:
    spent: list[float] = []
    for _ in range(scale.runs):
        started = time.process_time()
        function()
        spent.append((time.process_time() - started) * 1000)
    return statistics.median(spent)


def _changed_parts(before: bytes, after: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        return {
            entry.filename: new.read(entry) for entry in new.infolist() if entry.CRC != old.getinfo(entry.filename).CRC
        }


def _floor(data: bytes, changed: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in changed:
            target.writestr(name, _rewritten(source.read(name)))
    return buffer.getvalue()


def _rewritten(part: bytes) -> bytes:
    return cast("bytes", _etree.tostring(_etree.fromstring(part), encoding="UTF-8"))
