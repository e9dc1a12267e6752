"""Content controls bound to data: Word shows the stored data, so it is translated in step (ECMA-376
§17.5.2.6).

`<w:dataBinding w:xpath="/ns0:Properties[1]/ns0:Company[1]" …/>` binds a control to
`docProps/app.xml`; when it shows `<w:t>Gartenbau AG</w:t>` in the translation,
`<Company>Gartenbau AG</Company>` is stored. Controls that show exactly the stored text are
followed, and all controls of one piece of data stay in step. Other controls are left as they are
and counted, since Word would put their data in the place of a translation: chosen entries of lists,
text that differs from the stored text, paths that are not plain. Dates are translated and counted:
when somebody opens the document, Word writes them anew in the language that `w:lid` states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dragoman_documents.docx.distribute import set_text
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import Element, attribute, legal_text, names, short_name

_STEP = re.compile(r"/(?:([\w.-]+):)?([\w.-]+)(?:\[(\d+)\])?")
_ATTRIBUTE = re.compile(r"/@(?:([\w.-]+):)?([\w.-]+)$")
_TEXT = re.compile(r"/text\(\)(?:\[1\])?$")
_MAPPING = re.compile(r"""xmlns:([\w.-]+)\s*=\s*["']([^"']*)["']""")
_LISTS = names("w:dropDownList w:comboBox")
_OTHER_KINDS = names(
    "w:picture w14:checkbox w15:repeatingSection w15:repeatingSectionItem w:group w:equation"
)
# The properties of a document are no custom XML parts and state no id; Word binds controls to them
# by these two.
_CORE_PROPERTIES = "{6C3C8BC8-F283-45AE-878A-BAB7291924A1}"
_EXTENDED_PROPERTIES = "{6668398D-A668-4E3E-A5EB-62B293D839F1}"
_MARKS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "\u2011"}
_PARTS_OF_TEXT = frozenset({"w:t", "w:p", *_MARKS})
_GONE = names("w:moveFrom w:del")
_BREAKS = ("_x000d_\n", "_x000D_\n", "\r\n", "\r", "_x000a_", "_x000A_")
"""Spellings of stored line breaks besides LF: of Word in properties, and of other programs."""

_SPACES = re.compile(r"\s+")


@dataclass(eq=False, slots=True)
class _Datum:
    """A piece of stored data, text or attribute of an element, with the controls that show it."""

    part: str
    element: Element
    key: str
    stored: str
    controls: list[_Control] = field(default_factory=list["_Control"])

    @property
    def now(self) -> str:
        """The stored text, as it is spelled now."""
        return (self.element.get(self.key) if self.key else self.element.text) or ""

    def store(self, text: str) -> None:
        """Store a text, with line breaks spelled as in the source."""
        # Word writes `_x000d_` for a carriage return in properties (ST_Xstring, §22.9.2.19).
        spelling = next((each for each in _BREAKS if each in self.stored), "\n")
        written = legal_text(text).replace("\n", spelling)
        if self.key:
            self.element.set(self.key, written)
        else:
            self.element.text = written


@dataclass(frozen=True, slots=True)
class _Control:
    """A control that shows a piece of data, with its part and the text it showed at first."""

    part: str
    content: Element
    text: str


class BoundControls:
    """The bound controls of a document, as they were before it was translated.

    `kept` are the controls to leave as they are. `refilled_count` is the number of controls that
    are translated although Word will fill them anew.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        self._stores: dict[str, list[str]] | None = None
        self._data: dict[tuple[Element, str], _Datum] = {}
        self.kept: set[Element] = set()
        self.refilled_count = 0
        for name in package.stories():
            self._read(name)

    def follow(self) -> None:
        """Store the new text of every control that was translated, and give it to all controls that
        show the same data.
        """
        for datum in self._data.values():
            shown = [_shown(control.content) for control in datum.controls]
            pairs = zip(shown, datum.controls, strict=True)
            changed = [text for text, control in pairs if text != control.text]
            if changed:
                text = changed[0]
            elif datum.now != datum.stored:
                text = _with_plain_breaks(datum.now)  # a property was translated by itself
            else:
                continue
            if _with_plain_breaks(datum.now) != text:
                datum.store(text)
                self._package.mark_changed(datum.part)
            for control, own in zip(datum.controls, shown, strict=True):
                if own != text and _show(control.content, text):
                    self._package.mark_changed(control.part)

    def _read(self, name: str) -> None:
        root = self._package.root(name)
        if root is None or not self._package.holds_bindings(name):
            return
        for binding in root.iter("{*}dataBinding"):
            properties = binding.getparent()
            control = properties.getparent() if properties is not None else None
            if properties is None or control is None or short_name(control) != "w:sdt":
                continue
            content = next(
                (child for child in control if short_name(child) == "w:sdtContent"), None
            )
            if content is not None:
                self._learn(name, binding, properties, control, content)

    def _learn(
        self,
        name: str,
        binding: Element,
        properties: Element,
        control: Element,
        content: Element,
    ) -> None:
        """Add a control to those that are followed, or to those that are kept: Word would replace
        their translation.
        """
        kinds = {short_name(item) for item in properties}
        # Controls of these kinds store no text, or hold other controls that are bound themselves.
        if kinds & _OTHER_KINDS:
            return
        shown = _shown(content)
        datum, is_reachable = self._find(binding)
        is_filled = datum is not None and bool(datum.stored.strip())
        is_shown = datum is not None and is_filled and _is_same(datum.stored, shown)
        if datum is not None and is_shown and _is_text(kinds, properties):
            datum.controls.append(_Control(name, content, shown))
        # An empty store changes nothing, and Word leaves the shown text. A path that cannot be
        # followed may lead to anything, so the control is left.
        elif any(map(str.isalpha, shown)) and (is_filled or not is_reachable):
            if "w:date" in kinds:
                self.refilled_count += 1
            else:
                self.kept.add(control)

    def _find(self, binding: Element) -> tuple[_Datum | None, bool]:
        """The data that a binding leads to, None without any; and whether its path is plain enough
        to be followed.
        """
        # A binding of Word 2013 has its own namespace, and some programs give it the older
        # attributes.
        prefix = short_name(binding).partition(":")[0]
        path = attribute(binding, f"{prefix}:xpath") or attribute(binding, "w:xpath") or ""
        mappings = _stated(binding, "prefixMappings")
        store_id = _stated(binding, "storeItemID")
        prefixes = dict(_MAPPING.findall(mappings))
        for part in self._parts(store_id):
            root = self._package.root(part)
            if root is None:
                continue
            if not _is_plain(path):
                return None, False
            found = _located(root, path, prefixes)
            if found is not None:
                element, key = found
                text = (element.get(key) if key else element.text) or ""
                return self._data.setdefault(found, _Datum(part, element, key, text)), True
        return None, True

    def _parts(self, store_id: str) -> Sequence[str]:
        """The parts with the data of that id; all parts with data where no id is stated."""
        if self._stores is None:
            self._stores = {}
            for stated, name in _stores(self._package):
                self._stores.setdefault(stated, []).append(name)
        if store_id:
            return self._stores.get(store_id.upper(), [])
        return [name for names_of in self._stores.values() for name in names_of]


