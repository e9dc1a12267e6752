"""The gate of reassembly: finds at little cost whether two packages differ in nothing but text.

Equal parts are told by their checksums, parts that differ are compared as markup (`stream`), and
only stretches that stay in doubt are compared as trees (`structure`):

    word/styles.xml      checksum equal                     not read
    word/document.xml    markup equal but for w:t           text only
    word/footer1.xml     a w:tab is gone                    structure in word/footer1.xml (1)
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain, islice

from dragoman_documents.budget import Budget
from dragoman_documents.docx.container import ZipContainer
from dragoman_documents.docx.diff.report import Change, Difference, DifferenceKind, GateReport
from dragoman_documents.docx.diff.stream import doubtful_paragraphs
from dragoman_documents.docx.diff.structure import Comparison
from dragoman_documents.docx.diff.tree import block_edges, markup
from dragoman_documents.docx.entries import Entry, part_name
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import Element, parse_xml, prolog, serialise, short_name
from dragoman_documents.errors import DamagedDocumentError

_ENOUGH = 100
_NONE = frozenset[int]()
_TYPES = "[content_types].xml"


def text_only(before: bytes, after: bytes, budget: Budget | None = None) -> GateReport:
    """Whether `after` is `before` with other text.

    The report names other differences, and holds no text.

    Besides text, the statements of the merge may differ: the language of runs, marks of direction
    where the source has none, and `xml:space`. Parts with equal checksums are not read.

    Raises:
        DocumentError: a package is no readable Word document or passes the budget.
    """
    if before == after:
        return GateReport()
    budget = budget or Budget()
    with paused_garbage_collection():
        old, new = _Parts(before, budget), _Parts(after, budget)
        changed = [name for name, entry in new.entries.items() if not old.holds(name, entry)]
        differences = [*package_differences(tuple(old.entries), tuple(new.entries))]
        doubts = {name: _doubts(old, new, name, budget) for name in changed if name in old.entries}
        unsure = {name: doubtful for name, doubtful in doubts.items() if doubtful != _NONE}
        # Most translations never come here: their markup alone explains every difference.
        if unsure:
            pair = Package(before, budget), Package(after, budget)
            by_part = (part_differences(*pair, name, doubtful) for name, doubtful in unsure.items())
            differences += islice(chain.from_iterable(by_part), _ENOUGH)
    return GateReport(differences=tuple(differences), changed_parts=tuple(changed))


class _Parts:
    """The entries of a package by the names of their parts."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._container = ZipContainer(data, budget)
        self.entries: dict[str, Entry] = {
            part_name(entry.name): entry for entry in self._container.entries
        }

    def holds(self, name: str, entry: Entry) -> bool:
        """Whether the package has an entry of that name with the same content, by checksum."""
        own = self.entries.get(name)
        return own is not None and (own.crc, own.size_bytes) == (entry.crc, entry.size_bytes)

    def read(self, name: str) -> bytes:
        return self._container.read(self.entries[name])


def _doubts(old: _Parts, new: _Parts, name: str, budget: Budget) -> frozenset[int] | None:
    """The numbers of the stretches of a part whose markup may differ in more than text; None where
    markup cannot tell.

    The merge writes tags as the source does, if the source writes them as lxml would. So the files'
    own markup is compared first, and the source is serialised anew only where the two cannot be
    laid side by side.
    """
    before, after = old.read(name), new.read(name)
    try:
        text, written = before.decode(), after.decode()
        found = doubtful_paragraphs(text, written)
        if found == _NONE:
            return found
        rewritten = serialise(parse_xml(before, budget), prolog(before)).decode()
        return found if rewritten == text else doubtful_paragraphs(rewritten, written)
    except (DamagedDocumentError, UnicodeDecodeError):
        return None


def package_differences(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Difference]:
    """Parts that are only in one of the packages, or that stand in another order."""
    for names, others, change in ((old, new, Change.REMOVED), (new, old, Change.ADDED)):
        for name in sorted(set(names) - set(others)):
            yield part_difference(name, change)
    shared = set(old) & set(new)
    if [name for name in old if name in shared] != [name for name in new if name in shared]:
        yield part_difference("", Change.MOVED)


def part_difference(name: str, change: Change, what: str = "part") -> Difference:
    """A difference that is about a part as a whole."""
    return Difference(part=name, path="", kind=DifferenceKind.PART, change=change, what=what)


def special_kind(package: Package, name: str) -> DifferenceKind | None:
    """The kind of every difference in a part with one subject, such as styles or settings; None for
    parts with paragraphs.
    """
    if name.endswith(".rels"):
        return DifferenceKind.RELATIONSHIP
    if name.lower() == _TYPES:
        return DifferenceKind.PART
    role = package.role(name)
    if role in {PartRole.SETTINGS, PartRole.CORE_PROPERTIES, PartRole.CUSTOM_XML_PROPERTIES}:
        return DifferenceKind.PROPERTY
    if "properties+xml" in package.content_type(name):
        return DifferenceKind.PROPERTY
    if role in {PartRole.STYLES, PartRole.FONT_TABLE}:
        return DifferenceKind.FORMATTING
    return None


def part_differences(
    before: Package,
    after: Package,
    name: str,
    doubtful: frozenset[int] | None = None,
    with_content: bool = False,
) -> Iterator[Difference]:
    """The differences of a part beyond text.

    `doubtful` are the stretches of its markup in which all of them lie.
    """
    old, new = _root(before, name), _root(after, name)
    if old is None or new is None:
        yield part_difference(name, Change.CHANGED)
        return
    any_leaf = before.role(name) is PartRole.CUSTOM_XML
    if doubtful is None or any_leaf:
        doubtful = doubtful_paragraphs(markup(old), markup(new), any_leaf)
    if doubtful == _NONE:
        return
    comparison = Comparison(
        name,
        any_leaf=any_leaf,
        kind=special_kind(before, name),
        with_content=with_content,
        settled=_settled(old, doubtful) if doubtful is not None else frozenset[Element](),
    )
    yield from comparison.run(old, new)


def _settled(root: Element, doubtful: frozenset[int]) -> frozenset[Element]:
    """The tables, rows and paragraphs in which no stretch is in doubt.

    A stretch ends where a paragraph that is not empty ends. So the end tags of a table are in the
    stretch behind the table's last paragraph.
    """
    settled: set[Element] = set()
    # `ended` counts stretches that have ended; a block's stretches are those from its start to now.
    ended, begun = 0, list[int]()
    limits = sorted(doubtful)
    for block, is_end in block_edges(root):
        if not is_end:
            begun.append(ended)
            continue
        first = begun.pop()
        place = bisect_left(limits, first)
        if place == len(limits) or limits[place] > ended:
            settled.add(block)
        if short_name(block) == "w:p" and (len(block) or block.text):
            ended += 1
    return frozenset(settled)


def _root(package: Package, name: str) -> Element | None:
    return package.root(name) if name in package.names else None
