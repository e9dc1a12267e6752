"""How often QA speaks about translations that are right:
`python -m linguistics.false_alarms FOLDER…`, run in `tests`.

The folders hold bilingual texts that people made (`linguistics.bilingual` says in which forms):
unpacked wheels and Debian packages with catalogues and manuals. Each catalogue or page is a
document, so that checks of whole documents run as well. Printed is the share of units with a
warning or worse, by check and by locale; the exit status is 1 where it reaches the limit.
`--show CODE` prints some of the texts a check spoke about: to be judged by reading.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Severity
from dragoman_contracts.text import ResultSource, Unit, UnitTarget
from dragoman_linguistics import cleaned, restore_margins, verify_units
from linguistics.bilingual import Bilingual, bilinguals_in
from linguistics.units import unit

_SHOWN = 12


@dataclass
class Alarms:
    """What a run saw: `units` and those with a `warning` or worse, by locale;
    `codes` of warnings and worse.
    """

    units: Counter[str] = field(default_factory=Counter[str])
    alarmed: Counter[str] = field(default_factory=Counter[str])
    codes: Counter[str] = field(default_factory=Counter[str])
    infos: Counter[str] = field(default_factory=Counter[str])
    shown: list[tuple[str, str, str, str]] = field(default_factory=list[tuple[str, str, str, str]])

    def add(self, other: "Alarms") -> None:
        """Take in what another run saw."""
        self.units += other.units
        self.alarmed += other.alarmed
        self.codes += other.codes
        self.infos += other.infos
        self.shown += other.shown

    @property
    def rate_pct(self) -> float:
        """The share of units with a warning or worse."""
        return 100 * self.alarmed.total() / max(self.units.total(), 1)


def judged(document: Bilingual, show: str = "") -> Alarms:
    """What QA says about a document that is right."""
    pairs = [
        _pair(number, source, target, document.target_locale)
        for number, (source, target) in enumerate(document.texts)
    ]
    alarms = Alarms()
    verified = verify_units(pairs, document.source_locale, document.target_locale)
    for verification, (source, target) in zip(verified, document.texts, strict=True):
        alarms.units[document.target_locale] += 1
        codes = {each.code for each in verification.findings if each.severity is not Severity.INFO}
        alarms.alarmed[document.target_locale] += bool(codes)
        alarms.codes.update(codes)
        alarms.infos.update({each.code for each in verification.findings} - codes)
        if show in codes:
            alarms.shown.append((document.name, document.target_locale, source, target))
    return alarms


def _pair(number: int, source: str, target: str, locale: Locale) -> tuple[Unit, UnitTarget]:
    """A unit and its target as they come to QA: with the source's margins, and cleaned."""
    made = unit(str(number), source)
    content, _ = cleaned(restore_margins(made.source, (target,)), made.source, locale)
    return made, UnitTarget(unit_id=made.unit_id, target=content, result_source=ResultSource.ENGINE)


def _sampled(folders: Iterable[Path], units_per_locale: int) -> Iterator[Bilingual]:
    """Documents of all folders, shuffled in the same way each time,
    up to so many units of each locale.
    """
    documents = [document for folder in folders for document in bilinguals_in(folder)]
    random.Random(1).shuffle(documents)  # noqa: S311 - no secret
    taken: Counter[str] = Counter()
    for document in documents:
        if not units_per_locale or taken[document.target_locale] < units_per_locale:
            taken[document.target_locale] += len(document.texts)
            yield document


def table(alarms: Alarms) -> str:
    """The rates, as they are printed."""
    total = alarms.units.total()
    lines = [
        f"{total} units, {alarms.alarmed.total()} with a warning or worse: {alarms.rate_pct:.2f} %"
    ]
    lines += [
        f"  {code:<22}{count:>8}{100 * count / total:>8.2f} %"
        for code, count in alarms.codes.most_common()
    ]
    lines += [
        f"  {code:<22}{count:>8}{100 * count / total:>8.2f} % (info)"
        for code, count in alarms.infos.most_common()
    ]
    rates = {locale: 100 * alarms.alarmed[locale] / count for locale, count in alarms.units.items()}
    ranked = sorted(rates, key=lambda locale: -rates[locale])
    lines.append(
        ", ".join(f"{each} {rates[each]:.1f} % of {alarms.units[each]}" for each in ranked)
    )
    return "\n".join([*lines, ""])


def main() -> None:
    """Print the table, and texts where they are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument(
        "--units", type=int, default=2000, help="about so many units of each locale; 0 for all"
    )
    parser.add_argument("--show", default="", metavar="CODE")
    parser.add_argument("--limit-pct", type=float, default=2.0)
    arguments = parser.parse_args()
    alarms = Alarms()
    with ProcessPoolExecutor(2) as pool:
        documents = _sampled(arguments.folders, arguments.units)
        for found in pool.map(partial(judged, show=arguments.show), documents, chunksize=8):
            alarms.add(found)
    sys.stdout.write(table(alarms))
    random.Random(2).shuffle(alarms.shown)  # noqa: S311 - no secret
    for shown in alarms.shown[:_SHOWN]:
        sys.stdout.write("\n".join(("", *shown, "")))
    raise SystemExit(alarms.rate_pct >= arguments.limit_pct)


if __name__ == "__main__":
    main()