def _stated(binding: Element, local: str) -> str:
    """An attribute of a binding of Word 2007 or of 2013; empty where it is not stated."""
    return attribute(binding, f"w:{local}") or attribute(binding, f"w15:{local}") or ""


def _stores(package: Package) -> Iterator[tuple[str, str]]:
    for name in package.with_role(PartRole.CUSTOM_XML):
        for described in package.related(name, "customXmlProps"):
            root = package.root(described)
            if root is not None:
                yield (attribute(root, "ds:itemID") or "").upper(), name
    for name in package.with_role(PartRole.CORE_PROPERTIES):
        yield _CORE_PROPERTIES, name
    for name in package.with_role(PartRole.EXTENDED_PROPERTIES):
        yield _EXTENDED_PROPERTIES, name


def _is_text(kinds: set[str], properties: Element) -> bool:
    """Whether a control stores the text that it shows, and not the value of a chosen entry.

    A combo box stores the text that was typed into it.
    """
    if not kinds & _LISTS:
        return True
    has_entries = any(short_name(item) == "w:listItem" for item in properties.iter())
    return "w:comboBox" in kinds and not has_entries


def _lines(content: Element) -> Iterator[Element]:
    """The elements of a control's content that make its text, without tracked deletions."""
    for node in content.iter():
        name = short_name(node)
        if name in _PARTS_OF_TEXT and not (name != "w:p" and _is_no_text(node)):
            yield node


