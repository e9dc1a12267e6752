"""Two paragraphs compared: their text, their look, the looks of their runs, and the elements in
them that are no text.

A word that became bold is a difference of kind formatting: `run`, before "now: plain", after "now:
b".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

from dragoman_documents.docx.diff.rearranged import identity, look_of
from dragoman_documents.docx.diff.report import Change, Difference, DifferenceKind
from dragoman_documents.docx.diff.tree import own_nodes, own_text, path_of, shortened, text_of
from dragoman_documents.docx.diff.words import opcodes, tokens, word_edits
from dragoman_documents.docx.xml import Element, attribute, names, short_name

_SILENT = names(
    "w:r w:t w:rPr w:pPr w:proofErr w:lastRenderedPageBreak w:lang w:tab w:br w:cr w:noBreakHyphen"
) | {""}
_Look = tuple[Hashable, str]


def text_difference(part: str, node: Element, what: str, before: str, after: str) -> Difference:
    """A text that reads differently."""
    return Difference(
        part=part,
        path=path_of(node),
        kind=DifferenceKind.TEXT,
        change=Change.CHANGED,
        what=what,
        before=shortened(before),
        after=shortened(after),
        words=word_edits(before, after),
    )


def paragraph_differences(part: str, old: Element, new: Element) -> Iterator[Difference]:
    """The differences of two paragraphs that are a pair. Text boxes in them are not compared."""
    before, after = own_text(old), own_text(new)
    if before != after:
        yield text_difference(part, new, "paragraph", before, after)
    looks = _properties(old, "w:pPr"), _properties(new, "w:pPr")
    if look_of(looks[0]) != look_of(looks[1]):
        yield _formatting(part, new, "paragraph", described(looks[0]), described(looks[1]))
    for stretch, was, now in _changed_looks(_looks(old), _looks(new)):
        yield _formatting(part, new, "run", f"{stretch}: {was}", f"{stretch}: {now}")
    things = _things(old), _things(new)
    for change, more, fewer in ((Change.REMOVED, *things), (Change.ADDED, things[1], things[0])):
        missing = Counter(key for key, _ in more) - Counter(key for key, _ in fewer)
        for key, node in more:
            if missing[key] > 0:
                missing[key] -= 1
                kind = DifferenceKind.STRUCTURE
                yield Difference(
                    part=part, path=path_of(node), kind=kind, change=change, what=short_name(node)
                )


def described(properties: Element | None) -> str:
    """Properties in short: `b, sz=28, jc=center`; `plain` where there are none."""
    said: list[str] = []
    for child in properties if properties is not None else ():
        name = short_name(child).partition(":")[2]
        if name and name not in {"rPr", "lang"}:
            value = attribute(child, "w:val") or " ".join(child.attrib.values())
            said.append(f"{name}={value}" if value else name)
    return ", ".join(said) or "plain"


def _formatting(part: str, node: Element, what: str, before: str, after: str) -> Difference:
    return Difference(
        part=part,
        path=path_of(node),
        kind=DifferenceKind.FORMATTING,
        change=Change.CHANGED,
        what=what,
        before=shortened(before),
        after=shortened(after),
    )


def _properties(owner: Element, name: str) -> Element | None:
    return next((child for child in owner if short_name(child) == name), None)


def _looks(paragraph: Element) -> list[tuple[str, _Look]]:
    """Every word and sign of the paragraph, with the look of its first letter's run."""
    letters: list[_Look] = []
    text: list[str] = []
    known: dict[Element, _Look] = {}
    for node in own_nodes(paragraph):
        run = node.getparent()
        if short_name(node) not in {"w:t", "a:t"} or run is None:
            continue
        if run not in known:
            properties = next((child for child in run if short_name(child).endswith(":rPr")), None)
            known[run] = (look_of(properties), described(properties))
        text.append(text_of(node))
        letters += [known[run]] * len(text[-1])
    found: list[tuple[str, _Look]] = []
    place = 0
    for token in tokens("".join(text)):
        found.append((token, letters[place]))
        place += len(token)
    return found


def _changed_looks(
    old: Sequence[tuple[str, _Look]], new: Sequence[tuple[str, _Look]]
) -> Iterator[tuple[str, str, str]]:
    """The stretches of words that both paragraphs have in different looks, with the looks.

    Paragraphs without a shared word are told apart by the looks alone, in the order in which they
    follow each other.
    """
    steps = opcodes([token for token, _ in old], [token for token, _ in new])
    if not any(is_same for is_same, *_ in steps):
        was, now = _row(old), _row(new)
        if old and new and [look for look, _ in was] != [look for look, _ in now]:
            yield "all", " | ".join(said for _, said in was), " | ".join(said for _, said in now)
        return
    for is_same, i1, i2, j1, _ in steps:
        stretch: list[str] = []
        said = ("", "")
        for (token, a), (_, b) in zip(old[i1:i2] if is_same else (), new[j1:], strict=False):
            differs = a[0] != b[0]
            if stretch and (not differs or (a[1], b[1]) != said):
                yield "".join(stretch), said[0], said[1]
                stretch = []
            if differs:
                stretch.append(token)
                said = (a[1], b[1])
        if stretch and "".join(stretch).strip():
            yield "".join(stretch), said[0], said[1]


def _row(looks: Sequence[tuple[str, _Look]]) -> list[_Look]:
    row: list[_Look] = []
    for token, look in looks:
        if not token.isspace() and (not row or row[-1][0] != look[0]):
            row.append(look)
    return row


def _things(paragraph: Element) -> list[tuple[Hashable, Element]]:
    """The elements of a paragraph besides text, by identity: marks, notes,
    pictures, fields, links.
    """
    found: list[tuple[Hashable, Element]] = []
    for node in own_nodes(paragraph):
        name = short_name(node)
        parent = node.getparent()
        in_thing = parent is not None and short_name(parent) not in {
            "w:p",
            "a:p",
            "w:r",
            "a:r",
            "w:hyperlink",
            "w:ins",
        }
        if name not in _SILENT and not in_thing:
            found.append((identity(node), node))
    return found
