"""Ruby: the text under an annotation is text of its paragraph.

The annotation says how it is read aloud.

Over other characters the annotation would say nothing, and Word breaks no line inside ruby. So text
that changes is taken out of the ruby element, and the annotation goes (ECMA-376 §17.3.3.25). Over
characters that the target has unchanged, as in a name, the annotation stays.

    before   <w:p><w:r><w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt>
             <w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r>
             <w:r><w:t>へ行く</w:t></w:r></w:p>
    unit     東京へ行く
    target   Nach Tokio
    after    <w:p><w:r><w:t>Nach Tokio</w:t></w:r><w:r><w:t/></w:r></w:p>
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dragoman_contracts.text import Tag
from dragoman_documents.docx.content import Tagged
from dragoman_documents.docx.distribute import distribute
from dragoman_documents.docx.inline import Slot, Text, texts
from dragoman_documents.docx.place import stays_in_place
from dragoman_documents.docx.splice import empty_like
from dragoman_documents.docx.xml import Element, copied, short_name

_RUNS = frozenset({"w:r"})
_PROPERTIES = frozenset({"w:rPr"})


def ruby_base(ruby: Element) -> Element | None:
    """The element with the text under an annotation."""
    return next((child for child in ruby if short_name(child) == "w:rubyBase"), None)


def has_ruby(paragraph: Element) -> bool:
    """Whether a paragraph has annotations."""
    return next(paragraph.iter("{*}ruby"), None) is not None


def fill_around_ruby(tagged: Tagged, target: Sequence[str | Tag]) -> list[Element] | None:
    """Write a target in which all annotated text is unchanged.

    Gives the runs whose text changed; None, with nothing written, if annotated text would change.
    """
    if not stays_in_place(tagged.content, target):
        return None
    fills: list[tuple[list[Slot], str]] = []
    wanted = (part for part in target if isinstance(part, str))
    for text, part in zip(texts(tagged.items), wanted, strict=True):
        pieces = _pieces(text, part)
        if pieces is None:
            return None
        fills += pieces
    return [slot.run for slots, piece in fills for slot in distribute(slots, piece)]


def _pieces(text: Text, target: str) -> list[tuple[list[Slot], str]] | None:
    """The slots between annotations, each with its piece of the target."""
    found: list[tuple[list[Slot], str]] = []
    outside: list[Slot] = []
    position = 0
    for ruby, members in groupby(text.slots, key=_ruby_of):
        slots = list(members)
        if ruby is None:
            outside = slots
            continue
        base = "".join([slot.text for slot in slots])
        place = target.find(base, position)
        # With as many occurrences as before, each annotation has exactly one text to stay over.
        is_sure = target.count(base) == text.content.count(base)
        has_room = bool(outside) or place <= position
        if place < 0 or not is_sure or not has_room:
            return None
        found.append((outside, target[position:place]))
        outside, position = [], place + len(base)
    found.append((outside, target[position:]))
    return None if not outside and position < len(target) else [each for each in found if each[0]]


def take_out_of_ruby(tagged: Tagged) -> None:
    """Take the text of a unit out from under its annotations, and delete the annotations."""
    found = _slots(tagged)
    for ruby in dict.fromkeys([_ruby_of(slot) for slot in found]):
        if ruby is not None:
            _open(ruby)
    # The runs changed above: each slot belongs to the run that its node is in now.
    for slot in found:
        runs = (each for each in slot.node.iterancestors() if short_name(each) in _RUNS)
        slot.run = next(runs, slot.run)


def without_ruby(paragraph: Element) -> Element:
    """The paragraph; where it has annotations, a copy without them and with their text."""
    if not has_ruby(paragraph):
        return paragraph
    twin = copied(paragraph)
    for ruby in list(twin.iter("{*}ruby")):
        _open(ruby)
    return twin


def _slots(tagged: Tagged) -> list[Slot]:
    return [slot for text in texts(tagged.items) for slot in text.slots]


def _ruby_of(slot: Slot) -> Element | None:
    base = slot.run.getparent()
    while base is not None and short_name(base) not in {"w:rubyBase", "w:p"}:
        base = base.getparent()
    return base.getparent() if base is not None and short_name(base) == "w:rubyBase" else None


def _open(ruby: Element) -> None:
    """Put the runs under an annotation into the place of the ruby element.

    The run around that element is cut there, and deleted where it is left empty.
    """
    run, base = ruby.getparent(), ruby_base(ruby)
    if run is None:
        return
    following = list(ruby.itersiblings())
    if following:
        rest = empty_like(run)
        for node in following:
            rest.append(node)
        run.addnext(rest)
    for node in reversed(list(base) if base is not None else []):
        run.addnext(node)
    run.remove(ruby)
    above = run.getparent()
    if above is not None and all(short_name(child) in _PROPERTIES for child in run):
        above.remove(run)
