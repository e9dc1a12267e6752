"""Two trees compared by element: every difference beyond text and the statements of a merge.

The lost tab of `<w:r><w:t>a</w:t><w:tab/></w:r>` against `<w:r><w:t>b</w:t></w:r>` is a difference
of kind structure, removed, `w:tab`, at its path in the first tree; the changed text is none.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from dragoman_documents.docx.diff.rearranged import layout, rearranged
from dragoman_documents.docx.diff.report import Change, Difference, DifferenceKind
from dragoman_documents.docx.diff.tolerance import (
    ADDITIONS,
    LANGUAGE,
    TEXT_NODES,
    is_direction,
    is_text_attribute,
    may_differ,
)
from dragoman_documents.docx.diff.tree import path_of, shortened, text_of
from dragoman_documents.docx.ruby import without_ruby
from dragoman_documents.docx.xml import SHORT_NAMES, XML_SPACE, Element, short_name

_PARAGRAPHS = frozenset({"w:p", "a:p"})
_BOX = "w:txbxContent"
_MANY = 2_000

Pair = tuple[Element, Element]


class Comparison:
    """Compares the trees of one part.

    A paragraph whose runs a translation rearranged is no difference when every thing is still
    there. `any_leaf` is for data, where every element may hold text. `kind` is the kind of all
    differences of a part with one subject. `with_content` fills the short forms of differences.
    `settled` are blocks of the first tree that are known to differ in text only.
    """

    def __init__(
        self,
        part: str,
        *,
        any_leaf: bool = False,
        kind: DifferenceKind | None = None,
        with_content: bool = False,
        settled: Container[Element] = (),
    ) -> None:
        self._part = part
        self._any_leaf = any_leaf
        self._kind = kind
        self._with_content = with_content
        self._settled = settled

    def run(self, before: Element, after: Element) -> Iterator[Difference]:
        """The differences beyond text, in document order as far as that is known."""
        stack: list[Pair] = [(before, after)]
        while stack:
            old, new = stack.pop()
            # The markup comparison has shown that this block differs in text only.
            if old in self._settled:
                continue
            pairs: list[Pair] = []
            if short_name(old) in _PARAGRAPHS and short_name(old) == short_name(new):
                yield from self._paragraph(old, new, pairs)
            else:
                yield from self._own(old, new)
                yield from self._children(old, new, pairs)
            stack += reversed(pairs)

    def _own(self, old: Element, new: Element) -> Iterator[Difference]:
        name = short_name(old)
        if name != short_name(new):
            yield self._difference(new, Change.CHANGED, before=str(old.tag), after=str(new.tag))
            return
        if not name and old.text != new.text:
            yield self._difference(new, Change.CHANGED)
        if not name:
            return
        for key in _changed_attributes(name, old.attrib, new.attrib, self._any_leaf):
            values = old.attrib.get(key, ""), new.attrib.get(key, "")
            yield self._difference(new, Change.CHANGED, *values, what=f"{name}@{SHORT_NAMES[key]}")
        is_text = name in TEXT_NODES
        a, b = (text_of(old), text_of(new)) if is_text else (old.text or "", new.text or "")
        if a != b and (a.strip() or b.strip()) and not self._may_differ(old, name, a):
            yield self._difference(new, Change.CHANGED, a, b)
        a, b = old.tail or "", new.tail or ""
        if a != b and (a.strip() or b.strip()) and not _follows_text(old):
            yield self._difference(new, Change.CHANGED, a, b)

    def _may_differ(self, node: Element, name: str, text: str) -> bool:
        return may_differ(name, text) or (self._any_leaf and not len(node))

    def _children(self, old: Element, new: Element, pairs: list[Pair]) -> Iterator[Difference]:
        before, after = list(old), list(new)
        tags = [child.tag for child in before]
        if tags != [child.tag for child in after]:
            after = _without_additions(old, new)
        if tags == [child.tag for child in after]:
            pairs += zip(before, after, strict=True)
            return
        for change, a, b in _aligned(before, after):
            if a is not None and b is not None:
                pairs.append((a, b))
            elif a is not None:
                yield self._difference(a, change, before=_content(a))
            elif b is not None:
                yield self._difference(b, change, after=_content(b))

    def _paragraph(self, old: Element, new: Element, pairs: list[Pair]) -> Iterator[Difference]:
        """The differences of a paragraph.

        `pairs` takes the text boxes in it, which are compared by themselves.
        """
        yield from self._own(old, new)
        is_alike = layout(old) == layout(new)
        found = self._in_step(old, new, pairs) if is_alike else []
        if is_alike and not found:
            return
        # Annotations go with the text under them, which is no loss of structure (`ruby`).
        outcome = rearranged(without_ruby(old), without_ruby(new))
        if outcome.is_whole or not is_alike:
            pairs[:] = outcome.pairs
        if outcome.is_whole:
            return
        if not is_alike:
            for change, node in outcome.troubles:
                found.append(self._difference(node, change, **{_side(change): _content(node)}))
        yield from found

    def _in_step(self, old: Element, new: Element, boxes: list[Pair]) -> list[Difference]:
        """The differences of two paragraphs of one layout, element by element."""
        found: list[Difference] = []
        stack: list[Pair] = []
        found += self._children(old, new, stack)
        stack.reverse()
        while stack:
            a, b = stack.pop()
            if short_name(a) == _BOX:
                boxes.append((a, b))
                continue
            inner: list[Pair] = []
            found += self._own(a, b)
            found += self._children(a, b, inner)
            stack += reversed(inner)
        return found

    def _difference(
        self, node: Element, change: Change, before: str = "", after: str = "", what: str = ""
    ) -> Difference:
        content = (shortened(before), shortened(after)) if self._with_content else ("", "")
        return Difference(
            part=self._part,
            path=path_of(node),
            kind=self._kind or kind_of(node),
            change=change,
            what=what or short_name(node) or "comment",
            before=content[0],
            after=content[1],
        )


def kind_of(node: Element) -> DifferenceKind:
    """The kind of an element's difference: formatting for properties and styles, else structure."""
    for item in (node, *node.iterancestors()):
        name = short_name(item)
        if name.endswith("Pr") and name not in {"w:sdtPr", "wp:docPr", "pic:cNvPr", "w:smartTagPr"}:
            return DifferenceKind.FORMATTING
        if name in {"w:style", "w:docDefaults", "w:tblGrid"}:
            return DifferenceKind.FORMATTING
    return DifferenceKind.STRUCTURE


