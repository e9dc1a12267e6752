"""Paragraphs as rows of items, to be compared: words and things in runs, with links and fields
around them.

A word is an item of its own, so that a tracked change marks words:

    <w:r><w:t>Pay now</w:t></w:r><w:hyperlink …><w:r><w:tab/></w:r></w:hyperlink>
    Atom "Pay", Atom " ", Atom "now", Group w:hyperlink [Atom w:tab]
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from dragoman_documents.docx.diff.changes import child_of
from dragoman_documents.docx.diff.dependencies import is_reference
from dragoman_documents.docx.diff.tree import text_of
from dragoman_documents.docx.diff.words import tokens
from dragoman_documents.docx.xml import (
    SHORT_NAMES,
    Element,
    attribute,
    names,
    namespace_of,
    short_name,
)

_WRAPPERS = names("w:hyperlink w:smartTag w:customXml w:sdt w:dir w:bdo w:fldSimple")
_MATH = names("m:oMath m:oMathPara")
_PASSING = names("w:rPr w:lastRenderedPageBreak w:proofErr") | {""}
_NUMBERED = names("w:footnoteReference w:endnoteReference w:commentReference")
# Attributes that Word writes anew at each save, and that no reader sees.
_SESSION = (
    "w:rsid",
    "{http://schemas.microsoft.com/office/word/2010/wordprocessingDrawing}",
    "w14:",
)
_DEEP = 40

Meaning = Callable[[str], Hashable]


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """A word, sign or blank of a text node, or an element that is no text.

    `run` is the run around it; for an element outside of runs, such as a formula, it is the element
    itself.
    """

    key: Hashable
    text: str
    node: Element
    run: Element


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Items that come and go together: a wrapper element with its items, or a field from its begin
    to its end.

    The `inner` items of a field are its result, between `head` and `tail`.
    """

    key: Hashable
    inner: list[Item]
    element: Element | None = None
    content: Element | None = None
    head: tuple[Item, ...] = ()
    tail: tuple[Atom, ...] = ()


Item = Atom | Group


class Fields:
    """The fields of a flow, to recognise the edges of a field that runs over several paragraphs."""

    def __init__(self, root: Element) -> None:
        self._begin: dict[Element, Element] = {}
        self._twins: dict[Element, Hashable] = {}
        stack: list[Element] = []
        for node in root.iter():
            if short_name(node) != "w:fldChar":
                continue
            kind = attribute(node, "w:fldCharType")
            if kind == "begin":
                stack.append(node)
            if stack:
                self._begin[node] = stack[-1]
            if kind == "end" and stack:
                stack.pop()

    def key(self, node: Element) -> Hashable:
        """The key by which the edge of a field is matched: edges match where the begins of their
        fields do.
        """
        kind = attribute(node, "w:fldCharType")
        if kind == "begin":
            return ("field", kind)
        begin = self._begin.get(node)
        return ("field", kind, self._twins.get(begin, id(begin)) if begin is not None else 0)

    def matched(self, node: Element, mark: Hashable) -> None:
        """Note that a field's begin was matched."""
        self._twins[node] = mark


def items_of(paragraph: Element, meaning: Meaning, fields: Fields) -> list[Item]:
    """The items of a paragraph, in order. Marks between runs are no items."""
    return _with_fields(_level(paragraph, meaning, fields))


def leaves(items: Sequence[Item]) -> Iterator[Atom]:
    """The atoms of items, in order."""
    for item in items:
        if isinstance(item, Atom):
            yield item
        else:
            yield from leaves(item.head)
            yield from leaves(item.inner)
            yield from item.tail


def open_simple_fields(paragraph: Element) -> None:
    """Write every simple field (§17.16.19) as a complex field (§17.16.18), whose edges stand in
    runs: only runs can be tracked.
    """
    for simple in [node for node in paragraph.iter() if short_name(node) == "w:fldSimple"]:
        space = namespace_of(simple)
        pieces: list[Element] = []
        for kind in ("begin", "", "separate"):
            run = simple.makeelement(f"{space}r")
            inner = run.makeelement(f"{space}{'fldChar' if kind else 'instrText'}")
            if kind:
                inner.set(f"{space}fldCharType", kind)
            else:
                inner.text = attribute(simple, "w:instr") or ""
                inner.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            run.append(inner)
            pieces.append(run)
        end = simple.makeelement(f"{space}r")
        edge = end.makeelement(f"{space}fldChar")
        edge.set(f"{space}fldCharType", "end")
        end.append(edge)
        for piece in [
            *pieces,
            *(child for child in simple if short_name(child) != "w:fldData"),
            end,
        ]:
            simple.addprevious(piece)
        parent = simple.getparent()
        if parent is not None:
            parent.remove(simple)


