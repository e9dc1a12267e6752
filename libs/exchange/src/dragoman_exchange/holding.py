"""Holding a file against the job: which of its units are taken, and why the others are not.

job     u1  "Pay <1>now</1>"     "Jetzt <1>zahlen</1>"
file    u1  "Pay <1>now</1>"     "Zahlen Sie jetzt"         exchange.tags: <1> is missing
file    u9                                                  exchange.unit_unknown
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.text import Content, Tag, TagSpec, normalised, plain_text
from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.found import MOST_UNITS, FoundFile, FoundUnit, Repairs, too_large
from dragoman_exchange.model import (
    ImportedUnit,
    Reading,
    Rejection,
    ReviewDocument,
    ReviewUnit,
)
from dragoman_exchange.notes import new_comments
from dragoman_exchange.xml import FORBIDDEN, REPLACEMENT
from dragoman_linguistics import TagReport, align_tags

_MOST_CHARS = 100_000
_REPEATED = "Units stood in the file more than once."
_NOBODYS = 10**18
_MOST_PARTS = 5_000
_MOST_CANDIDATES = 1_000_000
_LINE_BREAK = re.compile(r"[\r\n]+")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A unit of the job with what the file says of it; the target as it would be taken."""

    unit: ReviewUnit
    found: FoundUnit
    target: Content


def hold(document: ReviewDocument, file: FoundFile) -> Reading:
    """The file's units that fit the job, those that do not, and what was put right.

    Raises:
        ExchangeRefusedError: the file is of another job, version or languages, or holds no unit of
            this job.
    """
    _require_same_job(document, file)
    return _Holding(document, file).reading()


def _require_same_job(document: ReviewDocument, file: FoundFile) -> None:
    mark = file.mark
    ours = str(document.document_id) if document.document_id else None
    if (mark.job_id is not None and mark.job_id != str(document.job_id)) or (
        mark.document_id is not None and ours is not None and mark.document_id != ours
    ):
        raise ExchangeRefusedError(
            f"The file was exported from job {mark.job_id}; import it there.",
            code="exchange.other_job",
        )
    if mark.version is not None and mark.version != str(document.version):
        raise ExchangeRefusedError(
            f"The file was exported from version {mark.version} of the document, and this job has "
            f"version {document.version}; export this job again and carry the changes over.",
            code="exchange.other_version",
        )
    for said, ours_is in (
        (file.source_locale, document.source_locale),
        (file.target_locale, document.target_locale),
    ):
        if said is not None and not locales_fit(said, ours_is):
            raise ExchangeRefusedError(
                f"The file is for {file.source_locale or 'any language'} to "
                f"{file.target_locale or 'any language'}, and this job for "
                f"{document.source_locale} to {document.target_locale}; import it into a job for "
                "its languages.",
                code="exchange.other_locales",
            )


def locales_fit(said: str, ours: Locale) -> bool:
    """Whether a file's language means the job's: equal, or one of them less precise."""
    try:
        locale = Locale(said)
    except InvalidLocaleError:
        return False
    return locale == ours or locale.startswith(f"{ours}-") or ours.startswith(f"{locale}-")


