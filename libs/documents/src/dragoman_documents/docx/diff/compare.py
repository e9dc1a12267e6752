"""Two documents compared by structure: parts, paragraphs, runs, tables, styles and text.

A difference names its part, its path, its kind and the words:

    <w:p><w:r><w:t>Pay now.</w:t></w:r></w:p>   against   <w:p><w:r><w:t>Pay later.</w:t></w:r></w:p>
    text changed in word/document.xml at 0.0: "now" gave way to "later"
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from dragoman_documents.budget import Budget
from dragoman_documents.docx.diff.align import Block, aligned, blocks_of, is_block
from dragoman_documents.docx.diff.gate import part_differences, text_only
from dragoman_documents.docx.diff.paragraphs import paragraph_differences, text_difference
from dragoman_documents.docx.diff.report import (
    Change,
    Difference,
    DifferenceKind,
    DocumentDiff,
    PartChange,
)
from dragoman_documents.docx.diff.structure import kind_of
from dragoman_documents.docx.diff.tolerance import TEXT_NODES, is_text_attribute
from dragoman_documents.docx.diff.tree import (
    boxes_in,
    canonical,
    own_text,
    path_of,
    shortened,
    text_of,
)
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import SHORT_NAMES, Element, short_name

_FLOWS = (
    PartRole.MAIN,
    PartRole.HEADER,
    PartRole.FOOTER,
    PartRole.FOOTNOTES,
    PartRole.ENDNOTES,
    PartRole.COMMENTS,
)


_WORDS = {"w:p": "paragraph", "w:tbl": "table", "w:tr": "row", "w:tc": "cell"}


def compare(before: bytes, after: bytes, budget: Budget | None = None) -> DocumentDiff:
    """The differences of two documents, in the order of the second.

    Parts with equal checksums are not read. The short forms hold text of the documents, which only
    their owner may see.

    Raises:
        DocumentError: a document is no readable Word document or passes the budget.
    """
    budget = budget or Budget()
    gate = text_only(before, after, budget)
    with paused_garbage_collection():
        old, new = Package(before, budget), Package(after, budget)
        removed, added = _only(old, new), _only(new, old)
        changed = [name for name in gate.changed_parts if name not in added]
        ranked = sorted(changed, key=lambda name: (name not in new.stories(), name != new.main))
        about_parts = [each for each in gate.differences if each.kind is DifferenceKind.PART]
        differences = [each for each in about_parts if not each.path and each.part not in changed]
        for name in ranked:
            differences += _in_part(old, new, name)
    parts = [
        *(_part_change(old, name, Change.REMOVED) for name in removed),
        *(_part_change(new, name, Change.ADDED) for name in added),
        *(_part_change(new, name, Change.CHANGED) for name in ranked),
    ]
    texts = [each for each in differences if each.kind is DifferenceKind.TEXT]
    paragraphs = [each for each in texts if each.what == "paragraph"]
    return DocumentDiff(
        is_equal=not parts and not differences,
        is_text_only=gate.is_text_only,
        parts=tuple(parts),
        differences=tuple(differences),
        changed_paragraph_count=len(paragraphs),
    )


def _part_change(package: Package, name: str, change: Change) -> PartChange:
    return PartChange(part=name, role=package.role(name).value, change=change)


def _only(one: Package, other: Package) -> list[str]:
    known = set(other.names)
    return [name for name in one.names if name not in known]


def _in_part(old: Package, new: Package, name: str) -> list[Difference]:
    beyond = list(part_differences(old, new, name, with_content=True))
    if name not in old.names or name not in new.names:
        return beyond
    before, after = old.root(name), new.root(name)
    if before is None or after is None:
        return beyond
    if not beyond:
        return list(_texts(name, before, after, any_leaf=old.role(name) is PartRole.CUSTOM_XML))
    if new.role(name) not in _FLOWS or short_name(before) != short_name(after):
        return beyond
    found = _Flow(name).compare(before, after)
    if all(each.kind is DifferenceKind.TEXT for each in found):
        found += beyond  # differences of a kind that only a comparison in step sees
    return sorted(found, key=_place)


def _place(difference: Difference) -> tuple[int, ...]:
    return tuple(int(step) for step in difference.path.split(".") if step)


def _texts(part: str, before: Element, after: Element, any_leaf: bool) -> Iterator[Difference]:
    """The texts that read differently in two parts of one structure."""
    pairs = zip(_readings(before, any_leaf), _readings(after, any_leaf), strict=False)
    for (_, _, old), (node, what, new) in pairs:
        if old != new:
            yield text_difference(part, node, what, old, new)


def _readings(root: Element, any_leaf: bool) -> Iterator[tuple[Element, str, str]]:
    for node in root.iter():
        name = short_name(node)
        is_data = any_leaf and name and not len(node)
        if name in {"w:p", "a:p"}:
            yield node, "paragraph", own_text(node)
        elif name not in {"w:t", "a:t"} and (name in TEXT_NODES or is_data):
            yield node, name, text_of(node)
        for key, value in node.attrib.items() if name else ():
            if any_leaf or is_text_attribute(name, SHORT_NAMES[key], value):
                yield node, f"{name}@{SHORT_NAMES[key]}", value


class _Flow:
    """Compares the blocks of one part: finds blocks that were added, removed, moved or changed."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._found: list[Difference] = []
        self._removed: list[Block] = []
        self._added: list[Block] = []

    def compare(self, before: Element, after: Element) -> list[Difference]:
        # A stack and no recursion: tables nest as deep as the budget allows.
        stack = [(before, after)]
        while stack:
            old, new = stack.pop()
            self._rest(old, new)
            for a, b in aligned(blocks_of(old), blocks_of(new)):
                if a is None or b is None:
                    self._removed += [a] if a else []
                    self._added += [b] if b else []
                elif a.kind != "w:p":
                    stack.append((a.element, b.element))
                elif a.text != b.text or canonical(a.element) != canonical(b.element):
                    self._found += paragraph_differences(self._part, a.element, b.element)
                    stack += zip(boxes_in(a.element), boxes_in(b.element), strict=False)
        self._one_sided()
        return self._found

    def _rest(self, old: Element, new: Element) -> None:
        """Compare a container's children that are no blocks: properties, marks between blocks."""
        before = [child for child in old if not is_block(child)]
        after = [child for child in new if not is_block(child)]
        texts = [canonical(child) for child in before], [canonical(child) for child in after]
        # By default difflib ignores what is frequent in long lists, here the most usual markup.
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
            if tag != "equal":
                self._unlike(before[i1:i2], after[j1:j2])

    def _unlike(self, before: Sequence[Element], after: Sequence[Element]) -> None:
        shared = min(len(before), len(after))
        for node in after[:shared]:
            self._say(Change.CHANGED, node)
        for node in before[shared:]:
            self._say(Change.REMOVED, node)
        for node in after[shared:]:
            self._say(Change.ADDED, node)

    def _one_sided(self) -> None:
        gone = {(block.kind, block.text): block for block in self._removed if block.text}
        for block in self._added:
            # A block that went in one place and came with the same text in another was moved.
            source = gone.pop((block.kind, block.text), None)
            if source is not None:
                self._removed.remove(source)
            change = Change.ADDED if source is None else Change.MOVED
            self._say(change, block.element, "" if source is None else block.text, block.text)
        for block in self._removed:
            self._say(Change.REMOVED, block.element, block.text)

    def _say(self, change: Change, node: Element, before: str = "", after: str = "") -> None:
        name = short_name(node)
        self._found.append(
            Difference(
                part=self._part,
                path=path_of(node),
                kind=kind_of(node),
                change=change,
                what=_WORDS.get(name, name or "comment"),
                before=shortened(before),
                after=shortened(after),
            )
        )
