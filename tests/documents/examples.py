"""The worked examples at the heads of modules, read out of their docstrings so that tests can hold
them to the code.

An example is a block of lines, each a word and what it names; lines that are indented further go on
with the one above:

    before   <w:p><w:r><w:t>See the terms.</w:t></w:r></w:p>
    items    Text "See the terms."
    unit     See the terms.
    target   Siehe Bedingungen.
    after    <w:p><w:r><w:t>Siehe Bedingungen.</w:t></w:r></w:p>

`before` and `after` are what stands in the body of a document, without a space at the joints of
lines; `unit` may come several times, as may `target`; a unit without one is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module

from documents import wordml
from dragoman_contracts.text import Content, Tag, TagSide
from dragoman_documents import Budget, ExtractOptions, extract, merge
from dragoman_documents.docx.collect import Collector
from dragoman_documents.docx.fields import Flow
from dragoman_documents.docx.formats import Formats
from dragoman_documents.docx.hidden import HiddenStyles
from dragoman_documents.docx.inline import Item, Opaque, Text
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.xml import short_name

_LINE = re.compile(r" {4}(before|items|unit|target|after) {2,}(\S.*)")
_MORE = re.compile(r" {8,}(\S.*)")
_TAG = re.compile(r"<(/?)(\d+)(/?)>")
_BODY = re.compile(r"<w:body>(.*)<w:sectPr/></w:body>", re.DOTALL)


@dataclass
class Example:
    """One worked example; empty where the module does not show that stage."""

    before: str
    items: str = ""
    units: list[str] = field(default_factory=list[str])
    targets: list[str] = field(default_factory=list[str])
    after: str = ""


def examples_in(module: str) -> list[Example]:
    """The examples at the head of a module, in order."""
    found: list[Example] = []
    lines: list[list[str]] = []
    for line in (import_module(module).__doc__ or "").splitlines():
        if match := _LINE.fullmatch(line):
            lines.append([match[1], match[2]])
        elif lines and (match := _MORE.fullmatch(line)):
            lines[-1].append(match[1])
        else:
            lines.append([""])
    example: Example | None = (
        None  # lines after any other line belong to no example until the next `before`
    )
    for word, *pieces in lines:
        if word == "before":
            example = Example("".join(pieces))
            found.append(example)
        elif not word or example is None:
            example = None
        elif word == "after":
            example.after = "".join(pieces)
        elif word == "items":
            example.items = " ".join(pieces)
        else:
            (example.units if word == "unit" else example.targets).append(" ".join(pieces))
    return found


def units_of(example: Example) -> list[str]:
    """The units of the example's document as protocol text."""
    units = extract(wordml.document(example.before)).units
    return ["".join(map(str, unit.source)) for unit in units]


def items_of(example: Example) -> str:
    """The items of the first paragraph of the example's document, in short."""
    package = Package(wordml.document(example.before), Budget())
    root = package.root(package.main)
    assert root is not None
    collector = Collector(
        Formats(HiddenStyles(), ExtractOptions()), package.fields(package.main, root)
    )
    paragraph = next(node for node in root.iter() if short_name(node) == "w:p")
    return _shown(collector.paragraph(paragraph, Flow()))


def after_of(example: Example) -> str:
    """The body of the example's document once its targets are merged."""
    document = wordml.document(example.before)
    units = extract(document).units
    targets = {
        unit.unit_id: content_of(text) for unit, text in zip(units, example.targets, strict=False)
    }
    body = _BODY.search(wordml.part(merge(document, targets)))
    assert body is not None
    return body[1]


def _shown(items: Sequence[Item]) -> str:
    return ", ".join(map(_item, items))


def _item(item: Item) -> str:
    if isinstance(item, Text):
        return " + ".join(
            f'Text "{slot.text}"' if not number else f'"{slot.text}"'
            for number, slot in enumerate(item.slots)
        )
    if isinstance(item, Opaque):
        return f"Opaque {item.role}"
    return f"Group {item.role} [{_shown(item.items)}]"


def content_of(text: str) -> Content:
    parts: list[str | Tag] = []
    end = 0
    for match in _TAG.finditer(text):
        side = TagSide.CLOSE if match[1] else TagSide.PLACEHOLDER if match[3] else TagSide.OPEN
        parts += [text[end : match.start()], Tag(id=int(match[2]), side=side)]
        end = match.end()
    return tuple(part for part in (*parts, text[end:]) if part)