class _Holding:
    def __init__(self, document: ReviewDocument, file: FoundFile) -> None:
        self._document = document
        self._file = file
        self._repairs: Repairs = file.repairs
        self._units = {unit.unit_id: unit for unit in document.units}
        self._rejected: list[Rejection] = []
        self._by_source: dict[Content, list[ReviewUnit]] | None = None
        self._told: set[tuple[Content, Content]] = set()

    def reading(self) -> Reading:
        """Hold each unit against the job."""
        by_unit: dict[str, list[_Candidate]] = {}
        count = matched = held = 0
        for found in self._file.units:
            count += 1
            if count > MOST_UNITS:
                raise too_large(f"has more than {MOST_UNITS} units")
            candidates = self._candidates(found)
            matched += bool(candidates)
            held += len(candidates)
            if held > _MOST_CANDIDATES:
                raise too_large("names units by their source texts too often")
            for each in candidates:
                by_unit.setdefault(each.unit.unit_id, []).append(each)
        self._require_units(count, matched)
        imported = [
            taken for group in by_unit.values() if (taken := self._taken(group)) is not None
        ]
        return Reading(
            format=self._file.format,
            imported=tuple(imported),
            rejected=tuple(self._rejected),
            repairs=self._repairs.all(),
        )

    def _require_units(self, count: int, matched: int) -> None:
        is_marked = self._file.mark.job_id is not None
        if not count or (not matched and not is_marked):
            raise ExchangeRefusedError(
                "The file holds no unit of this job; send back the file that was exported from it.",
                code="exchange.no_units",
            )
        if not is_marked and any(each.code == "exchange.source_changed" for each in self._rejected):
            raise ExchangeRefusedError(
                "The file does not say which job it belongs to, and its source texts are not this "
                "job's; import a file that was exported from this job.",
                code="exchange.unmarked",
            )

    def _candidates(self, found: FoundUnit) -> list[_Candidate]:
        """The units of the job that a unit of the file is for; none where it is rejected."""
        unit = self._units.get(found.unit_id) if found.unit_id is not None else None
        if unit is None:
            return self._by_same_source(found)
        if found.source is not None and found.source != self._file.as_written(unit.source):
            return self._reject(
                found,
                "exchange.source_changed",
                "Its source text is not the job's: export the job again and translate the text of "
                "now.",
            )
        return [_Candidate(unit, found, found.target or ())]

    def _by_same_source(self, found: FoundUnit) -> list[_Candidate]:
        is_dropped = found.unit_id is None or self._file.mark.job_id is None
        units: list[ReviewUnit] = []
        shape, ids = _shape_of(found.source or ())
        if is_dropped and shape:
            units = self._sources().get(shape, [])
        if not units:
            return self._reject(
                found,
                "exchange.unit_unknown",
                "The job has no unit of this id: leave ids as they were exported.",
            )
        if len({_shape_of(unit.target, unit.source)[0] for unit in units}) > 1:
            return self._reject(
                found,
                "exchange.ambiguous",
                "It has no id, and several units of its source text have different targets: change "
                "them one by one in the console.",
            )
        same = (found.source or (), found.target or ())
        if same in self._told:
            self._repairs.add("exchange.repeated", _REPEATED)
            return []
        self._told.add(same)
        self._repairs.add(
            "exchange.id_lost",
            "Units had lost their ids and were told by their source texts.",
        )
        return [
            _Candidate(unit, found, _numbered(found.target or (), ids, _shape_of(unit.source)[1]))
            for unit in units
        ]

    def _sources(self) -> dict[Content, list[ReviewUnit]]:
        if self._by_source is None:
            self._by_source = {}
            for unit in self._document.units:
                shape, _ = _shape_of(self._file.as_written(unit.source))
                self._by_source.setdefault(shape, []).append(unit)
        return self._by_source

    def _reject(self, found: FoundUnit, code: str, reason: str) -> list[_Candidate]:
        self._rejected.append(
            Rejection(unit_id=found.unit_id or "", place=found.place, code=code, reason=reason)
        )
        return []

    def _taken(self, group: list[_Candidate]) -> ImportedUnit | None:
        """The one answer for a unit that the file names once or more; None where it is rejected."""
        first, *others = group
        if any(each.target != first.target for each in others):
            for each in group:
                self._reject(
                    each.found,
                    "exchange.doubled",
                    "The file has this unit more than once, with different targets: leave one.",
                )
            return None
        self._repairs.add("exchange.repeated", _REPEATED, len(others))
        unit, found = first.unit, first.found
        # A fault of one that has the same target as another is a fault of both.
        fault = next((each.found.fault for each in group if each.found.fault), None)
        target, fault = (first.target, fault) if fault else self._checked(unit, first.target)
        if fault is not None:
            self._reject(found, *fault)
            return None
        return ImportedUnit(
            unit_id=unit.unit_id,
            target=target,
            stage=_stage(unit, found),
            is_verified=found.is_verified,
            comment=new_comments(unit, chain.from_iterable(each.found.comments for each in group)),
            base=found.base,
        )

    def _checked(self, unit: ReviewUnit, target: Content) -> tuple[Content, tuple[str, str] | None]:
        """The target as it is taken, or a code and the reason why it is not."""
        as_written = self._file.as_written
        current = as_written(unit.target)
        if target == current:
            # The job's own target may hold more than the format could: it was not changed.
            return unit.target, None
        target = self._without_new_lines(unit, target)
        if target == current:
            return unit.target, None
        text = plain_text(target)
        if len(text) > max(_MOST_CHARS, len(plain_text(unit.target))):
            return target, (
                "exchange.too_long",
                f"The target has more than {_MOST_CHARS} characters: shorten it.",
            )
        if len(target) > max(_MOST_PARTS, len(unit.target)):
            return target, (
                "exchange.too_long",
                f"The target has more than {_MOST_PARTS} pieces of text and tags: shorten it.",
            )
        if not text.strip() and plain_text(unit.source).strip():
            return target, ("exchange.empty", "The target is empty: write the translation into it.")
        if FORBIDDEN.search(text) or REPLACEMENT in text.replace(
            REPLACEMENT, "", plain_text(unit.source).count(REPLACEMENT)
        ):
            return target, (
                "exchange.characters",
                "The target holds characters that no document can hold: delete them (U+FFFD).",
            )
        complaint = complaint_of(unit.source, target, unit.tags)
        return target, ("exchange.tags", complaint) if complaint else None

    def _without_new_lines(self, unit: ReviewUnit, target: Content) -> Content:
        """The target with a space for line breaks, where the job has none in this unit."""
        has_lines = any(
            "\n" in part or "\r" in part
            for part in chain(unit.source, unit.target)
            if isinstance(part, str)
        )
        if has_lines or not any(isinstance(p, str) and _LINE_BREAK.search(p) for p in target):
            return target
        self._repairs.add(
            "exchange.line_break",
            "Line breaks inside targets became spaces; a line break is a tag.",
        )
        return normalised(_in_one_line(part) if isinstance(part, str) else part for part in target)


