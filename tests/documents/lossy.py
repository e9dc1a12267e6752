"""What becomes of documents when an engine loses tags: `python -m documents.lossy --corpus FOLDER`,
run in `tests`.

Every unit is translated letter by letter by an engine that drops, doubles, swaps and invents tags,
each at a rate. Its answers go the way of a real engine's: read by the reply protocol, repaired,
checked, merged, held against the gate. Printed are the rungs of the repair ladder, by fault; a unit
that came out wrong with nothing to show for it, and a document that does not pass or read back, are
named, and make the exit status 1.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

from documents.translations import documents_in, in_letters_of
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import (
    Content,
    ResultSource,
    Tag,
    TagRepair,
    TagSide,
    Unit,
    UnitTarget,
    plain_text,
)
from dragoman_documents import DocumentError, extract, merge, text_only
from dragoman_linguistics import (
    align_tags,
    parse,
    render,
    render_by,
    repair,
    restore_margins,
    verify_unit,
)

_LOCALE = "ru"


class Fault(StrEnum):
    """What the engine does to a tag."""

    DROPPED = "dropped"
    DOUBLED = "doubled"
    SWAPPED = "swapped"
    INVENTED = "invented"


@dataclass
class Tally:
    """What a run saw. `rungs` counts units by fault and rung; `silent` and `broken` are what must
    not be.

    `refused` are documents that are damaged, encrypted or not Word's.
    """

    units: int = 0
    tagged: int = 0
    faulty: int = 0
    wrong: int = 0
    rungs: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    silent: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])

    def add(self, other: "Tally") -> None:
        """Take in what another run saw."""
        self.units += other.units
        self.tagged += other.tagged
        self.faulty += other.faulty
        self.wrong += other.wrong
        self.rungs += other.rungs
        self.verdicts += other.verdicts
        self.silent += other.silent
        self.broken += other.broken
        self.refused += other.refused


def spoiled(content: Content, rate: float, rng: random.Random) -> tuple[Content, frozenset[Fault]]:
    """Content with faults in its tags, and which kinds there are."""
    parts = list(content)
    faults: set[Fault] = set()
    tags = [index for index, part in enumerate(parts) if isinstance(part, Tag)]
    for index in tags:
        other = rng.choice(tags)
        if rng.random() < rate and parts[index] != parts[other]:
            parts[index], parts[other] = parts[other], parts[index]
            faults.add(Fault.SWAPPED)
    result: list[str | Tag] = []
    for part in parts:
        is_tag = isinstance(part, Tag)
        if is_tag and rng.random() < rate:
            faults.add(Fault.DROPPED)
            continue
        result.append(part)
        if is_tag and rng.random() < rate:
            result.append(part)
            faults.add(Fault.DOUBLED)
        if is_tag and rng.random() < rate:
            result.append(Tag(id=rng.randint(1, 99), side=rng.choice(list(TagSide))))
            faults.add(Fault.INVENTED)
    return tuple(result), frozenset(faults)


def answered(
    unit: Unit, rate: float, rng: random.Random
) -> tuple[UnitTarget, Content, frozenset[Fault]]:
    """The unit's target as the pipeline makes it of a faulty answer,
    the answer as read, and its faults.
    """
    answer, faults = spoiled(in_letters_of(unit, _LOCALE), rate, rng)
    key = render(unit.source)
    read = restore_margins(unit.source, parse(render_by(answer, key), key))
    target, rung = repair(unit.source, read, unit.tags)
    made = UnitTarget(
        unit_id=unit.unit_id, target=target, result_source=ResultSource.ENGINE, tag_repair=rung
    )
    return made, read, faults


def tried(path: Path, rate: float, seed: int) -> Tally:
    """Translate one document with the faulty engine."""
    rng = random.Random(f"{seed}/{path.name}")  # noqa: S311 - makes faults, no secrets
    data = path.read_bytes()
    try:
        units = extract(data).units
    except DocumentError as error:
        return Tally(refused=[f"{path.name}: {error.code}"])
    tally = Tally(units=len(units))
    targets: dict[str, UnitTarget] = {}
    for unit in units:
        target, read, faults = answered(unit, rate, rng)
        targets[unit.unit_id] = target
        tally.tagged += bool(unit.tags)
        if faults:
            tally.faulty += 1
            _judge(tally, f"{path.name} {unit.unit_id}", unit, target, read, faults)
    tally.broken += [f"{path.name}: {trouble}" for trouble in _troubles(data, units, targets)]
    return tally


def _judge(
    tally: Tally, name: str, unit: Unit, target: UnitTarget, read: Content, faults: Iterable[Fault]
) -> None:
    """Count one unit whose tags were spoiled, and say where it came out wrong in silence."""
    is_wrong = not align_tags(unit.source, read, unit.tags).is_clean
    tally.wrong += is_wrong
    for fault in faults:
        tally.rungs[fault, target.tag_repair if is_wrong else "legal as it came"] += 1
    verification = verify_unit(unit, target)
    shown = [finding.code for finding in verification.findings if finding.code.startswith("tags.")]
    tally.verdicts[target.tag_repair, verification.verdict] += 1
    if is_wrong and (target.tag_repair is TagRepair.EXACT or not shown):
        tally.silent.append(f"{name}: {target.tag_repair}, no finding")
    if not align_tags(unit.source, target.target, unit.tags).is_clean and not shown:
        tally.silent.append(f"{name}: the repaired tags are wrong, no finding")
    if _shown(target.target) != _shown(read):  # white space of blanks to fill in is the source's
        tally.silent.append(f"{name}: the repair changed the text")


def _troubles(data: bytes, units: Sequence[Unit], targets: dict[str, UnitTarget]) -> Iterator[str]:
    """What is wrong with the merged document."""
    contents = {unit_id: target.target for unit_id, target in targets.items()}
    result = merge(data, contents, target_locale=Locale(_LOCALE))
    report = text_only(data, result)
    if not report.is_text_only:
        yield f"the gate says {report.summary()}"
    # by part and not by id: a path has moved where a run was made before it
    wanted = Counter((unit.anchor.part, _shown(contents[unit.unit_id])) for unit in units)
    found = Counter((unit.anchor.part, _shown(unit.source)) for unit in extract(result).units)
    for part, _ in wanted - found:
        yield f"a text in {part} is not what it was translated as"


def _shown(content: Content) -> str:
    return "".join(plain_text(content).split())


def table(tally: Tally) -> str:
    """The rates, as they are printed."""
    rungs = [*map(str, TagRepair), "legal as it came"]
    lines = [
        f"{tally.units} units, {tally.tagged} with tags, {tally.faulty} with faults, {tally.wrong} of them not legal",
        "".join(f"{title:>18}" for title in ("fault", *rungs)),
    ]
    for fault in Fault:
        total = sum(count for (kind, _), count in tally.rungs.items() if kind == fault) or 1
        shares = (
            f"{tally.rungs[fault, rung]} ({100 * tally.rungs[fault, rung] / total:.0f} %)"
            for rung in rungs
        )
        lines.append("".join(f"{text:>18}" for text in (fault, *shares)))
    lines += [
        f"{rung}: {verdict} {count}" for (rung, verdict), count in sorted(tally.verdicts.items())
    ]
    ends = f"silently wrong {len(tally.silent)}, documents that fail {len(tally.broken)}, refused {len(tally.refused)}"
    return "\n".join([*lines, ends, ""])


def main() -> None:
    """Print the table, and what must not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    total = Tally()
    with ProcessPoolExecutor(2) as pool:
        for tally in pool.map(
            partial(tried, rate=arguments.rate, seed=arguments.seed),
            documents_in(arguments.corpus),
            chunksize=4,
        ):
            total.add(tally)
    sys.stdout.write(table(total))
    for line in (*total.silent, *total.broken):
        sys.stdout.write(f"{line}\n")
    raise SystemExit(bool(total.silent or total.broken))


if __name__ == "__main__":
    main()
