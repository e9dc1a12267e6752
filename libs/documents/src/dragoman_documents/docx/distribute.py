"""Puts a stretch of target text into the slots of its source stretch.

Slots without a seam between them act as one slot: the first takes the text and the others are
emptied. Across a seam (a bookmark, a range mark, a small difference in look) the text is cut where
the source was cut: at the same offset when the lengths are equal, else in proportion, and at the
nearest word boundary when the source was cut at a boundary.

    before   <w:p><w:r><w:t>Pay</w:t></w:r><w:bookmarkStart w:id="0" w:name="a"/>
             <w:r><w:t xml:space="preserve"> now</w:t></w:r><w:bookmarkEnd w:id="0"/></w:p>
    target   Bitte zahlen
    after    <w:p><w:r><w:t>Bitte</w:t></w:r><w:bookmarkStart w:id="0" w:name="a"/>
             <w:r><w:t xml:space="preserve"> zahlen</w:t></w:r><w:bookmarkEnd w:id="0"/></w:p>
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman_documents.docx.inline import Slot
from dragoman_documents.docx.xml import XML_SPACE, Element, legal_text, short_name

_EDGE_SPACE = " \t\r\n"  # the white space of XML (XML 1.0 §2.3): a no-break space needs no care


def distribute(slots: Sequence[Slot], target: str) -> list[Slot]:
    """Write `target` over the slots.

    Gives the slots whose node changed, in order; none where the text is equal.
    """
    target = legal_text(target)
    if target == "".join(slot.text for slot in slots):
        return []
    if len(slots) == 1:
        _write(slots[0], target)
        return [slots[0]]
    pieces = _pieces(slots)
    cuts = [
        0,
        *_cuts(["".join(slot.text for slot in piece) for piece in pieces], target),
        len(target),
    ]
    changed: list[Slot] = []
    for piece, start, end in zip(pieces, cuts, cuts[1:], strict=False):
        changed += _fill(piece, target[start:end])
    return changed


def set_text(node: Element, text: str) -> None:
    """Give a text node its text.

    Where the text gains white space at an edge, `xml:space` is stated (XML 1.0 §2.10).

    For an XML comment or instruction inside a text node, the text is the text that follows the
    node.
    """
    if not short_name(node):
        node.tail = text
        return
    # lxml would write an empty string as `<w:t></w:t>`; None makes the usual `<w:t/>`.
    old = node.text or ""
    node.text = text or None
    # Without `preserve` Word drops white space at the edges of a text node (§17.3.3.31).
    if gains_space(old, text) and not _keeps_space(node):
        node.set(XML_SPACE, "preserve")


def gains_space(old: str, text: str) -> bool:
    """Whether the new text of a node has white space at an edge where the old text had none."""
    gains = (text[:1] in _EDGE_SPACE and old[:1] not in _EDGE_SPACE) or (
        text[-1:] in _EDGE_SPACE and old[-1:] not in _EDGE_SPACE
    )
    return bool(text) and (gains or not old) and text != text.strip(_EDGE_SPACE)


def _keeps_space(node: Element) -> bool:
    stated = node.get(XML_SPACE)
    if stated is None:
        stated = next(
            (value for value in (item.get(XML_SPACE) for item in node.iterancestors()) if value),
            None,
        )
    return stated == "preserve"


def _pieces(slots: Sequence[Slot]) -> list[list[Slot]]:
    pieces: list[list[Slot]] = []
    for slot in slots:
        if pieces and not slot.has_seam:
            pieces[-1].append(slot)
        else:
            pieces.append([slot])
    return pieces


def _fill(piece: Sequence[Slot], text: str) -> list[Slot]:
    if text == "".join(slot.text for slot in piece):
        return []
    lengths = [len(slot.text) for slot in piece]
    if len(text) == sum(lengths):  # every run keeps its share, as for numbers and changed case
        offsets = [sum(lengths[:index]) for index in range(len(lengths) + 1)]
    else:
        offsets = [0] + [len(text)] * len(piece)
    changed: list[Slot] = []
    for slot, start, end in zip(piece, offsets, offsets[1:], strict=False):
        if slot.text != text[start:end]:
            _write(slot, text[start:end])
            changed.append(slot)
    return changed


def _write(slot: Slot, text: str) -> None:
    for node in (slot.node, *slot.mirrors):
        set_text(node, slot.before + text + slot.after)


def _cuts(sources: Sequence[str], target: str) -> list[int]:
    """The offsets at which to cut the target into as many pieces as the source has.

    No piece is empty if it need not be.
    """
    total = sum(map(len, sources))
    cuts: list[int] = []
    offset = 0
    for index, source in enumerate(sources[:-1]):
        offset += len(source)
        lowest = cuts[-1] if cuts else 0
        left = len(sources) - 1 - index
        highest = max(lowest, len(target) - left)
        if len(target) == total:
            cut = offset
        else:
            share = round(offset * len(target) / total)
            cut = _near_boundary(target, share, source, sources[index + 1])
        # Each piece gets a character where there are enough: an empty one would lose its bookmark's
        # text.
        cuts.append(min(max(cut, min(lowest + 1, highest)), highest))
    return cuts


def _near_boundary(target: str, position: int, left: str, right: str) -> int:
    """The nearest place of the same kind as the source's cut: after a space, before a space, or
    inside a word.
    """
    if left[-1:].isspace():
        places = [index + 1 for index, char in enumerate(target) if char.isspace()]
    elif right[:1].isspace():
        places = [index for index, char in enumerate(target) if char.isspace()]
    else:
        return position
    return min(places, key=lambda place: abs(place - position), default=position)