def _in_one_line(text: str) -> str:
    """The text with one space for each line break and the blanks around it."""
    lines = _LINE_BREAK.split(text)
    last = len(lines) - 1
    for at, line in enumerate(lines):
        begun = line.lstrip(" \t") if at else line
        lines[at] = begun.rstrip(" \t") if at < last else begun
    return " ".join(lines)


def _shape_of(content: Content, source: Content = ()) -> tuple[Content, tuple[int, ...]]:
    """The content with its tags numbered by their first places, in the source if one is given; and
    the ids that they had. Tools that drop ids of units number tags in their own way.
    """
    ids = tuple(dict.fromkeys(part.id for part in (*source, *content) if isinstance(part, Tag)))
    return _numbered(content, ids, range(1, len(ids) + 1)), ids


def _numbered(content: Content, old: Sequence[int], new: Sequence[int]) -> Content:
    """The content with other ids for its tags. Those that are not among the old ones get ids that
    no tag has: they must not be taken for tags that the old ones became.
    """
    ids = dict(zip(old, new, strict=False))
    return tuple(
        Tag(id=ids.get(part.id, part.id + _NOBODYS), side=part.side)
        if isinstance(part, Tag)
        else part
        for part in content
    )


def _stage(unit: ReviewUnit, found: FoundUnit) -> ReviewStage | None:
    """The stage that the reviewer chose; None where the file has the stage it was exported with."""
    base = found.base_stage if found.base_stage is not None else unit.stage
    return None if found.stage == base else found.stage


def complaint_of(source: Content, target: Content, specs: Iterable[TagSpec]) -> str:
    """The reason why a target's tags do not fit, with its cure; empty where they do."""
    by_id = {spec.id: spec for spec in specs}
    report = align_tags(source, target, by_id.values())
    # An emptied pair is as good as a deleted one, where it may be deleted.
    emptied = [each for each in report.emptied if each not in by_id or not by_id[each].can_delete]
    complaints = list(_complaints(report, emptied, {p.id for p in source if isinstance(p, Tag)}))
    return " ".join(complaints)


def _complaints(report: TagReport, emptied: list[int], known: set[int]) -> Iterator[str]:
    unknown = [tag for tag in report.added if tag.id not in known]
    copied = [tag for tag in report.added if tag.id in known]
    said: list[tuple[Iterable[object], Callable[[str], str]]] = [
        (report.missing, lambda tags: f"Put {tags} back: the document needs it."),
        (unknown, lambda tags: f"Take {tags} out: the source has no tag of this number."),
        (copied, lambda tags: f"Take the copy of {tags} out: it may stand only once."),
        (
            [f"<{each}>" for each in report.crossed],
            lambda tags: f"Close {tags} inside the pair that it was opened in.",
        ),
        (
            [f"<{each}>" for each in report.moved],
            lambda tags: f"Bring {tags} back into the order of the source.",
        ),
        ([f"<{each}>" for each in emptied], lambda tags: f"Put text between the tags of {tags}."),
    ]
    for tags, sentence in said:
        names = ", ".join(map(str, tags))
        if names:
            yield sentence(names)
