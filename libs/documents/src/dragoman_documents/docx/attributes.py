"""Attributes that hold text a reader sees or hears: alternative text, tooltips, help of form
fields, numbering.

`<w:hyperlink w:tooltip="Annual report"><w:r>…</w:r></w:hyperlink>` gives a unit "Annual report"
beside that of its paragraph, and `<w:hyperlink w:tooltip="Jahresbericht">…` once that is
translated. Names that only programs and authors see (`wp:docPr/@name`, `w:ffData/w:name`, `o:title`
with the name of a picture's file) are no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.xml import SHORT_NAMES, Element, attribute, names, short_name

_DESCRIBED = frozenset({"descr", "title"})
_KINDS = {
    "wp:docPr": _DESCRIBED,
    "a:hlinkClick": frozenset({"tooltip"}),
    "a:hlinkHover": frozenset({"tooltip"}),
    "a:hlinkMouseOver": frozenset({"tooltip"}),
    "v:textpath": names("string alt title"),
    "w:hyperlink": frozenset({"w:tooltip"}),
    "w:tblCaption": frozenset({"w:val"}),
    "w:tblDescription": frozenset({"w:val"}),
    "w:helpText": frozenset({"w:val"}),
    "w:statusText": frozenset({"w:val"}),
    "w:default": frozenset({"w:val"}),
    # Known here for the gate, which must let it change; its units are those of `numbering`.
    "w:lvlText": frozenset({"w:val"}),
}
_SHAPE = frozenset({"alt", "title"})
_NONE = frozenset[str]()
_SWITCHES = {
    "a:hlinkClick": "tooltips",
    "a:hlinkHover": "tooltips",
    "a:hlinkMouseOver": "tooltips",
    "w:hyperlink": "tooltips",
    "w:helpText": "form_help",
    "w:statusText": "form_help",
    "w:default": "form_help",
}
# ST_FFHelpTextVal and ST_FFStatusTextVal: a longer text makes the whole file invalid.
_LONGEST = {"w:helpText": 256, "w:statusText": 140}
_STATE = re.compile(r"\d*|true|false|on|off", re.IGNORECASE)
_GROUPS = names("wpg:wgp wpg:grpSp wpc:wpc")


@lru_cache(maxsize=4096)  # elements are many, and few of their names differ
def text_attributes(element: str) -> frozenset[str]:
    """The short names of an element's attributes that may hold text; empty for most elements."""
    known = _KINDS.get(element)
    if known is not None:
        return known
    # Pictures, shapes, groups and charts have a `cNvPr` each, in a namespace of their own.
    if element.endswith("cNvPr"):
        return _DESCRIBED
    return _SHAPE if element.startswith("v:") else _NONE


def is_text_attribute(element: str, name: str, value: str = "") -> bool:
    """Whether an attribute holds text that a reader sees or hears.

    `w:default` is text in a typed field, and a state or a number in other form fields.
    """
    is_state = element == "w:default" and _STATE.fullmatch(value) is not None
    return name in text_attributes(element) and not is_state


def shown_attributes(
    element: Element,
    name: str,
    options: ExtractOptions,
) -> Iterator[tuple[str, str]]:
    """The attributes of an element that are to be translated, by expanded name, with their texts.

    `name` is the element's short name, which the caller has.
    """
    held = text_attributes(name)
    if not held or not _is_text(element, name):
        return
    # XML gives attributes no order (XML 1.0 §3.1), and a program may write them in another one.
    for key, text in sorted(element.items()):
        short = SHORT_NAMES[key]
        if short in held and text.strip() and getattr(options, _switch(name, short)):
            yield key, text


def longest(element: str) -> int | None:
    """The most characters that an attribute of the element may have; None without a limit
    (§17.16.17).
    """
    return _LONGEST.get(element)


def is_in_group(element: Element) -> bool:
    """Whether a drawing's element stands in a group or canvas, whose members have alternative text
    of their own.

    A picture that stands alone is described by `wp:docPr`; its own description is most often the
    name of its file.
    """
    return any(short_name(ancestor) in _GROUPS for ancestor in element.iterancestors())


def _switch(element: str, name: str) -> str:
    return "word_art" if name == "string" else _SWITCHES.get(element, "alternative_text")


def _is_text(element: Element, name: str) -> bool:
    """Whether the element's attribute is typed text.

    Help may also name a building block, and a default may be a number or a date.
    """
    if name in {"w:helpText", "w:statusText"}:
        return (attribute(element, "w:type") or "text") == "text"
    if name == "w:default":
        parent = element.getparent()
        if parent is None or short_name(parent) != "w:textInput":
            return False
        types = (attribute(item, "w:val") for item in parent if short_name(item) == "w:type")
        kind = next(types, None)
        return (kind or "regular") == "regular"
    return name != "w:lvlText"
