"""How long a review takes to be written and read back, and in how much memory:
`python -m bench.reviews [--units N]`.

Each figure is of a fresh process. Memory is what its peak (`VmHWM`) rises by from the moment it
holds the job's units, and the file's bytes where it reads.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bench.machine import machine_line
from bench.tables import Table
from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding, ReviewStage, Severity, UnitVerdict
from dragoman_contracts.text import (
    ResultSource,
    TagRole,
    TagSpec,
    closing,
    opening,
    placeholder,
)
from dragoman_exchange import (
    ExchangeFormat,
    ReviewDocument,
    ReviewUnit,
    read_review,
    write_review,
)

_FINDING = QaFinding(code="numbers.missing", severity=Severity.WARNING, message="12 is missing.")
_TAGS = (TagSpec(id=1, role=TagRole.FORMAT, can_delete=True), TagSpec(id=2, role=TagRole.FIELD))
_SENTENCE = "The supplier shall deliver the goods within thirty days of the order. "


def review_of(units: int) -> ReviewDocument:
    """A job of as many units, of 220 characters and three tags each; one in ten has a finding."""
    return ReviewDocument(
        job_id=UUID(int=1),
        document_id=UUID(int=2),
        version=1,
        source_locale=Locale("en"),
        target_locale=Locale("de"),
        tool_version="1",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        title="Contract",
        units=tuple(_unit(number) for number in range(units)),
    )


def _unit(number: int) -> ReviewUnit:
    inside = (opening(1), "order", closing(1), " on page ", placeholder(2), ".")
    return ReviewUnit(
        unit_id=f"word/document.xml#{number}.0",
        source=(f"{number}. {_SENTENCE * 2}See the ", *inside),
        target=(f"{number}. {_SENTENCE[::-1] * 2}Siehe ", *inside),
        tags=_TAGS,
        stage=ReviewStage.TRANSLATED,
        verification_state=UnitVerdict.NEEDS_REVIEW,
        result_source=ResultSource.ENGINE,
        findings=(_FINDING,) if number % 10 == 0 else (),
    )


def reviews(units: int) -> Table:
    """CPU seconds and MiB of writing and of reading, for each format."""
    table = Table(
        f"Review files of {units:,} units",
        ("format", "file MiB", "write CPU-s", "write MiB", "read CPU-s", "read MiB"),
        "a fresh process for each figure; MiB are the rise of its peak",
    )
    for format in ExchangeFormat:
        size, write_s, write_mib = _measured("write", format, units)
        read_s: float | None = None
        read_mib: float | None = None
        if format.is_readable:
            _, read_s, read_mib = _measured("read", format, units)
        table.add(str(format), size, write_s, write_mib, read_s, read_mib)
    return table


def _measured(what: str, format: ExchangeFormat, units: int) -> tuple[float, float, float]:
    command = [sys.executable, "-m", "bench.reviews", "--child", what, str(format)]
    done = subprocess.run(
        [*command, "--units", str(units)], check=True, capture_output=True, text=True
    )
    size, seconds, mib = json.loads(done.stdout)
    return size, seconds, mib


def _measure(what: str, format: ExchangeFormat, units: int) -> tuple[float, float, float]:
    review = review_of(units)
    read_review(review_of(1), write_review(ExchangeFormat.TMX, review_of(1)))
    data = write_review(format, review) if what == "read" else b""
    # Writing to `clear_refs` makes the peak anew (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before, begun = _peak_mib(), time.process_time()
    if what == "write":
        data = write_review(format, review)
    else:
        reading = read_review(review, data)
        if len(reading.imported) != units or reading.rejected:
            raise ValueError(f"{format}: {len(reading.imported)} of {units} units came back")
    seconds = time.process_time() - begun
    return len(data) / 2**20, seconds, _peak_mib() - before


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure writing and reading of review files.")
    parser.add_argument("--units", type=int, default=16_000)
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "FORMAT"), help="for the bench itself")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    if given.child:
        what, name = given.child
        print(json.dumps(_measure(what, ExchangeFormat(name), given.units)))
    else:
        print(machine_line())
        print(reviews(given.units))
