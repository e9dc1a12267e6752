r"""The bilingual table: one row a unit, with tags as text that people can move.

    # | Source                    | Target                        | State      | …
    1 | Pay <1>now</1><2/>.       | Jetzt <1>zahlen</1><2/>.      | translated | …

Text that only looks like a tag gets a backslash, `<\5>` for an author's `<5>`, and loses it again.
Target, state and new comment are read back; the last column says which unit a row is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.text import Content, Tag, closing, normalised, opening, placeholder
from dragoman_exchange.found import FoundUnit, unreadable
from dragoman_exchange.marks import JobMark, base_mark, job_mark, read_base_mark, read_job_mark
from dragoman_exchange.marks import stage_named as _stage_named
from dragoman_exchange.model import ReviewDocument, ReviewUnit
from dragoman_exchange.notes import notes_of

HEADINGS = ("#", "Source", "Target", "State", "Findings and comments", "New comment")
TARGET, STATE, COMMENT = "target", "state", "new comment"
_MOST_ANCHOR_CHARS = 2_000
STAGES = tuple(str(stage) for stage in ReviewStage)
_LOCALES = re.compile(r"\blocales\s+([A-Za-z0-9-]{1,64})\s+([A-Za-z0-9-]{1,64})")
_UNIT = re.compile(r"\s*(?P<base>[0-9a-f]{16}\s+[a-z]+)\s+(?P<id>.+?)\s*", re.DOTALL)
# Word processors and people put spaces into `< 1 >`; both sides of the table read it as a tag.
_TAG = re.compile(
    r"<(?P<escape>\\*)[ \t]{0,3}(?P<close>/?)[ \t]{0,3}(?P<id>[0-9]{1,18})[ \t]{0,3}(?P<alone>/?)[ \t]{0,3}>"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One unit in the table: its number, both texts in pieces, and the other cells as text."""

    number: int
    source: tuple[str | Tag, ...]
    target: tuple[str | Tag, ...]
    stage: str
    notes: str
    anchor: str


def rows_of(document: ReviewDocument) -> Iterator[Row]:
    """The rows of the table, in document order."""
    for number, unit in enumerate(document.units, start=1):
        notes = "\n".join(notes_of(unit))
        yield Row(number, unit.source, unit.target, str(unit.stage), notes, anchor_of(unit))


def heading_mark(document: ReviewDocument) -> str:
    """The heading of the last column: the job, and its languages."""
    return f"{job_mark(document)} locales {document.source_locale} {document.target_locale}"


def anchor_of(unit: ReviewUnit) -> str:
    """The last cell of a row: the unit, and what it was at export."""
    return f"{base_mark(unit)} {unit.unit_id}"


def pieces(content: Content) -> Iterator[tuple[str, bool]]:
    """The text of a cell in pieces, each with whether it is a tag."""
    for part in content:
        if isinstance(part, Tag):
            yield str(part), True
        else:
            yield _TAG.sub(_escaped, part), False


def cell_text(content: Content) -> str:
    """The text of a cell."""
    return "".join(text for text, _ in pieces(content))


def content_of_cell(text: str) -> Content:
    """The content that a cell's text says."""
    parts: list[str | Tag] = []
    end = 0
    for match in _TAG.finditer(text):
        number = int(match["id"])
        parts.append(text[end : match.start()])
        if match["escape"]:
            parts.append("<" + match[0][2:])
        elif number == 0:
            parts.append(match[0])
        elif match["close"]:
            parts.append(closing(number))
        else:
            parts.append(placeholder(number) if match["alone"] else opening(number))
        end = match.end()
    parts.append(text[end:])
    return normalised(parts)


def _escaped(match: re.Match[str]) -> str:
    is_tag = match["escape"] or int(match["id"])
    return "<\\" + match[0][1:] if is_tag else match[0]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as its reader found it; `is_formula` where a spreadsheet would compute it."""

    text: str
    is_formula: bool = False


class TableReader:
    """Reads rows of cells, from the heading on, as units."""

    def __init__(self, rows: Iterable[Sequence[Cell]], as_unit: Mapping[str, Content]) -> None:
        """`as_unit` has the targets of those units whose text no cell can hold, by unit id."""
        self._rows = iter(rows)
        self._uncellable = as_unit
        self.mark = JobMark()
        self.locales: tuple[str | None, str | None] = (None, None)
        self._columns: dict[str, int] = {}
        self._anchor = -1
        self._read_heading()

    def _read_heading(self) -> None:
        for row in self._rows:
            names = {" ".join(cell.text.split()).lower(): at for at, cell in enumerate(row)}
            if TARGET not in names:
                continue
            for at, cell in enumerate(row):
                mark = read_job_mark(cell.text)
                if mark.job_id is not None:
                    self.mark, self._anchor = mark, at
                    said = _LOCALES.search(" ".join(cell.text.split()))
                    self.locales = (said[1], said[2]) if said else (None, None)
            if self._anchor < 0:
                raise unreadable("has lost the column that says which unit a row is")
            self._columns = names
            return
        raise unreadable("has no table with a column named Target")

    def units(self) -> Iterator[FoundUnit]:
        """The units of the rows that have one."""
        for number, row in enumerate(self._rows, start=1):
            if any(cell.text.strip() for cell in row):
                yield self._unit(f"row {number}", row)

    def _unit(self, place: str, row: Sequence[Cell]) -> FoundUnit:
        anchor = row[self._anchor].text if self._anchor < len(row) else ""
        match = _UNIT.fullmatch(anchor) if len(anchor) < _MOST_ANCHOR_CHARS else None
        if match is None:
            # Without its base the id may still be whole.
            return self._found(place, anchor.strip() or None, "", row)
        return self._found(place, match["id"], match["base"], row)

    def _found(
        self, place: str, unit_id: str | None, base_text: str, row: Sequence[Cell]
    ) -> FoundUnit:
        target, state = self._cell(row, TARGET), self._cell(row, STATE)
        base, base_stage = read_base_mark(base_text)
        stage = _stage_named(state.text)
        fault: tuple[str, str] | None = None
        if target.is_formula:
            fault = ("exchange.formula", "The target is a formula: make the cell text, type again.")
        elif stage is None and state.text.strip():
            fault = ("exchange.state_unknown", f"The state must be one of {', '.join(STAGES)}.")
        content = content_of_cell(target.text)
        if not target.text.strip():
            content = self._uncellable.get(unit_id or "", content)
        comments = (self._cell(row, COMMENT).text,)
        return FoundUnit(
            place, unit_id, None, content, stage, base, base_stage, False, comments, fault
        )

    def _cell(self, row: Sequence[Cell], name: str) -> Cell:
        at = self._columns.get(name, len(row))
        return row[at] if at < len(row) else Cell("")


def east_asian_font(locale: Locale) -> str:
    """A font that programs have for the language's characters; any other falls back by itself."""
    match locale.language, locale.script or "":
        case "ja", _:
            return "Yu Gothic"
        case "ko", _:
            return "Malgun Gothic"
        case "zh" | "yue", "Hant":
            return "Microsoft JhengHei"
        case _:
            return "Microsoft YaHei"
