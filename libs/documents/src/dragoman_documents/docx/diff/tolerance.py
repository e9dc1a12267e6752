"""What a translation may change: text where text lives, and what the merge states about language
and direction.
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
"""Elements whose text a reader reads, in the document or through a content control bound to them.
"""

ADDITIONS = {
    "w:rPr": names("w:lang w:rtl w:bCs w:iCs w:szCs"),
    "w:pPr": names("w:bidi"),
    "w:tblPr": names("w:bidiVisual"),
    "w:sectPr": names("w:bidi"),
}
"""What the merge may add to properties, by the element they are in; it makes these elements where
there are none.
"""

LANGUAGE = "w:lang"
"""Its attributes follow the target."""

_DIRECTION = frozenset({"rtl", "algn"})
_NUMBERED = frozenset({"c:v", "cx:v", "cx:pt"})
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+(?:[eE][-+]?\d+)?\s*%?")


def is_direction(element: str, attribute: str) -> bool:
    """Whether an attribute of an element states the direction of drawn text, which follows the
    target.
    """
    return element == "a:pPr" and attribute in _DIRECTION


def may_differ(element: str, before: str) -> bool:
    """Whether the text of a text node may change: numbers that a chart draws may not."""
    return element in TEXT_NODES and not (element in _NUMBERED and _NUMBER.fullmatch(before))
