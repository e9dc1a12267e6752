"""Text that styles hide, and the rule for several levels of styles (ECMA-376 §17.7.3).

`<w:style w:type="paragraph" w:styleId="Internal"><w:rPr><w:vanish/></w:rPr></w:style>` hides every
paragraph of that style and of those based on it, but for runs that say `<w:vanish w:val="0"/>`.
Hiding is a toggle property: where the styles of a table, its paragraph and a run hide on an even
number of levels, nothing is hidden. Where the document's defaults hide, everything is. The mark of
a paragraph (`w:pPr/w:rPr`) may be hidden by itself, which hides no text.
"""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_documents.docx.xml import Element, attribute, short_name

_ON = frozenset({"1", "true", "on"})
_KINDS = ("character", "paragraph", "table")


def is_on(element: Element) -> bool:
    """Whether a switch such as `w:vanish` is on."""
    return (attribute(element, "w:val") or "1").lower() in _ON


@dataclass(frozen=True, slots=True)
class HiddenStyles:
    """The ids of the styles that hide text, by kind.

    `is_all` says that the document's defaults hide it.
    """

    characters: frozenset[str] = frozenset()
    paragraphs: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    default: str = ""
    is_all: bool = False

    @property
    def needs_place(self) -> bool:
        """Whether paragraphs or tables may hide runs, so that a run's properties do not tell."""
        return bool(self.paragraphs or self.tables or self.is_all)

    def around(self, paragraph: Element, style: str) -> bool:
        """Whether a paragraph of this style hides runs that do not state `w:vanish` themselves."""
        style = style if style in self.known else self.default
        is_hidden = style in self.paragraphs
        if self.tables:
            # A toggle property: text that both levels hide is shown (§17.7.3).
            is_hidden ^= _table_style(paragraph) in self.tables
        return is_hidden

    def hides(self, run_style: str, around: bool) -> bool:
        """Whether a run of this character style is hidden.

        `around` says whether its paragraph hides runs.
        """
        # Defaults of the document take no part in the toggling (§17.7.3).
        return self.is_all or (run_style in self.characters) != around


def read_hidden_styles(root: Element | None) -> HiddenStyles:
    """The styles that hide text, by themselves or through the styles they are based on."""
    bases: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    stated: dict[str, dict[str, bool]] = {kind: {} for kind in _KINDS}
    default, is_all = "", False
    for item in root if root is not None else ():
        if short_name(item) == "w:docDefaults":
            is_all = any(short_name(inner) == "w:vanish" and is_on(inner) for inner in item.iter())
        kind = attribute(item, "w:type") or ""
        if short_name(item) != "w:style" or kind not in bases:
            continue
        style_id = attribute(item, "w:styleId") or ""
        bases[kind][style_id] = ""
        if kind == "paragraph" and (attribute(item, "w:default") or "0").lower() in _ON:
            default = style_id
        for child in item:
            if short_name(child) == "w:basedOn":
                bases[kind][style_id] = attribute(child, "w:val") or ""
            elif short_name(child) == "w:rPr":
                stated[kind] |= [
                    (style_id, is_on(inner)) for inner in child if short_name(inner) == "w:vanish"
                ]
    characters, paragraphs, tables = (_inheriting(bases[kind], stated[kind]) for kind in _KINDS)
    return HiddenStyles(
        characters, paragraphs, tables, frozenset(bases["paragraph"]), default, is_all
    )


def _inheriting(bases: dict[str, str], stated: dict[str, bool]) -> frozenset[str]:
    hidden: set[str] = set()
    for style in {*bases, *stated}:
        current, seen = style, set[str]()
        # Styles that are based on each other in a circle must not hang the reader.
        while current and current not in seen and current not in stated:
            seen.add(current)
            current = bases.get(current, "")
        if stated.get(current):
            hidden.add(style)
    return frozenset(hidden)


def _table_style(paragraph: Element) -> str:
    for ancestor in paragraph.iterancestors():
        if short_name(ancestor) == "w:tbl":
            looks = (child for child in ancestor if short_name(child) == "w:tblPr")
            stated = (item for child in looks for item in child)
            styles = (item for item in stated if short_name(item) == "w:tblStyle")
            return next((attribute(item, "w:val") or "" for item in styles), "")
        if short_name(ancestor) == "w:txbxContent":
            return ""
    return ""