def _follows_text(mark: Element) -> bool:
    """Whether the text behind a comment or instruction is text of a text node around both."""
    parent = mark.getparent()
    return parent is not None and short_name(parent) in TEXT_NODES


def _side(change: Change) -> str:
    return "before" if change is Change.REMOVED else "after"


def _changed_attributes(
    name: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
    is_data: bool,
) -> list[str]:
    if name == LANGUAGE or before.items() == after.items():
        return []
    keys = [*before, *(key for key in after if key not in before)]
    changed = [key for key in keys if before.get(key) != after.get(key)]
    return [
        key
        for key in changed
        if not _may_change(name, key, before.get(key), after.get(key), is_data)
    ]


def _may_change(name: str, key: str, before: str | None, after: str | None, is_data: bool) -> bool:
    """Whether a translation may change an attribute;
    None stands for an attribute that is absent.
    """
    if is_direction(name, key):
        return True
    if before is None:
        return name in TEXT_NODES and key == XML_SPACE and after == "preserve"
    return after is not None and (is_data or is_text_attribute(name, SHORT_NAMES[key], before))


def _without_additions(old: Element, new: Element) -> list[Element]:
    """The children of `new`, without those that a merge added to the children of `old`."""
    allowed = ADDITIONS.get(short_name(new), frozenset())
    known = {short_name(child) for child in old}
    kept: list[Element] = []
    for child in new:
        name = short_name(child)
        if name in known or not (name in allowed or _is_made(child)):
            kept.append(child)
    return kept


def _is_made(properties: Element) -> bool:
    """Whether properties hold only additions of a merge."""
    name = short_name(properties)
    if name == "a:pPr":
        return not len(properties) and all(is_direction(name, key) for key in properties.attrib)
    allowed = ADDITIONS.get(name)
    return (
        bool(allowed)
        and not properties.attrib
        and all(short_name(child) in allowed for child in properties)
    )


def _aligned(
    before: Sequence[Element], after: Sequence[Element]
) -> Iterator[tuple[Change, Element | None, Element | None]]:
    old_keys, new_keys = [_key(item) for item in before], [_key(item) for item in after]
    if len(before) * len(after) > _MANY**2:
        old_keys, new_keys = [str(item.tag) for item in before], [str(item.tag) for item in after]
    # `autojunk` leaves out frequent items, here the most usual tags. It is worse, and it is wanted
    # in very long lists: without it the time grows with the square of their length.
    matcher = SequenceMatcher(None, old_keys, new_keys, autojunk=len(before) > _MANY)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for a, b in zip(before[i1:i2], after[j1:j2], strict=True):
                yield Change.CHANGED, a, b
            continue
        olds, news = list(before[i1:i2]), list(after[j1:j2])
        while olds and news and olds[0].tag == news[0].tag:
            yield Change.CHANGED, olds.pop(0), news.pop(0)
        yield from ((Change.REMOVED, item, None) for item in olds)
        yield from ((Change.ADDED, None, item) for item in news)


def _key(element: Element) -> str:
    return f"{element.tag}{sorted(element.attrib.items())}"


def _content(element: Element) -> str:
    text = "".join(text_of(node) for node in element.iter() if short_name(node) in TEXT_NODES)
    return text or " ".join(f"{SHORT_NAMES[key]}={value}" for key, value in element.attrib.items())
