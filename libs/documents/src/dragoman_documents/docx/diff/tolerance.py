"""The changes that a translation may make: text in text nodes, and statements of language and
direction.

The text of `w:t` may differ, and `w:lang` may be added to `w:rPr`; `w:b` may not.
"""

from __future__ import annotations

import re

from dragoman_documents.docx.attributes import is_text_attribute
from dragoman_documents.docx.xml import names

__all__ = ["ADDITIONS", "LANGUAGE", "TEXT_NODES", "is_direction", "is_text_attribute", "may_differ"]

TEXT_NODES = names(
    "w:t a:t c:v cx:v cx:pt dc:title dc:subject dc:description dc:creator cp:keywords cp:category cp:contentStatus "
    "ep:Company ep:Manager"
)
"""Elements with text for a reader, in the document or in a content control
that is bound to them.
"""

ADDITIONS = {
    "w:rPr": names("w:lang w:rtl w:bCs w:iCs w:szCs"),
    "w:pPr": names("w:bidi"),
    "w:tblPr": names("w:bidiVisual"),
    "w:sectPr": names("w:bidi"),
}
"""The elements that a merge may add, by the properties around them.

It makes the properties where there are none.
"""

LANGUAGE = "w:lang"
"""The element whose attributes follow the target."""

_DIRECTION = frozenset({"rtl", "algn"})
_NUMBERED = frozenset({"c:v", "cx:v", "cx:pt"})
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+(?:[eE][-+]?\d+)?\s*%?")


def is_direction(element: str, attribute: str) -> bool:
    """Whether an attribute states the direction of drawn text, which follows the target."""
    return element == "a:pPr" and attribute in _DIRECTION


def may_differ(element: str, before: str) -> bool:
    """Whether the text of a text node may change: numbers that a chart draws may not."""
    return element in TEXT_NODES and not (element in _NUMBERED and _NUMBER.fullmatch(before))
