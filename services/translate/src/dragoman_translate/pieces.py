"""A paragraph that is too long for one answer is translated in pieces, whose targets are joined
again. Pure.

Example: with room for one sentence in an answer, the unit `u` with the segments `One.`, ` `
(ignorable), `Two.` becomes the units `u.1` (`One.`) and `u.3` (`Two.`); their targets `Uno.` and
`Dos.` become the target `Uno. Dos.`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dragoman_contracts.model import Value
from dragoman_contracts.text import Content, Segment, Tag, Unit, normalised, plain_text
from dragoman_translate.pacing import tokens_of

_BREAKS = frozenset(" \t\u00a0,;:、，；：")


class Pieces(Value):
    """The pieces of one unit in order, each a unit itself, and the white space between by place."""

    units: tuple[Unit, ...]
    between: tuple[Content, ...]

    def joined(self, targets: Mapping[str, Content]) -> Content:
        """The unit's target from those of all its pieces, by their ids."""
        parts: list[str | Tag] = []
        for unit, gap in zip(self.units, self.between, strict=True):
            parts += [*targets[unit.unit_id], *gap]
        return normalised(parts)


def pieces_of(unit: Unit, most_tokens: float) -> Pieces:
    """Cut a unit into as few pieces as answers of so many tokens allow, at sentence ends where that
    is enough.

    A sentence that is too long itself is cut after a comma or a space. The pieces are fewer than
    two where the unit cannot be cut.
    """
    groups: list[list[Segment]] = []
    gaps: list[Content] = []
    for segment in _short_segments(unit, most_tokens):
        if segment.is_ignorable and groups:
            gaps[-1] = normalised((*gaps[-1], *segment.source))
            continue
        if (
            groups
            and tokens_of(_piece(unit, [*groups[-1], *_as_segment(gaps[-1]), segment]))
            <= most_tokens
        ):
            groups[-1] += [*_as_segment(gaps[-1]), segment]
            gaps[-1] = ()
        else:
            groups.append([segment])
            gaps.append(())
    return Pieces(units=tuple(_piece(unit, group) for group in groups), between=tuple(gaps))


def _piece(unit: Unit, group: Sequence[Segment]) -> Unit:
    return unit.model_copy(update={"unit_id": group[0].segment_id, "segments": tuple(group)})


def _as_segment(gap: Content) -> list[Segment]:
    return [Segment(segment_id="", source=gap, is_ignorable=True)] if gap else []


def _short_segments(unit: Unit, most_tokens: float) -> Iterator[Segment]:
    """The unit's segments; those that are too long, in parts whose ids have one more number."""
    for segment in unit.segments:
        if segment.is_ignorable or tokens_of(_piece(unit, [segment])) <= most_tokens:
            yield segment
            continue
        most_chars = max(
            int(len(plain_text(segment.source)) * most_tokens / tokens_of(_piece(unit, [segment]))),
            1,
        )
        for number, part in enumerate(_parts(segment.source, most_chars), start=1):
            blank = not plain_text(part).strip()
            yield Segment(
                segment_id=f"{segment.segment_id}.{number}", source=part, is_ignorable=blank
            )


def _parts(content: Content, most_chars: int) -> Iterator[Content]:
    """Content in parts of at most so many characters, cut after the last comma or space that fits;
    tags stay in order.

    Text without any such place, as in Chinese, is cut at the limit. White space at a cut is a part
    of its own, since white space at the edge of an answer is not kept.
    """
    part: list[str | Tag] = []
    room = most_chars
    for each in content:
        if isinstance(each, Tag):
            part.append(each)
            continue
        text = each
        while len(text) > room:
            cut = _cut_before(text, room)
            yield normalised((*part, text[:cut].rstrip()))
            rest = text[cut:].lstrip()
            gap = text[len(text[:cut].rstrip()) : len(text) - len(rest)]
            if gap:
                yield (gap,)
            part, text, room = [], rest, most_chars
        part.append(text)
        room -= len(text)
    if part:
        yield normalised(part)


def _cut_before(text: str, room: int) -> int:
    room = max(room, 1)
    return next((place for place in range(room, room // 2, -1) if text[place - 1] in _BREAKS), room)
