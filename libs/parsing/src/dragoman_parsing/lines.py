"""Lines of text on a page put together to paragraphs. Pure.

Lines come in reading order, each with its place: left, top, right, bottom, downwards.

    The tenant pays the        one paragraph: the lines follow each other closely
    rent in advance.

    2. Deposit                 another: there is a gap before it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from dragoman_parsing import markdown

HYPHEN = "\x02"
"""The hyphen at the end of a line that stands in the middle of a word."""

_BULLET = re.compile(r"^[•▪◦●■‣⁃∙·–*-]\s+(?=\S)")
_NUMBER = re.compile(r"^(\d{1,3})[.)]\s+(?=\S)")
_GAP = 0.7  # of a line's height
_SHORT = 0.25  # of the width that a line could have
_NEAR = 10
_LEVELS = ((1.8, 1), (1.4, 2), (1.18, 3))
_LONGEST_HEADING = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `size` is that of its letters, 0 where nobody says it."""

    text: str
    place: tuple[float, float, float, float]
    size: float = 0

    @property
    def height(self) -> float:
        """How high the line is."""
        return max(self.place[3] - self.place[1], 0.1)


def as_markdown(lines: Sequence[Line]) -> str:
    """The lines as headings, items and paragraphs."""
    shown = [line for line in lines if line.text.strip(f" \t{HYPHEN}")]
    usual = _usual_size(shown)
    return "\n\n".join(_block(group, usual) for group in _groups(shown))


def _groups(lines: Sequence[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    for place, line in enumerate(lines):
        if group and (_is_new(group[-1], line) or _is_last(lines, place - 1)):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _is_last(lines: Sequence[Line], place: int) -> bool:
    """Whether the line ends long before its neighbours do, as the last of a paragraph does."""
    line = lines[place]
    left, right = line.place[0], line.place[2]
    near = lines[max(place - _NEAR, 0) : place + _NEAR]
    beside = (each.place[2] for each in near if each.place[0] < right and each.place[2] > left)
    edge = max(beside, default=right)
    return not line.text.endswith(HYPHEN) and right < edge - _SHORT * (edge - left)


def _is_new(before: Line, line: Line) -> bool:
    """Whether the line begins another block than the one before it belongs to."""
    if before.text.endswith(HYPHEN):
        return False
    if _BULLET.match(line.text) or _NUMBER.match(line.text):
        return True
    if before.size and line.size and abs(before.size - line.size) > 0.12 * before.size:
        return True
    gap = line.place[1] - before.place[3]
    height = min(before.height, line.height)
    is_beside = line.place[0] >= before.place[2] and gap < 0
    return gap > _GAP * height or (gap < -2 * height and not is_beside)


def _block(group: Sequence[Line], usual: float) -> str:
    text = ""
    for line in group:
        if text.endswith(HYPHEN):
            text = text[:-1] + line.text.strip()
        else:
            text += (" " if text else "") + line.text.strip()
    text = text.replace(HYPHEN, "-")
    bullet = _BULLET.match(text)
    if bullet:
        return markdown.item(markdown.escaped(text[bullet.end() :]), "-", 0)
    number = _NUMBER.match(text)
    if number:
        return markdown.item(markdown.escaped(text[number.end() :]), f"{number[1]}.", 0)
    size = median(line.size for line in group)
    for factor, level in _LEVELS:
        if usual and size >= factor * usual and len(text) <= _LONGEST_HEADING:
            return markdown.heading(markdown.escaped(text), level)
    return markdown.paragraph(markdown.escaped(text))


def _usual_size(lines: Sequence[Line]) -> float:
    """The size of most letters."""
    sizes = sorted((line.size, len(line.text)) for line in lines if line.size)
    left = sum(count for _, count in sizes) / 2
    for size, count in sizes:
        left -= count
        if left <= 0:
            return size
    return 0
