"""Inline tags as elements of XML, for translation services that keep markup. Pure.

Type <1>both</1><2/> & <5>, where 5 is text     Type <t1>both</t1><t2/> &amp; &lt;5&gt;, …
"""

from __future__ import annotations

import re
from html import unescape

from dragoman_linguistics import TaggedText

_TAG = re.compile(r"<(/?)(\d+)(/?)>")
_ELEMENT = re.compile(r"<\s*(/?)\s*t(\d+)\s*(/?)\s*>", re.IGNORECASE)


def to_markup(source: TaggedText) -> str:
    """The protocol text as XML: tags as elements, all else escaped."""
    ids = {str(number) for number, _ in source.ids}
    parts: list[str] = []
    at = 0
    for found in _TAG.finditer(source.text):
        if found[2] in ids:
            parts += [
                _escaped(source.text[at : found.start()]),
                f"<{found[1]}t{found[2]}{found[3]}>",
            ]
            at = found.end()
    return "".join([*parts, _escaped(source.text[at:])])


def from_markup(text: str, source: TaggedText) -> str:
    """A service's answer as protocol text.

    Elements that were empty are so again, though HTML writes them as a pair.
    """
    empty = {found[2] for found in _TAG.finditer(source.text) if found[3]}
    for number in empty:
        text = re.sub(rf"<t{number}>\s*</t{number}>", f"<t{number}/>", text, flags=re.IGNORECASE)
    parts: list[str] = []
    at = 0
    for found in _ELEMENT.finditer(text):
        parts += [unescape(text[at : found.start()]), f"<{found[1]}{found[2]}{found[3]}>"]
        at = found.end()
    return "".join([*parts, unescape(text[at:])])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
