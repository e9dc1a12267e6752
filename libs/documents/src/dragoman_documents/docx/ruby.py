"""Ruby: the text under an annotation is text of its paragraph; the annotation says how the source is read aloud.

In a translation it would say nothing, and Word breaks no line inside it: text that changes is taken out of it, and the
annotation goes (ECMA-376 §17.3.3.25). Where nothing changes it stays.

    <w:r><w:ruby><w:rt>…とうきょう…</w:rt><w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r>
    <w:r><w:t>へ行く</w:t></w:r>                                  unit   東京へ行く
"""

from __future__ import annotations

from collections.abc import Iterable

from dragoman_documents.docx.inline import Slot
from dragoman_documents.docx.splice import empty_like
from dragoman_documents.docx.xml import Element, copied, short_name

_RUNS = frozenset({"w:r"})
_PROPERTIES = frozenset({"w:rPr"})


def ruby_base(ruby: Element) -> Element | None:
    """The element with the text under an annotation."""
    return next((child for child in ruby if short_name(child) == "w:rubyBase"), None)


def take_out_of_ruby(slots: Iterable[Slot]) -> None:
    """Take the text of a unit out from under its annotations, which go."""
    found = list(slots)
    rubies = [ruby for ruby in map(_ruby_of, found) if ruby is not None]
    if not rubies:
        return
    for ruby in dict.fromkeys(rubies):
        _open(ruby)
    for slot in found:
        slot.run = next((each for each in slot.node.iterancestors() if short_name(each) in _RUNS), slot.run)


def without_ruby(paragraph: Element) -> Element:
    """The paragraph, or where it has annotations a copy of it whose text is taken out from under them."""
    if not any(short_name(node) == "w:ruby" for node in paragraph.iter()):
        return paragraph
    twin = copied(paragraph)
    for ruby in [node for node in twin.iter() if short_name(node) == "w:ruby"]:
        _open(ruby)
    return twin


def _ruby_of(slot: Slot) -> Element | None:
    base = slot.run.getparent()
    while base is not None and short_name(base) not in {"w:rubyBase", "w:p"}:
        base = base.getparent()
    return base.getparent() if base is not None and short_name(base) == "w:rubyBase" else None


def _open(ruby: Element) -> None:
    """Put what is under an annotation in its place; the run around is cut there, and goes where it holds no more."""
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
