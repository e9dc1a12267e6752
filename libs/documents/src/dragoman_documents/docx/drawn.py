"""Gives drawn text (charts, SmartArt, shapes) the direction of a right-to-left target (ECMA-376
Part 1 §21.1.2.2.7).

`<a:p><a:pPr algn="l"/>…` becomes `<a:p><a:pPr algn="r" rtl="1"/>…` when it gets Arabic text. Other
than in Word's own text, `algn` names sides of the page: left is left in either direction. Office
states `rtl="0"` without being asked, so that, unlike what the text of Word states, gives way.
"""

from __future__ import annotations

from dragoman_documents.docx.xml import Element, names, namespace_of, short_name

_OTHER_SIDE = {"l": "r", "r": "l"}
_ON = frozenset({"1", "true"})
_BOXES = names("a:txBody cdr:txBody")


def turn_drawn(paragraph: Element) -> None:
    """Have a drawn paragraph read from right to left, and stand on the other side, where it does
    not already.

    Where it states no side, boxes have the left one; titles and labels of charts are in the middle
    and stay there.
    """
    properties = next((child for child in paragraph if short_name(child) == "a:pPr"), None)
    if properties is None:
        properties = paragraph.makeelement(f"{namespace_of(paragraph)}pPr")
        paragraph.insert(0, properties)
    if properties.get("rtl") in _ON:
        return
    properties.set("rtl", "1")
    parent = paragraph.getparent()
    is_boxed = parent is not None and short_name(parent) in _BOXES
    side = properties.get("algn") or ("l" if is_boxed and not _has_styles(parent) else "")
    if side in _OTHER_SIDE:
        properties.set("algn", _OTHER_SIDE[side])


def turn_labels(root: Element) -> None:
    """Have the labels of a chart's axes, legend and data read from right to left where they state
    how they look.

    Their text is in the cells of the chart; the paragraphs that state it have none.
    """
    for looks in root.iter("{*}txPr"):
        for paragraph in looks.iter("{*}p") if short_name(looks) == "c:txPr" else ():
            if short_name(paragraph) == "a:p":
                turn_drawn(paragraph)


def _has_styles(body: Element | None) -> bool:
    """Whether a text body has styles of its own for its levels, which may say the side."""
    styles = (child for child in body if short_name(child) == "a:lstStyle") if body is not None else ()
    return any(len(style) for style in styles)
