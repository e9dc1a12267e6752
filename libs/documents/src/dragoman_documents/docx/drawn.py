"""Gives drawn text (charts, SmartArt, shapes) the direction of a right-to-left target (ECMA-376
Part 1 §21.1.2.2.7).

`<a:p><a:pPr algn="l"/>…` becomes `<a:p><a:pPr algn="r" rtl="1"/>…` when it gets Arabic text. Unlike
`w:jc`, `algn` names sides of the page: left is left in either direction. Office writes `rtl="0"`
into every paragraph, so that a stated `rtl="0"` gives way, unlike a stated direction in
WordprocessingML.
"""

from __future__ import annotations

from dragoman_documents.docx.xml import Element, names, namespace_of, short_name

_OTHER_SIDE = {"l": "r", "r": "l"}
_ON = frozenset({"1", "true"})
_BOXES = names("a:txBody cdr:txBody")


def turn_drawn(paragraph: Element) -> None:
    """Turn a drawn paragraph from right to left, and put it on the other side of its box.

    A paragraph that states no side is on the left in a box. Titles and labels of charts are in the
    middle and stay there.
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
    """Turn the labels of a chart's axes, legend and data that state a look.

    Their text is in the cells of the chart, and the paragraphs that state the look have none.
    """
    for looks in root.iter("{*}txPr"):
        for paragraph in looks.iter("{*}p") if short_name(looks) == "c:txPr" else ():
            if short_name(paragraph) == "a:p":
                turn_drawn(paragraph)


def _has_styles(body: Element | None) -> bool:
    """Whether a text body has styles of its own for its levels, which may say the side."""
    children = body if body is not None else ()
    return any(len(child) for child in children if short_name(child) == "a:lstStyle")