def _is_no_text(node: Element) -> bool:
    parent = node.getparent()
    if parent is None or short_name(parent) != "w:r":  # a tab stop of a paragraph's properties
        return True
    return any(short_name(ancestor) in _GONE for ancestor in parent.iterancestors())


def _shown(content: Element) -> str:
    """The text a control shows, with line breaks between its paragraphs."""
    pieces: list[str] = []
    has_paragraph = False
    for node in _lines(content):
        name = short_name(node)
        if name == "w:p":
            pieces += ["\n"] if has_paragraph else []
            has_paragraph = True
        else:
            pieces.append(_MARKS.get(name) or node.text or "")
    return "".join(pieces)


def _show(content: Element, text: str) -> bool:
    """Give a control a text.

    Gives whether the control has as many lines as the text, and so could take it.
    """
    lines: list[list[Element]] = [[]]
    for node in _lines(content):
        name = short_name(node)
        if name == "w:t":
            lines[-1].append(node)
        elif _MARKS.get(name) == "\n" or (name == "w:p" and any(lines)):
            lines.append([])
    wanted = text.split("\n")
    if len(lines) != len(wanted):
        return False
    if any(line and not nodes for nodes, line in zip(lines, wanted, strict=True)):
        return False
    for nodes, line in zip(lines, wanted, strict=True):
        for index, node in enumerate(nodes):
            set_text(node, line if not index else "")
    return True


def _is_same(stored: str, shown: str) -> bool:
    """Whether a control shows the stored text.

    White space does not count: Word joins it in a control of one line.
    """
    return _SPACES.sub(" ", _with_plain_breaks(stored)).strip() == _SPACES.sub(" ", shown).strip()


def _with_plain_breaks(stored: str) -> str:
    for spelling in _BREAKS:
        stored = stored.replace(spelling, "\n")
    return stored


def _is_plain(path: str) -> bool:
    steps = _ATTRIBUTE.sub("", _TEXT.sub("", path))
    return bool(steps) and "".join(step.group(0) for step in _STEP.finditer(steps)) == steps


def _located(root: Element, path: str, prefixes: dict[str, str]) -> tuple[Element, str] | None:
    """The element that a path of plain steps leads to, with the name of the attribute at its end.

    The name is empty where the path ends at an element, which then has no child elements. None
    where nothing is there.
    """
    last = _ATTRIBUTE.search(path)
    level, found = [root], root
    for step in _STEP.finditer(_ATTRIBUTE.sub("", _TEXT.sub("", path))):
        prefix, local, position = step.groups()
        name = f"{{{prefixes[prefix]}}}{local}" if prefix in prefixes else local
        same = [element for element in level if element.tag == name]
        # XPath counts from 1, and `[0]` selects nothing; Python's -1 would be the last element.
        index = int(position or 1) - 1
        if not 0 <= index < len(same):
            return None
        found = same[index]
        level = list(found)
    if last is None:
        return (found, "") if not any(short_name(child) for child in level) else None
    prefix, local = last.groups()
    key = f"{{{prefixes[prefix]}}}{local}" if prefix in prefixes else local
    return (found, key) if key in found.attrib else None
