"""Moves nodes inside a paragraph.

A run is split only where another node must stand between its children: a node that moves comes into
a new run with the properties of the old one, and the run that it leaves stays. Nothing has to move
here, since the target has its text and its tab in the order of the source:

    before   <w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Ship</w:t><w:tab/><w:t>today</w:t></w:r></w:p>
    unit     Ship<1/>today
    target   Heute liefern<1/>
    after    <w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Heute liefern</w:t><w:tab/><w:t/></w:r></w:p>
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dragoman_documents.docx.xml import Element, copied, short_name

_RUNS = frozenset({"w:r", "a:r"})
_PROPERTIES = frozenset({"w:rPr", "a:rPr"})


def empty_like(run: Element) -> Element:
    """A new run with the attributes and properties of another and nothing in it."""
    twin = run.makeelement(run.tag)
    for name, value in run.attrib.items():
        twin.set(name, value)
    for child in run:
        if short_name(child) in _PROPERTIES:
            twin.append(copied(child))
    return twin


def isolated(nodes: Sequence[Element]) -> list[Element]:
    """The nodes, taken out of the document.

    Nodes that stood in runs come in new runs with the same properties.
    """
    loose: list[Element] = []
    for run, members in groupby(nodes, key=_run_of):
        if run is None:
            loose += members
            continue
        own = empty_like(run)
        for node in list(members):
            detach([node])
            own.append(node)
        loose.append(own)
    detach(loose)
    return loose


def twins(nodes: Sequence[Element]) -> list[Element]:
    """Copies of the nodes, which stay where they are.

    Copies from runs come in new runs with the same properties.
    """
    made: list[Element] = []
    for run, members in groupby(nodes, key=_run_of):
        copies = [copied(node) for node in members]
        if run is None:
            made += copies
            continue
        own = empty_like(run)
        for node in copies:
            own.append(node)
        made.append(own)
    return made


def put(
    loose: Sequence[Element],
    anchor: Element | None,
    start: Element | None,
    home: Element | None,
) -> None:
    """Insert nodes after `anchor`.

    Without an anchor before `start`, and without both at the end of `home`.
    """
    detach(loose)
    if anchor is not None:
        place = _after(anchor)
        for node in loose:
            place.addnext(node)
            place = node
    elif start is not None and (home is None or _is_inside(start, home)):
        place = _before(start)
        for node in loose:
            place.addprevious(node)
    elif home is not None:
        for node in loose:
            home.append(node)


def _is_inside(node: Element, home: Element) -> bool:
    return any(ancestor is home for ancestor in node.iterancestors())


def detach(nodes: Sequence[Element]) -> None:
    """Take nodes out of their parents, without the white space behind them.

    lxml keeps that white space as the tail of a node, and would move it along.
    """
    for node in nodes:
        parent = node.getparent()
        if parent is not None:
            parent.remove(node)
        node.tail = None


def _run_of(node: Element) -> Element | None:
    """The run around a node, also through alternate content; None for a run itself."""
    if short_name(node) in _RUNS:
        return None
    return next((item for item in _lineage(node) if short_name(item) in _RUNS), None)


def _lineage(node: Element) -> list[Element]:
    """The parents up to the nearest paragraph."""
    found: list[Element] = []
    for ancestor in node.iterancestors():
        if short_name(ancestor) in {"w:p", "a:p"}:
            break
        found.append(ancestor)
    return found


def _after(anchor: Element) -> Element:
    """The element to insert after: the anchor's run, cut behind the anchor.

    Nodes behind the anchor in its run go into a new run behind that run.
    """
    run = _run_of(anchor)
    if run is None:
        return anchor
    child = _child_of(run, anchor)
    following = list(child.itersiblings())
    if following:
        rest = empty_like(run)
        for node in following:
            rest.append(node)
        run.addnext(rest)
    return run


def _before(start: Element) -> Element:
    """The element to insert before: the run of `start`, cut in front of `start`.

    Nodes in front of `start` in its run stay in that run; `start` comes into a new run behind it.
    """
    run = _run_of(start)
    if run is None:
        return start
    child = _child_of(run, start)
    preceding = [node for node in run if short_name(node) not in _PROPERTIES]
    if preceding and preceding[0] is not child:
        rest = empty_like(run)
        for node in [child, *child.itersiblings()]:
            rest.append(node)
        run.addnext(rest)
        return rest
    return run


def _child_of(run: Element, node: Element) -> Element:
    """The child of the run that is the node or holds the node."""
    while True:
        parent = node.getparent()
        if parent is None or parent is run:
            return node
        node = parent
