"""Tells whether a paragraph with other runs than its source has lost nothing: tags were reordered.

The merge never takes a run away and never takes properties from one. It writes text into the runs
there are, moves elements that are no text into runs of their own, and adds runs for text in a look
that the paragraph already has. So a paragraph is whole when it holds every mark, group and other
element of the source, and its runs are those of the source with other runs between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest

from dragoman_documents.docx.diff.codes import changed_field
from dragoman_documents.docx.diff.report import Change
from dragoman_documents.docx.diff.tolerance import (
    ADDITIONS,
    LANGUAGE,
    TEXT_NODES,
    is_direction,
    is_text_attribute,
)
from dragoman_documents.docx.diff.tree import own_nodes
from dragoman_documents.docx.nesting import is_misplaced
from dragoman_documents.docx.xml import SHORT_NAMES, XML_SPACE, Element, names, short_name

_RUNS = frozenset({"w:r", "a:r"})
_RUN_PROPERTIES = frozenset({"w:rPr", "a:rPr"})
_PROPERTIES = frozenset({"w:pPr", "a:pPr"})
_AROUND_RUNS = names(
    "w:hyperlink w:ins w:moveTo w:smartTag w:customXml w:sdt w:sdtContent w:fldSimple w:dir w:bdo"
)
_SHOW_RUNS = _RUNS | {"w:sdtContent", "mc:Choice"}
_MAY_GO = names("w:softHyphen w:cr")
_MAY_DOUBLE = names("w:tab w:br w:noBreakHyphen w:softHyphen a:br")
_TOLD_BY_THEIR_INSIDE = names("w:drawing w:pict w:object mc:AlternateContent w:fldChar")
_OF_CONTROL = names("w:sdtPr w:sdtEndPr w:sdtContent")
# White space counts in codes of fields, which Word cuts into arguments there (§17.16.2).
_CODES = names("w:instrText w:delInstrText")
_IDENTIFYING = 12
_DEEP = 25

_Runs = list[tuple[Hashable, Element]]
"""The runs of one element, each with its look, in order."""


def layout(paragraph: Element) -> list[Hashable]:
    """The elements of a paragraph and their nesting, without text and properties."""
    nodes: list[Hashable] = []
    stack: list[Iterator[Element]] = [iter(paragraph)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            nodes.append(None)
        elif short_name(node) not in _RUN_PROPERTIES | _PROPERTIES:
            nodes.append(node.tag)
            if short_name(node) != "w:txbxContent":
                stack.append(iter(node))
    return nodes


@dataclass(slots=True)
class Rearrangement:
    """The outcome of a comparison: the pairs to compare further, and lost and new elements."""

    is_whole: bool
    pairs: list[tuple[Element, Element]] = field(default_factory=list[tuple[Element, Element]])
    troubles: list[tuple[Change, Element]] = field(default_factory=list[tuple[Change, Element]])


def rearranged(before: Element, after: Element) -> Rearrangement:
    """Whether `after` is `before` with its runs rearranged for another order of words."""
    old, new = _Inventory(before), _Inventory(after)
    outcome = Rearrangement(is_whole=False)
    for key in {**old.things, **new.things}:
        _match(key, old.things.get(key, []), new.things.get(key, []), outcome)
    for home in {**old.runs, **new.runs}:
        _match_homes(old.runs.get(home, []), new.runs.get(home, []), old.looks, outcome)
    outcome.troubles += [(Change.ADDED, node) for node in new.misplaced[len(old.misplaced) :]]
    if not outcome.troubles:
        outcome.troubles += _needless_runs(old, new)
    # All runs may be there and yet make other fields, if words came between two edges.
    if not outcome.troubles and (edge := changed_field(before, after)) is not None:
        outcome.troubles.append((Change.MOVED, edge))
    if not outcome.troubles and old.text_count > new.text_count:
        outcome.troubles.append((Change.REMOVED, before))
    outcome.is_whole = not outcome.troubles
    return outcome


class _Inventory:
    """The contents of a paragraph: its runs with their looks, by the element around them, and every
    other element by its identity.

    Two elements around runs that cannot be told from each other, such as links to one target, have
    one list of runs each.
    """

    def __init__(self, paragraph: Element) -> None:
        self.things: dict[Hashable, list[Element]] = defaultdict(list)
        self.runs: dict[Hashable, list[_Runs]] = defaultdict(list)
        self.looks: set[Hashable] = set()
        self.order: list[Hashable] = []
        self.misplaced: list[Element] = []
        self.text_count = 0
        self._read(paragraph)

    def _read(self, paragraph: Element) -> None:
        stack = [self._entered(paragraph, identity(paragraph), 0)]
        while stack:
            children, home, runs, depth = stack[-1]
            node = next(children, None)
            if node is None:
                stack.pop()
                continue
            name = short_name(node)
            if name in _RUNS:
                look = _look(node)
                runs.append((look, node))
                self.looks.add(look)
                if any(short_name(child) not in _RUN_PROPERTIES for child in node):
                    self.order.append(look)
                stack.append((iter(node), home, runs, depth + 1))
            elif name in {"w:t", "a:t"}:
                self.text_count += 1
                self.order.append(name)
            elif name not in _RUN_PROPERTIES:
                key = (identity(node), home) if name in _OF_CONTROL else identity(node)
                self.things[key].append(node)
                self.order.append(key)
                if is_misplaced(node):
                    self.misplaced.append(node)
                if _holds_runs(node) and depth < _DEEP:
                    stack.append(self._entered(node, key, depth + 1))

    def _entered(
        self,
        node: Element,
        key: Hashable,
        depth: int,
    ) -> tuple[Iterator[Element], Hashable, _Runs, int]:
        runs: _Runs = []
        self.runs[key].append(runs)
        return iter(node), key, runs, depth


def _match(
    key: Hashable, old: Sequence[Element], new: Sequence[Element], outcome: Rearrangement
) -> None:
    outcome.pairs += [pair for pair in zip(old, new, strict=False) if not _holds_runs(pair[0])]
    name = short_name((old or new)[0])
    # Properties may be new where a merge had to state a direction, and nothing else.
    if name in _PROPERTIES:
        outcome.troubles += [(Change.REMOVED, node) for node in old[len(new) :]]
        outcome.troubles += [(Change.ADDED, node) for node in new[len(old) :] if not _is_made(node)]
        return
    if name not in _MAY_GO:
        outcome.troubles += [(Change.REMOVED, node) for node in old[len(new) :]]
    if name not in _MAY_DOUBLE or not old:
        outcome.troubles += [(Change.ADDED, node) for node in new[len(old) :]]


def _match_homes(
    old: Sequence[_Runs],
    new: Sequence[_Runs],
    looks: set[Hashable],
    outcome: Rearrangement,
) -> None:
    """Match the runs of each old element with those of a new element of the same identity.

    The old element with the most runs is matched first, and gets the fitting new element with the
    fewest: any other choice might leave a later one without.
    """
    rest = list(new)
    unmatched: list[_Runs] = []
    for runs in sorted(old, key=len, reverse=True):
        fitting = (each for each in rest if not _run_troubles(runs, each, looks))
        twin = min(fitting, key=len, default=None)
        if twin is None:
            unmatched.append(runs)
        else:
            rest = [each for each in rest if each is not twin]
    nowhere: _Runs = []
    for left, right in zip_longest(unmatched, rest, fillvalue=nowhere):
        outcome.troubles += _run_troubles(left, right, looks)


def _run_troubles(old: _Runs, new: _Runs, looks: set[Hashable]) -> list[tuple[Change, Element]]:
    """The faults of runs: source runs that are missing or out of order, and new runs in a look that
    the source lacks.
    """
    troubles: list[tuple[Change, Element]] = []
    position = 0
    for look, run in new:
        if position < len(old) and old[position][0] == look:
            position += 1
        elif look not in looks:
            troubles.append((Change.ADDED, run))
    return [*troubles, *((Change.REMOVED, run) for _, run in old[position:])]


def _needless_runs(old: _Inventory, new: _Inventory) -> list[tuple[Change, Element]]:
    """Empty runs where nothing was moved that could have left them.

    Two tabs that changed places look unmoved, so that paragraphs with equal things have no such
    fault.
    """
    if old.order != new.order or any(len(alike) > 1 for alike in old.things.values()):
        return []
    needless: list[Element] = []
    for home, lists in new.runs.items():
        if _count(lists) > _count(old.runs.get(home, [])):
            needless += [run for runs in lists for _, run in runs if not _filled(run)]
    return [(Change.ADDED, run) for run in needless]


def _count(homes: Sequence[_Runs]) -> int:
    return sum(map(len, homes))


def _filled(run: Element) -> bool:
    return any(short_name(child) not in _RUN_PROPERTIES for child in run)


def _holds_runs(node: Element) -> bool:
    """Whether runs of this paragraph stand in the element.

    Those of a text box inside a drawing do not count.
    """
    return short_name(node) in _AROUND_RUNS or any(
        short_name(child) in _SHOW_RUNS for child in node
    )


def identity(node: Element) -> Hashable:
    """A key that tells an element from its neighbours: its name, attributes and words, and those of
    its first children.
    """
    name = short_name(node)
    text = node.text or ""
    said = "" if name in TEXT_NODES else text if name in _CODES else text.strip()
    own = (node.tag, _attributes(node), said)
    if name in _TOLD_BY_THEIR_INSIDE:
        telling = own_nodes(node)
    elif name == "w:sdt":
        properties = (part for part in node if short_name(part) == "w:sdtPr")
        telling = (inside for part in properties for inside in own_nodes(part))
    else:
        return own
    return (
        *own,
        tuple((inside.tag, _attributes(inside)) for inside in islice(telling, _IDENTIFYING)),
    )


def _attributes(node: Element) -> Hashable:
    name = short_name(node)
    return tuple(
        (key, value)
        for key, value in node.attrib.items()
        if not is_text_attribute(name, SHORT_NAMES[key], value)
        and not is_direction(name, key)
        and not (name in TEXT_NODES and key == XML_SPACE)
    )


def _look(run: Element) -> Hashable:
    """The run's own attributes and properties, without the additions of a merge."""
    properties = next((child for child in run if short_name(child) in _RUN_PROPERTIES), None)
    return (run.tag, tuple(run.attrib.items()), look_of(properties))


def look_of(properties: Element | None) -> Hashable:
    """The statements of properties, without language and the additions of a merge."""
    if properties is None:
        return ((), ())
    stated = tuple(_said(child) for child in properties if not _is_addition(child, properties))
    return (tuple(properties.attrib.items()), stated)


def _said(node: Element, depth: int = 0) -> Hashable:
    inner = node if depth < _DEEP else ()
    return (node.tag, tuple(node.attrib.items()), tuple(_said(child, depth + 1) for child in inner))


def _is_addition(node: Element, parent: Element) -> bool:
    name = short_name(node)
    return name in ADDITIONS.get(short_name(parent), ()) or name == LANGUAGE or _is_made(node)


def _is_made(node: Element) -> bool:
    if short_name(node) == "a:pPr":
        return not len(node) and all(is_direction("a:pPr", key) for key in node.attrib)
    allowed = ADDITIONS.get(short_name(node))
    return bool(allowed) and not node.attrib and all(short_name(child) in allowed for child in node)
