"""Drop caps: the letter that Word keeps in a frame of its own belongs to the word it begins
(ECMA-376 §17.3.1.11).

Both paragraphs give one unit, and the first letter of its target goes into the frame:

    before   <w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr><w:r><w:t>O</w:t></w:r></w:p>
             <w:p><w:r><w:t>nce upon a time</w:t></w:r></w:p>
    unit     Once upon a time
    target   Es war einmal
    after    <w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr><w:r><w:t>E</w:t></w:r></w:p>
             <w:p><w:r><w:t>s war einmal</w:t></w:r></w:p>
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Tag
from dragoman_documents.docx.content import Tagged
from dragoman_documents.docx.distribute import set_text
from dragoman_documents.docx.inline import Group, Item, Opaque, Slot, texts
from dragoman_documents.docx.located import Holder, ParagraphHolder
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, attribute, short_name

_DROPPED = frozenset({"drop", "margin"})
_MARKS = frozenset(
    {
        "",
        "w:bookmarkStart",
        "w:bookmarkEnd",
        "w:proofErr",
        "w:commentRangeStart",
        "w:commentRangeEnd",
    }
)
_LONGEST = 12
_JOINER = "\u200d"
_VIRAMA = 9  # the combining class of signs that tie the next letter to the one before


@dataclass(eq=False, slots=True)
class DropCap:
    """A drop cap that waits for the paragraph of its word.

    `has_gap` says that white space follows its letters.
    """

    paragraph: ParagraphHolder
    text: str
    path: str
    has_gap: bool


@dataclass(eq=False, slots=True)
class Opening:
    """The white space before the first word of a paragraph, and the slots with nothing else."""

    gap: str = ""
    blanks: list[Slot] = field(default_factory=list[Slot])


@dataclass(eq=False, slots=True)
class DropCapped:
    """Holds a unit read from a drop cap and the paragraph in which its word goes on."""

    cap: DropCap
    body: Holder
    tagged: Tagged
    opening: Opening

    def write(self, target: Sequence[str | Tag], locale: Locale | None, styles: Styles) -> None:
        """Put the first letter of a target into the frame, and the rest into the paragraph."""
        is_word = bool(self.opening.gap) or self.cap.has_gap
        head, rest = split_target(target, self.cap.text, is_word)
        self.cap.paragraph.write((head,), locale, styles)
        if self.opening.gap:
            rest = self._joined(rest)
        self.body.write(rest, locale, styles)

    def _joined(self, rest: Sequence[str | Tag]) -> Sequence[str | Tag]:
        """The rest of a target, for a paragraph that began with white space.

        The white space goes where the target has none at that place.
        """
        places = (index for index, part in enumerate(rest) if isinstance(part, str) and part)
        place = next(places, None)
        if place is None:
            return rest
        first = str(rest[place])
        if first[:1].isspace():
            return (*rest[:place], first.lstrip(), *rest[place + 1 :])
        for slot in self.opening.blanks:
            set_text(slot.node, "")
        slot = next((slot for text in texts(self.tagged.items) for slot in text.slots), None)
        if slot is not None and slot.before:
            slot.before = ""
            set_text(slot.node, slot.text + slot.after)
        return rest


def is_drop_cap(paragraph: Element) -> bool:
    """Whether a paragraph is the frame of a drop cap, and another paragraph follows."""
    if not _is_frame(paragraph, _DROPPED):
        return False
    # The frame is drawn into the paragraph behind it (§17.3.1.11), past marks that show nothing.
    siblings = (each for each in paragraph.itersiblings() if short_name(each) not in _MARKS)
    following = next(siblings, None)
    return following is not None and short_name(following) == "w:p"


def drop_cap(element: Element, tagged: Tagged | None, is_spaced: bool, path: str) -> DropCap | None:
    """The drop cap in a frame; None where the frame holds more than the beginning of a word.

    `is_spaced` says that white space follows the letters in the frame.
    """
    # A cap with tags, or with several words, is a paragraph of its own in a frame.
    if tagged is None or len(tagged.content) != 1:
        return None
    (text,) = tagged.content
    if not isinstance(text, str) or len(text) > _LONGEST or len(text.split()) != 1:
        return None
    return DropCap(ParagraphHolder(element, tagged), text, path, is_spaced)


def opening_of(element: Element, items: Sequence[Item]) -> Opening | None:
    """The opening of a paragraph whose white space is not yet trimmed.

    None where no word can go on in it.
    """
    first = items[0] if items else None
    while isinstance(first, Group):
        first = first.items[0] if first.items else None
    if (
        _is_frame(element, None)
        or first is None
        or (isinstance(first, Opaque) and first.equivalent)
    ):
        return None
    opening = Opening()
    for slot in [slot for text in texts(items) for slot in text.slots]:
        inner = slot.text.lstrip()
        opening.gap += slot.text[: len(slot.text) - len(inner)]
        if inner:
            break
        opening.blanks.append(slot)
    return opening


def with_cap(cap: DropCap, opening: Opening, content: Sequence[str | Tag]) -> tuple[str | Tag, ...]:
    """The content of the unit: the drop cap in front of the paragraph's first text."""
    place = next(index for index, part in enumerate(content) if isinstance(part, str))
    gap = " " if cap.has_gap and not opening.gap else opening.gap
    return (*content[:place], cap.text + gap + str(content[place]), *content[place + 1 :])


def split_target(
    target: Sequence[str | Tag],
    source: str,
    is_word: bool = False,
) -> tuple[str, tuple[str | Tag, ...]]:
    """The letters of a target for the frame of a drop cap that held `source`, and the rest.

    `is_word` says that the frame held a whole word, not only the beginning of a word.
    """
    for place, part in enumerate(target):
        if isinstance(part, str) and part.strip():
            text = part.lstrip()
            length = _cap_length(text, source, is_word)
            return text[:length], (*target[:place], text[length:], *target[place + 1 :])
    return "", tuple(target)


def _cap_length(text: str, source: str, is_word: bool) -> int:
    """The number of characters for the frame: as many letters as before, with the signs before the
    first letter.
    """
    letters = sum(map(str.isalnum, source))
    word = len(text.split()[0])
    if is_word and letters > 1 and word <= _LONGEST:
        return word
    start = next((index for index, char in enumerate(text[:word]) if char.isalnum()), 0)
    if start > _LONGEST:
        start = 0
    end = start
    for _ in range(max(letters, 1)):
        end = _next_letter(text, end) if end < word else end
    return end


def _next_letter(text: str, start: int) -> int:
    """The end of the letter at a place, with its marks and the letters tied to it (UAX #29)."""
    end = start + 1
    while end < len(text):
        before, char = text[end - 1], text[end]
        # Extended grapheme clusters, simplified: marks, joined emoji, conjuncts of Indic scripts.
        # Cut inside one, half of a letter would stand in the frame.
        is_tied = before == _JOINER or unicodedata.combining(before) == _VIRAMA
        if not (is_tied or char == _JOINER or unicodedata.category(char).startswith("M")):
            break
        end += 1
    return end


def _is_frame(paragraph: Element, kinds: frozenset[str] | None) -> bool:
    properties = next(iter(paragraph), None)
    if properties is None or short_name(properties) != "w:pPr":
        return False
    frames = [child for child in properties if short_name(child) == "w:framePr"]
    return any(kinds is None or attribute(frame, "w:dropCap") in kinds for frame in frames)
