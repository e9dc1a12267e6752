"""The nesting that a paragraph may not have: links in links, tracked insertions in each other or
around links.

`w:ins` and `w:moveTo` hold runs and controls, but no `w:hyperlink` and no `w:fldSimple` (ECMA-376
§17.13.5.18 and §17.13.5.25):

    <w:ins …><w:hyperlink …>…</w:hyperlink></w:ins>     not allowed
    <w:hyperlink …><w:ins …>…</w:ins></w:hyperlink>     allowed

A link inside a link, or an insertion inside an insertion, loses its meaning in every reader.
"""

from __future__ import annotations

from dragoman_documents.docx.xml import Element, names, short_name

_IN_TRACKED = names("w:ins w:moveTo w:hyperlink w:fldSimple")
_BARRED = {"w:hyperlink": names("w:hyperlink"), "w:ins": _IN_TRACKED, "w:moveTo": _IN_TRACKED}


def may_hold(outer: Element, inner: Element) -> bool:
    """Whether `inner` may stand anywhere inside `outer`.

    It may where the document itself has it there.
    """
    barred = short_name(inner) in _BARRED.get(short_name(outer), ())
    return not barred or any(ancestor is outer for ancestor in inner.iterancestors())


def is_misplaced(element: Element) -> bool:
    """Whether an element stands inside another that may not hold it."""
    name = short_name(element)
    if name not in _IN_TRACKED:
        return False
    for ancestor in element.iterancestors():
        if short_name(ancestor) in {"w:p", "a:p"}:
            return False
        if name in _BARRED.get(short_name(ancestor), ()):
            return True
    return False
