"""XLIFF 1.2: the form that most translation tools read; tags as `g`, `x`, `bx` and `ex`.

    <trans-unit id="u1" extradata="5f0c1a2b3c4d5e6f translated">
    <source>Pay <g id="1">now</g></source><target state="translated">Jetzt <g id="1">zahlen</g></target>

Tags hold no native code: OmegaT, Okapi and MateCat show `g` and `x` as they are, and nobody can
translate what `bpt` and `ph` would hold. `original` of the file and `extradata` of a unit are in
the standard and kept by tools, where attributes of our own are not.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.text import Content, Tag, TagSide
from dragoman_exchange.found import FoundFile, FoundUnit, Repairs, unreadable
from dragoman_exchange.inline import UnknownInlineError, content_in
from dragoman_exchange.marks import base_mark, job_mark, read_base_mark, read_job_mark
from dragoman_exchange.model import ExchangeFormat, ReviewDocument, ReviewUnit
from dragoman_exchange.notes import comment_line, finding_line
from dragoman_exchange.pairing import Role, roles_of
from dragoman_exchange.xml import (
    Element,
    elements,
    escaped,
    local_name,
    quoted,
    root_of,
    text_in,
    xml_content,
)

_STATES = {
    ReviewStage.DRAFT: "new",
    ReviewStage.TRANSLATED: "translated",
    ReviewStage.REVIEWED: "signed-off",
    ReviewStage.APPROVED: "final",
}
# XLIFF 1.2 §2.3, `state`; tools write all of them.
_STAGES = {
    "new": ReviewStage.DRAFT,
    "needs-translation": ReviewStage.DRAFT,
    "needs-adaptation": ReviewStage.DRAFT,
    "needs-l10n": ReviewStage.DRAFT,
    "needs-review-translation": ReviewStage.TRANSLATED,
    "needs-review-adaptation": ReviewStage.TRANSLATED,
    "needs-review-l10n": ReviewStage.TRANSLATED,
    "translated": ReviewStage.TRANSLATED,
    "signed-off": ReviewStage.REVIEWED,
    "final": ReviewStage.APPROVED,
}


def write_xliff12(document: ReviewDocument) -> bytes:
    """The document as XLIFF 1.2."""
    return "".join(_document(document)).encode()


def _document(document: ReviewDocument) -> Iterator[str]:
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">\n'
        f'<file original={quoted(job_mark(document))} datatype="x-dragoman" '
        f"source-language={quoted(document.source_locale)} "
        f"target-language={quoted(document.target_locale)} "
        f'date="{document.created_at:%Y-%m-%dT%H:%M:%SZ}" tool-id="dragoman" xml:space="preserve">\n'
        f'<header><tool tool-id="dragoman" tool-name="Dragoman" '
        f"tool-version={quoted(document.tool_version)}/>"
    )
    yield f"<note>{escaped(document.title)}</note>" if document.title else ""
    yield "</header>\n<body>\n"
    for unit in document.units:
        yield from _unit(unit)
    yield "</body>\n</file>\n</xliff>\n"


def _unit(unit: ReviewUnit) -> Iterator[str]:
    approved = "yes" if unit.stage is ReviewStage.APPROVED else "no"
    limit = f' maxwidth="{unit.max_length_chars}" size-unit="char"' if unit.max_length_chars else ""
    yield (
        f'<trans-unit id={quoted(unit.unit_id)} approved="{approved}" xml:space="preserve" '
        f"extradata={quoted(base_mark(unit))}{limit}>\n"
        f"<source>{_inline(unit.source)}</source>\n"
        f'<target state="{_STATES[unit.stage]}">{_inline(unit.target)}</target>\n'
    )
    for finding in unit.findings:
        line = escaped(finding_line(finding))
        yield f'<note from="Dragoman" annotates="target">{line}</note>\n'
    for comment in unit.comments:
        line = escaped(comment_line(comment))
        yield f'<note from={quoted(comment.author)} annotates="target">{line}</note>\n'
    yield "</trans-unit>\n"


def _inline(content: Content) -> str:
    written: list[str] = []
    for part, role in zip(content, roles_of(content), strict=True):
        written.append(escaped(part) if isinstance(part, str) else _tag(part, role))
    return "".join(written)


def _tag(tag: Tag, role: Role) -> str:
    match tag.side:
        case TagSide.PLACEHOLDER:
            return f'<x id="{tag.id}"/>'
        case TagSide.OPEN:
            return f'<g id="{tag.id}">' if role is Role.NESTED else f'<bx id="{tag.id}"/>'
        case TagSide.CLOSE:
            return "</g>" if role is Role.NESTED else f'<ex id="{tag.id}"/>'


def read_xliff12(healed: bytes, repairs: Repairs) -> FoundFile:
    """The file's head, and its units as they are asked for. `healed` is as `heal` gives it."""
    head = _file_head(healed)
    return FoundFile(
        ExchangeFormat.XLIFF_1_2,
        read_job_mark(head.get("original")),
        head.get("source-language"),
        head.get("target-language"),
        _units(healed),
        xml_content,
        repairs,
    )


def _file_head(healed: bytes) -> dict[str, str | None]:
    if local_name(root_of(healed)) != "xliff":
        raise unreadable("is no XLIFF")
    names = ("original", "source-language", "target-language")
    for element in elements(healed, "header", "trans-unit", "file"):
        file: Element | None = element
        while file is not None and local_name(file) != "file":
            file = file.getparent()
        if file is not None:
            return {name: file.get(name) for name in names}
    raise unreadable("has no file element")


def _units(healed: bytes) -> Iterator[FoundUnit]:
    for number, element in enumerate(elements(healed, "trans-unit"), start=1):
        yield _found(element, number)


def _found(element: Element, number: int) -> FoundUnit:
    unit_id = element.get("id")
    place = f"unit {unit_id}" if unit_id else f"trans-unit {number}"
    source, target = element.find("{*}source"), element.find("{*}target")
    base, base_stage = read_base_mark(element.get("extradata"))
    try:
        return FoundUnit(
            place,
            unit_id,
            content_in(source) if source is not None else None,
            content_in(target) if target is not None else (),
            _stage(element, target),
            base,
            base_stage,
            comments=tuple(text_in(note) for note in element.findall("{*}note")),
        )
    except UnknownInlineError as error:
        reason = f"It has {error} inside, which stands for no tag: use tags as they were exported."
        return FoundUnit(place, unit_id, fault=("exchange.tags", reason))


def _stage(element: Element, target: Element | None) -> ReviewStage | None:
    said = _STAGES.get((target.get("state") if target is not None else None) or "")
    # Tools that know no states set `approved` alone.
    if element.get("approved") == "yes":
        return ReviewStage.APPROVED
    return said
