"""Content controls bound to data: Word shows the stored data, so it is translated in step (ECMA-376 §17.5.2.6).

Only what is plain is followed: a control that shows exactly the text of one element, found by the simple location paths
Word writes. Dates, lists and check boxes store values, not text, and are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dragoman_documents.docx.package import Package, PartRole
from dragoman_documents.docx.xml import Element, attribute, short_name

_STEP = re.compile(r"/(?:([\w.-]+):)?([\w.-]+)(?:\[(\d+)\])?")
_MAPPING = re.compile(r"""xmlns:([\w.-]+)\s*=\s*["']([^"']*)["']""")
_STORED_VALUES = frozenset({"w:date", "w:dropDownList", "w:comboBox", "w:picture", "w14:checkbox", "w:docPartList"})
_CORE_PROPERTIES = "{6C3C8BC8-F283-45AE-878A-BAB7291924A1}"


@dataclass(frozen=True, slots=True)
class _Bound:
    """A control, the part and element it shows, and the text both had."""

    content: Element
    part: str
    element: Element
    text: str


class BoundControls:
    """The bound controls of a document, as they were before it was translated."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._stores: dict[str, str] | None = None
        self._controls = [bound for name in package.stories() for bound in self._in_part(name)]

    def follow(self) -> None:
        """Give the stored data of every control that was translated its new text."""
        for bound in self._controls:
            text = _shown(bound.content)
            if text != bound.text and bound.element.text == bound.text:
                bound.element.text = text
                self._package.mark_changed(bound.part)

    def _in_part(self, name: str) -> Iterator[_Bound]:
        root = self._package.root(name)
        if root is None or not root.tag.startswith("{"):
            return
        space = root.tag.partition("}")[0] + "}"
        for binding in root.iter(f"{space}dataBinding"):
            properties = binding.getparent()
            control = properties.getparent() if properties is not None else None
            if properties is None or control is None or any(short_name(item) in _STORED_VALUES for item in properties):
                continue
            content = next((child for child in control if short_name(child) == "w:sdtContent"), None)
            found = self._find(binding)
            if content is not None and found is not None and found[1].text == _shown(content):
                yield _Bound(content, *found, _shown(content))

    def _find(self, binding: Element) -> tuple[str, Element] | None:
        part = self._store(attribute(binding, "w:storeItemID") or "")
        root = self._package.root(part) if part else None
        if root is None:
            return None
        prefixes = dict(_MAPPING.findall(attribute(binding, "w:prefixMappings") or ""))
        element = _located(root, attribute(binding, "w:xpath") or "", prefixes)
        return (part, element) if element is not None else None

    def _store(self, store_id: str) -> str:
        """The part with that data, empty where there is none."""
        if self._stores is None:
            self._stores = dict(_stores(self._package))
        return self._stores.get(store_id.upper(), "")


def _stores(package: Package) -> Iterator[tuple[str, str]]:
    for name in package.with_role(PartRole.CORE_PROPERTIES):
        yield _CORE_PROPERTIES, name
    for name in package.with_role(PartRole.CUSTOM_XML):
        for described in package.related(name, "customXmlProps"):
            root = package.root(described)
            if root is not None:
                yield (attribute(root, "ds:itemID") or "").upper(), name


def _shown(content: Element) -> str:
    return "".join(node.text or "" for node in content.iter() if short_name(node) == "w:t")


def _located(root: Element, path: str, prefixes: dict[str, str]) -> Element | None:
    """The childless element at a path of plain steps, None for any other path."""
    steps = list(_STEP.finditer(path))
    if not steps or "".join(step.group(0) for step in steps) != path:
        return None
    level, found = [root], root
    for step in steps:
        prefix, local, position = step.groups()
        name = f"{{{prefixes[prefix]}}}{local}" if prefix in prefixes else local
        same = [element for element in level if element.tag == name]
        index = int(position or 1) - 1
        if index >= len(same):
            return None
        found = same[index]
        level = list(found)
    return found if not level else None
