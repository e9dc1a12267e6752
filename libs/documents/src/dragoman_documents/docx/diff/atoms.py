"""Paragraphs as rows of atoms, words and things in runs, and two such rows laid over each other as tracked changes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

from dragoman_documents.docx.diff.rearranged import identity
from dragoman_documents.docx.diff.tree import own_nodes, text_of
from dragoman_documents.docx.diff.words import opcodes, tokens
from dragoman_documents.docx.splice import empty_like
from dragoman_documents.docx.xml import XML_SPACE, Element, copied, names, namespace_of, short_name

_DELETABLE = names("w:tab w:br w:cr w:ptab w:noBreakHyphen w:softHyphen w:sym")
_UNTRACKED = names("w:fldChar w:instrText w:lastRenderedPageBreak w:footnoteRef w:endnoteRef w:annotationRef")


class Stamp:
    """Who made the changes and when, and the number of the next one."""

    def __init__(self, author: str, date: str, first_id: int) -> None:
        self._author = author
        self._date = date
        self._next = first_id

    def mark(self, near: Element, local: str) -> Element:
        """A new `w:ins` or `w:del`, in the edition of an element near it."""
        space = namespace_of(near)
        made = near.makeelement(f"{space}{local}")
        for name, value in (("id", str(self._next)), ("author", self._author), ("date", self._date)):
            made.set(f"{space}{name}", value)
        self._next += 1
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """A word, sign or blank of a text node, or another thing in a run."""

    key: Hashable
    text: str
    node: Element
    run: Element


def atoms_of(paragraph: Element) -> list[Atom]:
    """What the runs of a paragraph hold, in order; text boxes and ruby are things."""
    found: list[Atom] = []
    for node in own_nodes(paragraph):
        run = node.getparent()
        if run is None or short_name(run) != "w:r" or short_name(node) in {"w:rPr", ""} or _is_in_ruby(run):
            continue
        if short_name(node) == "w:t":
            found += [Atom(("t", token), token, node, run) for token in tokens(text_of(node))]
        else:
            found.append(Atom(identity(node), "", node, run))
    return found


def _is_in_ruby(run: Element) -> bool:
    parent = run.getparent()
    return parent is not None and short_name(parent) in {"w:rt", "w:rubyBase"}


def overlay(old: Sequence[Atom], new: Sequence[Atom], paragraph: Element, stamp: Stamp) -> None:
    """Mark in `paragraph`, which holds `new`, what is not in `old`, and put in what only `old` has as deleted."""
    inserted: set[int] = set()
    deleted: dict[int, list[Atom]] = {}
    for is_same, i1, i2, j1, j2 in opcodes([atom.key for atom in old], [atom.key for atom in new]):
        if not is_same:
            inserted |= {place for place in range(j1, j2) if short_name(new[place].node) not in _UNTRACKED}
            deleted[j1] = list(old[i1:i2])
    last: Element = paragraph
    for run, members in groupby(enumerate(new), key=lambda item: item[1].run):
        last = _rewritten(run, list(members), inserted, deleted, stamp)
    for node in deletions(deleted.get(len(new), ()), paragraph, stamp):
        if last is paragraph:
            paragraph.append(node)
        else:
            last.addnext(node)
        last = node


def _rewritten(
    run: Element, members: Sequence[tuple[int, Atom]], inserted: set[int], deleted: dict[int, list[Atom]], stamp: Stamp
) -> Element:
    """Cut a run where its status changes; the last element that came of it."""
    pieces: list[tuple[bool, list[Atom]]] = []
    result: list[Element] = []
    made = [_status(place, inserted) for place, _ in members]
    if len(set(made)) == 1 and not any(deleted.get(place) for place, _ in members):
        if made[0]:
            holder = stamp.mark(run, "ins")
            run.addprevious(holder)
            holder.append(run)
            run.tail = None
            return holder
        return run

    def close() -> None:
        for is_new, atoms in pieces:
            piece = _filled(empty_like(run), atoms)
            if is_new:
                holder = stamp.mark(run, "ins")
                holder.append(piece)
                piece = holder
            result.append(piece)
        pieces.clear()

    for place, atom in members:
        if deleted.get(place):
            close()
            result.extend(deletions(deleted[place], run, stamp))
        is_new = _status(place, inserted)
        if pieces and pieces[-1][0] == is_new:
            pieces[-1][1].append(atom)
        else:
            pieces.append((is_new, [atom]))
    close()
    for node in result:
        run.addprevious(node)
    parent = run.getparent()
    if parent is not None:
        parent.remove(run)
    return result[-1]


def _status(place: int, inserted: set[int]) -> bool:
    return place in inserted


def _filled(run: Element, atoms: Sequence[Atom]) -> Element:
    for is_text, members in groupby(atoms, key=lambda atom: bool(atom.text)):
        if is_text:
            run.append(_text_node(run, "t", "".join(atom.text for atom in members)))
        else:
            for atom in list(members):
                atom.node.tail = None
                run.append(atom.node)
    return run


def deletions(atoms: Sequence[Atom], near: Element, stamp: Stamp) -> list[Element]:
    """Deleted runs with the text of atoms and their runs' properties; what would need other parts is left out."""
    found: list[Element] = []
    for run, members in groupby(atoms, key=lambda atom: atom.run):
        gone = near.makeelement(f"{namespace_of(near)}r")
        properties = next((child for child in run if short_name(child) == "w:rPr"), None)
        is_same_edition = namespace_of(run) == namespace_of(near)
        if properties is not None and is_same_edition:
            gone.append(copied(properties))
        kept = [atom for atom in members if atom.text or (short_name(atom.node) in _DELETABLE and is_same_edition)]
        for is_text, row in groupby(kept, key=lambda atom: bool(atom.text)):
            if is_text:
                gone.append(_text_node(near, "delText", "".join(atom.text for atom in row)))
            else:
                for atom in row:
                    gone.append(copied(atom.node))
        if kept:
            holder = stamp.mark(near, "del")
            holder.append(gone)
            found.append(holder)
    return found


def _text_node(near: Element, local: str, text: str) -> Element:
    node = near.makeelement(f"{namespace_of(near)}{local}")
    node.text = text
    node.set(XML_SPACE, "preserve")
    return node
