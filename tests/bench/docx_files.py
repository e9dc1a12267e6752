"""How fast and in how much memory documents are taken apart and put together:
`python -m bench.docx_files`.

The floor of a document is what its XML costs with lxml alone, in the same run. For extraction:
every part that extraction reads is unzipped, parsed and serialised. For reassembly: the same, and
the parts that the merge changed are deflated as the merge does it; all other entries would be
copied as they are, which costs nothing worth naming.

Memory is what the peak of a fresh process rises by (`VmHWM`) from the moment it holds the file's
bytes and has read a small document, over the bytes of the XML.
"""

from __future__ import annotations

import io
import os
import pickle
import statistics
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from bench.machine import machine_line
from bench.scale import Scale
from bench.tables import Table
from documents import wordml
from dragoman_contracts.text import Content, Unit
from dragoman_documents import DocumentError, extract, merge
from dragoman_documents.docx.container import ZipContainer
from dragoman_documents.docx.entries import Entry

_etree: Any = import_module("lxml.etree")  # it has no type stubs

CORPUS = Path(
    os.environ.get("DRAGOMAN_CORPUS", Path(__file__).parents[3] / "shared" / "corpus" / "docx")
)
_ENOUGH_TO_WEIGH = (
    400_000  # bytes of XML; below it the interpreter's own ups and downs are what is seen
)


@dataclass(frozen=True, slots=True)
class _Cost:
    """CPU-ms of one file, and how much of it there is. Memory is in times the XML,
    None where that is too small.
    """

    units: int
    xml_bytes: int
    extract_ms: float
    extract_floor_ms: float
    merge_ms: float
    merge_floor_ms: float
    extract_memory: float | None
    merge_memory: float | None


