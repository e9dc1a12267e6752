"""What QA catches of an engine that goes wrong: `python -m linguistics.caught --corpus FOLDER`, run
in `tests`.

Every document is translated well first: English ones by Apertium into Spanish, others letter by
letter into Cyrillic. Documents that are not in Latin letters are left out.
Then an engine spoils each unit with each kind of fault at a rate: it refuses, answers in another
language, copies, cuts to a quarter, merges two units, shifts a run of them by one, talks, changes a
placeholder, escapes entities. Its answers go the way of a real engine's: cleaned, repaired,
checked. Printed is the share of spoiled units that were mended or have a warning, by kind and by
the words of their source; what a good translation has; and the documents of ten units and more that
would be delivered as completed with a fault in them, which make the exit status 1.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from documents.translations import documents_in, in_letters_of
from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Severity, UnitVerdict
from dragoman_contracts.text import (
    Content,
    ResultSource,
    Unit,
    UnitTarget,
    needs_engine,
    plain_text,
)
from dragoman_documents import DocumentError, extract
from dragoman_linguistics import cleaned, identify, parse, repair, restore_margins, verify_units
from dragoman_linguistics.quality.scripts import scripts_of
from dragoman_translate.adapters.apertium import ApertiumEngine
from dragoman_translate.asking import engine_unit
from dragoman_translate.ports import EngineRequest
from linguistics.faults import ONLY_SHOWN, Fault, spoiled

_ENGLISH, _SPANISH, _RUSSIAN = Locale("en"), Locale("es"), Locale("ru")
_LEAST_UNITS = 10
_WORD_CLASSES = (
    (3, "1-2 words"),
    (6, "3-5 words"),
    (12, "6-11 words"),
    (10**9, "12 words and more"),
)


@dataclass
class Tally:
    """What a run saw: by fault and class of words how many units were spoiled,
    and how many of them caught.
    """

    units: int = 0
    good_alarms: Counter[str] = field(default_factory=Counter[str])
    good_alarmed: int = 0
    spoiled: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    caught: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    documents: Counter[str] = field(default_factory=Counter[str])
    completed: list[str] = field(default_factory=list[str])
    missed: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        """Take in what another run saw."""
        self.units += other.units
        self.good_alarms += other.good_alarms
        self.good_alarmed += other.good_alarmed
        self.spoiled += other.spoiled
        self.caught += other.caught
        self.documents += other.documents
        self.completed += other.completed
        self.missed += other.missed
        self.seconds += other.seconds


def translated(units: Sequence[Unit], source: Locale) -> tuple[list[Content], Locale]:
    """A translation that a reader would accept, and its locale."""
    if source.language != "en":
        return [in_letters_of(unit, "ru") for unit in units], _RUSSIAN
    return asyncio.run(_by_apertium(units)), _SPANISH


async def _by_apertium(units: Sequence[Unit]) -> list[Content]:
    engine = ApertiumEngine()
    contents: list[Content] = []
    try:
        for first in range(0, len(units), 100):
            asked = tuple(engine_unit(unit) for unit in units[first : first + 100])
            request = EngineRequest(source_locale=_ENGLISH, target_locale=_SPANISH, units=asked)
            reply = await engine.translate(request)
            contents += [
                parse(raw.target, each.source)
                for raw, each in zip(reply.targets, asked, strict=True)
            ]
    finally:
        await engine.aclose()
    return contents


def tried(path: Path, rate: float, seed: int) -> Tally:
    """Translate one document with the faulty engine."""
    rng = random.Random(f"{seed}/{path.name}")  # noqa: S311 - makes faults, no secrets
    try:
        found = [
            unit
            for unit in extract(path.read_bytes()).units
            if unit.is_translatable and needs_engine(unit)
        ]
    except DocumentError:
        return Tally()
    source = identify(plain_text(unit.source) for unit in found).locale or _ENGLISH
    if scripts_of(source) != frozenset({"Latn"}):
        return Tally(documents=Counter({"not in Latin letters": 1}))
    good, target_locale = translated(found, source)
    tally = Tally(units=len(found))
    off = () if target_locale == _SPANISH else ("language.wrong",)
    check = partial(_verdicts, source=source, target_locale=target_locale, off=off)
    for codes in check(found, good, tally):
        tally.good_alarmed += bool(codes)
        tally.good_alarms.update(codes)
    units, targets, faults = spoiled(found, good, rate, rng)
    verdicts = check(units, targets, tally)
    shown = check(units, targets, tally, infos=True) if faults.keys() else []
    before = check(found, good, tally, infos=True)
    seen: dict[int, bool] = {}
    for place, fault in faults.items():
        # Some faults are matters of taste to a profile: it is enough that they show.
        if fault in ONLY_SHOWN:
            key = fault, "12 words and more"
            tally.spoiled[key] += 1
            tally.caught[key] += bool(shown[place] - before[place])
            continue
        words = len(plain_text(units[place].source).split())
        key = fault, next(name for limit, name in _WORD_CLASSES if words < limit)
        tally.spoiled[key] += 1
        if _mended(units[place], targets[place], good[place], target_locale):
            tally.caught[key] += 1
        elif verdicts[place]:
            tally.caught[key] += 1
            seen[place] = True
        else:
            seen[place] = False
            tally.missed.append(
                (fault, plain_text(units[place].source), plain_text(targets[place]))
            )
    _count_document(tally, path.name, len(found), seen)
    return tally


def _count_document(tally: Tally, name: str, units: int, faults: dict[int, bool]) -> None:
    """Count a document, and name it where none of the faults left in it has a warning."""
    if units < _LEAST_UNITS:
        tally.documents["shorter than ten units"] += 1
    elif not faults:
        tally.documents["without a fault"] += 1
    else:
        tally.documents["with faults"] += 1
        if not any(faults.values()):
            tally.completed.append(f"{name}: {len(faults)} faults in {units} units")


def _content(unit: Unit, target: Content, locale: Locale) -> tuple[UnitTarget, bool]:
    """The target as the pipeline makes it of an answer, and whether anything was taken off."""
    content, removed = cleaned(target, unit.source, locale, unit.tags)
    content, rung = repair(unit.source, restore_margins(unit.source, content), unit.tags)
    made = UnitTarget(
        unit_id=unit.unit_id, target=content, result_source=ResultSource.ENGINE, tag_repair=rung
    )
    return made, bool(removed)


def _mended(unit: Unit, target: Content, good: Content, locale: Locale) -> bool:
    """Whether cleaning alone made the good text of a bad one."""
    made, was_cleaned = _content(unit, target, locale)
    return (
        was_cleaned
        and plain_text(made.target).split()
        == plain_text(_content(unit, good, locale)[0].target).split()
    )


def _verdicts(
    units: Sequence[Unit],
    targets: Sequence[Content],
    tally: Tally,
    *,
    source: Locale,
    target_locale: Locale,
    off: tuple[str, ...],
    infos: bool = False,
) -> list[set[str]]:
    """The codes of warnings and worse, by unit; with `infos` of all findings. Tag repair's own
    findings are left out: they say nothing about text.
    """
    pairs = [
        (unit, _content(unit, target, target_locale)[0])
        for unit, target in zip(units, targets, strict=True)
    ]
    started = time.process_time()
    verified = verify_units(pairs, source, target_locale, not_applicable=off)
    tally.seconds += time.process_time() - started
    return [
        {
            each.code
            for each in one.findings
            if (infos or each.severity is not Severity.INFO) and not each.code.startswith("tags.")
        }
        if infos or one.verdict is not UnitVerdict.PASSED
        else set[str]()
        for one in verified
    ]


def table(tally: Tally) -> str:
    """The rates, as they are printed."""
    names = [name for _, name in _WORD_CLASSES]
    share = 100 * tally.good_alarmed / max(tally.units, 1)
    lines = [
        f"{tally.units} units; a good translation has a warning in {tally.good_alarmed} ({share:.2f} %):"
        f" {dict(tally.good_alarms.most_common(12))}",
        "".join(f"{title:>22}" for title in ("fault", "all", *names)),
    ]
    for fault in Fault:
        cells = [_cell(tally, fault, names), *(_cell(tally, fault, [name]) for name in names)]
        lines.append("".join(f"{cell:>22}" for cell in (fault, *cells)))
    lines.append(
        f"documents {dict(tally.documents)}; delivered as completed {len(tally.completed)}"
    )
    lines.append(f"QA took {tally.seconds:.1f} s of CPU for {2 * tally.units} units")
    return "\n".join([*lines, ""])


def _cell(tally: Tally, fault: Fault, names: Sequence[str]) -> str:
    spoiled_count = sum(tally.spoiled[fault, name] for name in names)
    caught = sum(tally.caught[fault, name] for name in names)
    return (
        f"{caught}/{spoiled_count} {100 * caught / spoiled_count:.1f} %" if spoiled_count else "-"
    )


def main() -> None:
    """Print the table, and what must not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="every so many documents only")
    parser.add_argument(
        "--missed", default="", metavar="FAULT", help="show some of the units that were not caught"
    )
    arguments = parser.parse_args()
    total = Tally()
    paths = documents_in(arguments.corpus)[:: arguments.every]
    with ProcessPoolExecutor(2) as pool:
        for tally in pool.map(
            partial(tried, rate=arguments.rate, seed=arguments.seed), paths, chunksize=2
        ):
            total.add(tally)
    sys.stdout.write(table(total))
    for line in total.completed:
        sys.stdout.write(f"completed with faults: {line}\n")
    missed = [each for each in total.missed if each[0] == arguments.missed]
    random.Random(1).shuffle(missed)  # noqa: S311 - no secret
    for fault, source, target in missed[:25]:
        sys.stdout.write(f"\n{fault}\n  {source[:300]}\n  {target[:300]}\n")
    raise SystemExit(bool(total.completed))


if __name__ == "__main__":
    main()