def _level(container: Element, meaning: Meaning, fields: Fields, depth: int = 0) -> list[Item]:
    found: list[Item] = []
    for child in container:
        name = short_name(child)
        if name == "w:r":
            found += _atoms(child, meaning, fields)
        elif name in _MATH:
            found.append(Atom(said(child, meaning), "", child, child))
        elif name in _WRAPPERS and depth < _DEEP:
            content = child_of(child, "w:sdtContent") if name == "w:sdt" else child
            if content is not None:
                inner = _with_fields(_level(content, meaning, fields, depth + 1))
                found.append(Group(_wrapper_key(child, meaning), inner, child, content))
    return found


def _atoms(run: Element, meaning: Meaning, fields: Fields) -> Iterator[Atom]:
    for node in run:
        name = short_name(node)
        if name == "w:t":
            for token in tokens(text_of(node)):
                yield Atom(token, token, node, run)
        elif name == "w:fldChar":
            yield Atom(fields.key(node), "", node, run)
        elif name in _NUMBERED:
            yield Atom(name, "", node, run)  # which note it is shows when the notes are compared
        elif name not in _PASSING:
            yield Atom(said(node, meaning), "", node, run)


def _wrapper_key(element: Element, meaning: Meaning) -> Hashable:
    properties = tuple(
        said(child, meaning) for child in element if short_name(child).endswith("Pr")
    )
    return (short_name(element), _attributes(element, meaning), properties)


def said(node: Element, meaning: Meaning, depth: int = 0) -> Hashable:
    """A key of an element: equal for elements that mean the same.

    The ids of relationships give way to the things they mean, and text boxes are left out, since
    they are compared by themselves.
    """
    name = short_name(node)
    inner = () if depth > _DEEP or name == "w:txbxContent" else node
    own = (name, _attributes(node, meaning), (node.text or "").strip() if len(node) else node.text)
    return (*own, tuple(said(child, meaning, depth + 1) for child in inner))


def _attributes(node: Element, meaning: Meaning) -> Hashable:
    named = ((SHORT_NAMES[key], value) for key, value in node.attrib.items())
    told = ((key, value) for key, value in named if not key.startswith(_SESSION))
    return tuple((key, meaning(value) if is_reference(key) else value) for key, value in told)


def _with_fields(items: list[Item]) -> list[Item]:
    """The items, with each field that begins and ends among them as a group."""
    result: list[Item] = []
    opened: list[int] = []
    for item in items:
        kind = _edge(item)
        result.append(item)
        if kind == "begin":
            opened.append(len(result) - 1)
        elif kind == "end" and opened:
            start = opened.pop()
            members = result[start:]
            if len([each for each in members if _edge(each) == "begin"]) == 1:
                result[start:] = [_field(members)]
    return result


def _field(members: Sequence[Item]) -> Group:
    separators = (index for index, each in enumerate(members) if _edge(each) == "separate")
    cut = next(separators, len(members) - 2)  # without a result, everything but the end is the head
    head, tail = tuple(members[: cut + 1]), members[-1]
    said_inside = tuple(_full_key(each) for each in head[1:] if _edge(each) == "")
    inner = list(members[cut + 1 : -1])
    return Group(
        ("field", said_inside), inner, head=head, tail=(tail,) if isinstance(tail, Atom) else ()
    )


def _full_key(item: Item) -> Hashable:
    if isinstance(item, Atom):
        return item.key
    return (item.key, tuple(_full_key(each) for each in item.inner))


def _edge(item: Item) -> str:
    if isinstance(item, Atom) and short_name(item.node) == "w:fldChar":
        return attribute(item.node, "w:fldCharType") or ""
    return ""
