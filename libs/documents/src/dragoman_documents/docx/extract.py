"""Extraction: a document's text as units, and the findings that were made on the way.

    before   <w:p><w:r><w:t xml:space="preserve">Chapter </w:t></w:r>
             <w:r><w:rPr><w:i/></w:rPr><w:t>One</w:t></w:r></w:p>
             <w:p/><w:p><w:r><w:t>1 000</w:t></w:r></w:p>
    unit     Chapter <1>One</1>
    unit     1 000

The empty paragraph gives no unit. The number gives a unit that is not translatable, since it has no
letters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import TypeVar

from dragoman_contracts.model import Value
from dragoman_contracts.text import Anchor, Segment, Tag, Unit, plain_text
from dragoman_documents.budget import Budget
from dragoman_documents.docx.databinding import BoundControls
from dragoman_documents.docx.findings import Finding
from dragoman_documents.docx.garbage import paused_garbage_collection
from dragoman_documents.docx.located import LocatedUnit, has_letters
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.preflight import unreadable_parts
from dragoman_documents.docx.quick import quick_reader
from dragoman_documents.docx.stories import locate_units

_Value = TypeVar("_Value", bound=Value)
_QUICK_BYTES = 384 * 1024  # in smaller parts too few paragraphs repeat each other to pay for it
# Fields that extraction leaves at their defaults.
_LEFT_OUT = frozenset({"max_length_chars", "is_ignorable"})
_GIVEN: dict[type[Value], set[str]] = {
    kind: {name for name in kind.model_fields if name not in _LEFT_OUT}
    for kind in (Unit, Anchor, Segment)
}
_ALL = {*Unit.model_fields}


class Extraction(Value):
    """The units of one document version in document order, their number by story, and findings
    about unread parts.
    """

    units: tuple[Unit, ...]
    counts: Mapping[str, int]
    findings: tuple[Finding, ...] = ()


def extract(
    data: bytes,
    options: ExtractOptions | None = None,
    budget: Budget | None = None,
) -> Extraction:
    """The text of a DOCX file as units, one per paragraph, each with exactly one segment.

    Raises:
        DocumentError: the file is no readable Word document or passes the budget; the message names
            the cure.
    """
    with paused_garbage_collection():
        package = Package(data, budget or Budget(), quick_reader(_QUICK_BYTES))
        waiting = locate_units(package, options or ExtractOptions(), BoundControls(package))
        units = tuple(_units(waiting))
    counts = Counter(str(unit.story) for unit in units)
    return Extraction(units=units, counts=dict(counts), findings=unreadable_parts(package))


def _units(waiting: list[LocatedUnit]) -> Iterator[Unit]:
    """The units with their context keys.

    The list `waiting` is emptied on the way: located units and finished units of a long document
    would not fit into memory together.
    """
    waiting.reverse()
    before, text = "", plain_text(waiting[-1].content) if waiting else ""
    while waiting:
        located = waiting.pop()
        goes_on = bool(waiting) and waiting[-1].part == located.part
        following = plain_text(waiting[-1].content) if waiting else ""
        yield _unit(located, text, _digest(f"{before}\x1f{following if goes_on else ''}"))
        before, text = text if goes_on else "", following


def _unit(located: LocatedUnit, text: str, context_key: str) -> Unit:
    content = located.content
    stored = text if len(content) == 1 else "\x1f".join(map(_stored, content))
    unit_id = located.unit_id
    segment = _made(
        Segment, {"segment_id": f"{unit_id}/0", "source": content, "is_ignorable": False}
    )
    return _made(
        Unit,
        {
            "unit_id": unit_id,
            "anchor": _made(Anchor, {"part": located.part, "path": located.path}),
            "story": located.story,
            "content_key": _digest(stored),
            "context_key": context_key,
            "segments": (segment,),
            "tags": tuple(located.specs),
            "style": located.style,
            "is_translatable": located.is_translatable and has_letters(text),
            "max_length_chars": located.max_length_chars,
        },
        _ALL if located.max_length_chars is not None else None,
    )


def _made(kind: type[_Value], fields: dict[str, object], given: set[str] | None = None) -> _Value:
    """A value made without pydantic's checks, from all its fields in their order.

    The fields are known to be valid, and checking them would cost more than reading the document.
    """
    value, put = kind.__new__(kind), object.__setattr__
    put(value, "__dict__", fields)
    put(value, "__pydantic_fields_set__", given or _GIVEN[kind])
    put(value, "__pydantic_extra__", None)
    put(value, "__pydantic_private__", None)
    return value


def _stored(part: str | Tag) -> str:
    return part if isinstance(part, str) else "\x1e" + part.side + str(part.id)


def _digest(text: str) -> str:
    """A short stable hash of text and the separators between its parts.

    128 bits put collisions out of reach. XML text cannot hold the separators, which are control
    characters (XML 1.0 §2.2).
    """
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
