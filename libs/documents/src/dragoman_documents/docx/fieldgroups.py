"""Typed fields of a paragraph as groups: items between a field's two edges are its text.

A field whose begin or end is not in the paragraph, or on another level of it, stays in pieces:

    before   <w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>
             <w:r><w:instrText>HYPERLINK x</w:instrText></w:r>
             <w:r><w:fldChar w:fldCharType="separate"/></w:r>
             <w:r><w:t xml:space="preserve">our </w:t></w:r>
             <w:r><w:rPr><w:b/></w:rPr><w:t>new office</w:t></w:r>
             <w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t> in Bonn</w:t></w:r></w:p>
    items    Group link [Text "our ", Text "new office"], Text " in Bonn"
    unit     <1><2>our </2>new office</1> in Bonn
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman_documents.docx.inline import Group, Item, Opaque, Text, has_words
from dragoman_documents.docx.xml import Element, short_name


def with_field_groups(items: list[Item]) -> list[Item]:
    """The items with each typed field that opens and closes among them as a group, or as an opaque
    without words.
    """
    result: list[Item] = []
    starts: list[tuple[Opaque, int]] = []
    for item in items:
        if isinstance(item, Opaque) and item.edge == "open":
            starts.append((item, len(result)))
            result.append(item)
        elif isinstance(item, Opaque) and item.edge == "close" and _closes(item, starts):
            opening, position = starts.pop()
            held = result[position + 1 :]
            del result[position:]
            result.append(_field_group(opening, held, item))
        else:
            result.append(item)
    return result


def shown_in(items: Sequence[Item]) -> str:
    """The text that a reader sees of items without words to translate."""
    return "".join(
        item.content
        if isinstance(item, Text)
        else item.equivalent
        if isinstance(item, Opaque)
        else shown_in(item.items)
        for item in items
    )


def are_side_by_side(nodes: Sequence[Element]) -> bool:
    """Whether the runs of the nodes stand in one element, within which they can move together."""
    return len({_home(node) for node in nodes}) == 1


def _home(node: Element) -> Element | None:
    parent = node.getparent()
    return parent.getparent() if parent is not None and short_name(parent) == "w:r" else parent


def _closes(closing: Opaque, starts: Sequence[tuple[Opaque, int]]) -> bool:
    return bool(starts) and starts[-1][0].field is closing.field and starts[-1][0].has_begin


def _field_group(opening: Opaque, held: list[Item], closing: Opaque) -> Item:
    nodes = [*opening.nodes, *_nodes(held), *closing.nodes]
    can_reorder = are_side_by_side([*opening.nodes, *closing.nodes])
    # Without words there is nothing to put between two tags, so one placeholder is enough.
    if has_words(held):
        return Group(opening.role, held, opening=opening, closing=closing, can_reorder=can_reorder)
    return Opaque(
        nodes,
        opening.role,
        equivalent=shown_in(held),
        can_reorder=can_reorder,
        field=opening.field,
        has_begin=True,
        has_end=True,
    )


def _nodes(items: Sequence[Item]) -> list[Element]:
    nodes: list[Element] = []
    for item in items:
        if isinstance(item, Text):
            nodes += [slot.node for slot in item.slots]
        elif isinstance(item, Opaque):
            nodes += item.nodes
        elif item.node is not None:
            nodes.append(item.node)
        else:
            nodes += [
                *(item.opening.nodes if item.opening else ()),
                *_nodes(item.items),
                *(item.closing.nodes if item.closing else ()),
            ]
    return nodes