def documents_table(scale: Scale) -> Table:
    """Extract and merge of generated documents, and of a sample of the corpus where it is."""
    table = Table(
        "DOCX: extract and merge against the floor",
        ("documents", "files", "units", "XML MB", *_columns("extract"), *_columns("merge")),
        "CPU-ms, median of a file; times floor and MB/s of all. Floor: the parts extraction reads, unzipped, parsed\n"
        "and serialised by lxml; for merge, those it changes deflated too. Memory: rise of a fresh process's peak, in\n"
        f"times the XML, most of any file of at least {_ENOUGH_TO_WEIGH / 1e6} MB.",
    )
    for count in scale.paragraphs:
        _add(table, f"{count:,} paragraphs", [_cost(generated(count), scale)])
    sample = sorted(CORPUS.glob("*.docx"))
    step = max(1, len(sample) // scale.corpus_files) if scale.corpus_files else 1
    costs = [
        cost
        for path in sample[::step][: scale.corpus_files]
        if (cost := _cost_of_file(path, scale))
    ]
    if costs:
        _add(table, "corpus", costs)
        _add(table, "its largest file", [max(costs, key=lambda cost: cost.xml_bytes)])
    return table


def _columns(what: str) -> tuple[str, ...]:
    return (f"{what} ms", "floor ms", "times floor", "MB/s", "memory")


def generated(paragraphs: int) -> bytes:
    """A document of paragraphs of about forty words with three looks each,
    and a hyperlink in every tenth.
    """
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
    megabytes = sum(each.xml_bytes for each in costs) / 1e6
    table.add(
        name,
        len(costs),
        sum(each.units for each in costs),
        megabytes,
        *_figures(
            [(each.extract_ms, each.extract_floor_ms, each.extract_memory) for each in costs],
            megabytes,
        ),
        *_figures(
            [(each.merge_ms, each.merge_floor_ms, each.merge_memory) for each in costs], megabytes
        ),
    )


def _figures(
    costs: Sequence[tuple[float, float, float | None]], megabytes: float
) -> tuple[float | None, ...]:
    spent = [own_ms for own_ms, _, _ in costs]
    floors = [floor_ms for _, floor_ms, _ in costs]
    weighed = [memory for _, _, memory in costs if memory is not None]
    return (
        statistics.median(spent),
        statistics.median(floors),
        sum(spent) / sum(floors),
        megabytes / (sum(spent) / 1000),
        max(weighed, default=None),
    )


def _cost_of_file(path: Path, scale: Scale) -> _Cost | None:
    """The cost of a file of the corpus; None where it is refused."""
    try:
        return _cost(path.read_bytes(), scale)
    except DocumentError:
        return None


def _cost(data: bytes, scale: Scale) -> _Cost:
    units, read = _extracted(data)
    targets = {unit.unit_id: wordml.pseudo(unit) for unit in units}
    changed = _changed_parts(data, merge(data, targets))
    xml_bytes = sum(read.values())
    is_weighed = xml_bytes >= _ENOUGH_TO_WEIGH
    return _Cost(
        units=len(units),
        xml_bytes=xml_bytes,
        extract_ms=_cpu_ms(lambda: extract(data), scale),
        extract_floor_ms=_cpu_ms(lambda: _floor(data, read, set()), scale),
        merge_ms=_cpu_ms(lambda: merge(data, targets), scale),
        merge_floor_ms=_cpu_ms(lambda: _floor(data, read, changed), scale),
        extract_memory=_memory(data) / xml_bytes if is_weighed else None,
        merge_memory=_memory(data, targets) / xml_bytes if is_weighed else None,
    )


def _cpu_ms(function: Callable[[], object], scale: Scale) -> float:
    spent: list[float] = []
    for _ in range(scale.runs):
        started = time.process_time()
        function()
        spent.append((time.process_time() - started) * 1000)
    return statistics.median(spent)


def _extracted(data: bytes) -> tuple[Sequence[Unit], dict[str, int]]:
    """The units, and the sizes of the well-formed parts that were read for them."""
    read: dict[str, int] = {}
    plain_read = ZipContainer.read

    def noting(archive: ZipContainer, entry: Entry) -> bytes:
        content = plain_read(archive, entry)
        try:
            _etree.fromstring(content)
            read[entry.name] = len(content)
        except _etree.XMLSyntaxError:
            pass
        return content

    with patch.object(ZipContainer, "read", noting):
        units = extract(data).units
    return units, read


def _changed_parts(before: bytes, after: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        return {
            entry.filename
            for entry in new.infolist()
            if entry.CRC != old.getinfo(entry.filename).CRC
        }


def _floor(data: bytes, read: dict[str, int], changed: set[str]) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        for name in read:
            written = cast(
                "bytes", _etree.tostring(_etree.fromstring(source.read(name)), encoding="UTF-8")
            )
            if name in changed:
                zlib.compress(written, 6)


def _memory(data: bytes, targets: Mapping[str, Content] | None = None) -> int:
    """The bytes by which extract, or merge of these targets,
    raises the peak of a process of its own.
    """
    command = [sys.executable, "-m", "bench.docx_files", "--weigh"]
    given = pickle.dumps((data, targets))
    done = subprocess.run(
        command, input=given, check=True, capture_output=True, cwd=Path(__file__).parents[1]
    )
    return int(done.stdout)


def weigh(data: bytes, targets: Mapping[str, Content] | None) -> int:
    """The bytes by which extract, or merge of the targets where there are any,
    raises this process's peak.
    """
    small = generated(3)
    merge(small, {unit.unit_id: wordml.pseudo(unit) for unit in extract(small).units})
    before = _peak_bytes()
    if targets is None:
        extract(data)
    else:
        merge(data, targets)
    return _peak_bytes() - before


def _peak_bytes() -> int:
    """The most memory this process has held;
    what `ru_maxrss` says is at least what its parent held at the fork.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split(None, 1)[0]) * 1024


if __name__ == "__main__":
    if sys.argv[1:] == ["--weigh"]:
        sys.stdout.write(str(weigh(*pickle.load(sys.stdin.buffer))))  # noqa: S301 - our own parent wrote it
    else:
        sys.stdout.write(f"{machine_line()}\n\n{documents_table(Scale())}\n")
