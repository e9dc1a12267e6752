"""The kinds of elements in a paragraph, by the way they are read (ECMA-376 Part 1 §17.3, §17.5,
§17.13, §17.16).

An element of each kind:

    <w:hyperlink w:anchor="a">…          a group: its texts stand between two tags
    <w:smartTag w:element="place">…      read through: its texts are the paragraph's
    <w:del w:id="1" w:author="A">…       removed: its text is not the reader's
    <w:bookmarkStart w:id="0" …/>        a seam: a translation flows around it
    <w:tab/>                             an atom: one sign, a placeholder in the unit
    <w:proofErr w:type="spellStart"/>    silent: it says nothing about the text
"""

from __future__ import annotations

from dragoman_contracts.text import TagRole
from dragoman_documents.docx.xml import Element, attribute, names, short_name

# The empty name is that of XML comments and instructions.
SILENT = frozenset({""}) | names(
    "w:pPr w:rPr a:pPr a:rPr a:endParaRPr w:proofErr w:lastRenderedPageBreak w:sdtPr w:sdtEndPr"
)
"""Elements that say nothing about the text beside them."""

# Range marks come in pairs that need not nest in anything (§17.13.6): only their place counts.
SEAMS = names(
    "w:bookmarkStart w:bookmarkEnd w:commentRangeStart w:commentRangeEnd w:commentReference "
    "w:annotationRef w:permStart w:permEnd "
    "w:moveFromRangeStart w:moveFromRangeEnd w:moveToRangeStart w:moveToRangeEnd "
    "w:customXmlInsRangeStart w:customXmlInsRangeEnd w:customXmlDelRangeStart w:customXmlDelRangeEnd "
    "w:customXmlMoveFromRangeStart w:customXmlMoveFromRangeEnd "
    "w:customXmlMoveToRangeStart w:customXmlMoveToRangeEnd "
    "w:delText w:delInstrText w:smartTagPr w:customXmlPr w:subDoc w:contentPart"
)
"""Elements that no reader sees and that keep their place between two texts."""

THROUGH = frozenset({"w:smartTag", "w:customXml"})
"""Elements whose runs are read as if the element were not there."""

REMOVED = frozenset({"w:del", "w:moveFrom"})
"""Elements whose text was deleted or moved away by a tracked change (§17.13.5)."""

GROUPS = {
    "w:hyperlink": TagRole.LINK,
    "w:ins": TagRole.MARKER,
    "w:moveTo": TagRole.MARKER,
    "w:sdt": TagRole.FIELD,
    "w:dir": TagRole.FORMAT,
    "w:bdo": TagRole.FORMAT,
    "w:fldSimple": TagRole.FIELD,
}
"""Elements around runs that become a pair of tags, with the role of that pair."""

RUN_PROPERTIES = frozenset({"w:rPr", "a:rPr"})
"""The properties of a run, in a document and in a drawing."""

MATH = frozenset({"m:oMath", "m:oMathPara"})
"""Formulas, which stay as they are (§22.1)."""

ATOMS = {
    "w:tab": (TagRole.TAB, "\t"),
    "w:ptab": (TagRole.TAB, "\t"),
    "w:br": (TagRole.BREAK, "\n"),
    "w:cr": (TagRole.BREAK, "\n"),
    "a:br": (TagRole.BREAK, "\n"),
    "w:noBreakHyphen": (TagRole.SYMBOL, "\u2011"),
    "w:softHyphen": (TagRole.SYMBOL, "\u00ad"),
    "w:sym": (TagRole.SYMBOL, ""),
    "w:footnoteReference": (TagRole.NOTE, ""),
    "w:endnoteReference": (TagRole.NOTE, ""),
    "w:footnoteRef": (TagRole.NOTE, ""),
    "w:endnoteRef": (TagRole.NOTE, ""),
    "w:drawing": (TagRole.IMAGE, ""),
    "w:pict": (TagRole.IMAGE, ""),
    "w:object": (TagRole.IMAGE, ""),
    "a:fld": (TagRole.FIELD, ""),
}
"""Elements that are one sign of the text, with the role of their placeholder and the text they
stand for.
"""

# A soft hyphen is a place to break a word of the source; another language has its own.
DELETABLE = frozenset({"w:softHyphen"})
"""Atoms that a translation may leave out."""

COPYABLE = frozenset({"w:noBreakHyphen", "w:softHyphen"})
"""Atoms that a translation may have several times."""

OBJECTS = frozenset({"w:drawing", "w:pict", "w:object"})
"""Drawings and embedded objects, which may hold text of their own."""

MAX_DEPTH = 60
"""How deep groups are read in each other; deeper ones stay as they are."""


def atom_role(name: str) -> TagRole | None:
    """The role of an atom, such as a tab; None for the name of any other element."""
    return ATOMS[name][0] if name in ATOMS else None


def style_of(paragraph: Element) -> str:
    """The id of a paragraph's style; empty where it states none."""
    # The schema has pPr first in a paragraph, and pStyle first in pPr (§17.3.1.26).
    properties = next(iter(paragraph), None)
    if properties is None or short_name(properties) != "w:pPr":
        return ""
    style = next(iter(properties), None)
    if style is None or short_name(style) != "w:pStyle":
        return ""
    return attribute(style, "w:val") or ""


def content_of(element: Element, name: str) -> Element | None:
    """The element that holds a group's runs: the group itself, or the content of a control."""
    if name != "w:sdt":
        return element
    return next((part for part in element if short_name(part) == "w:sdtContent"), None)


def direct_texts(branch: Element, in_run: bool, depth: int = 0) -> list[Element]:
    """The text nodes of a branch of alternate content that belong to the paragraph around it."""
    if not short_name(branch) or depth > MAX_DEPTH:
        return []
    if in_run:
        return [child for child in branch if short_name(child) == "w:t"]
    found: list[Element] = []
    for child in branch:
        name = short_name(child)
        if name == "w:r":
            found += [item for item in child if short_name(item) == "w:t"]
        elif name in GROUPS or name in THROUGH or name == "w:sdtContent":
            found += direct_texts(child, in_run=False, depth=depth + 1)
    return found


def shown_text(element: Element) -> str:
    """The text of all text nodes in an element."""
    return "".join(node.text or "" for node in element.iter() if short_name(node) == "w:t")
