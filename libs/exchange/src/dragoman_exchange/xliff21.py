"""XLIFF 2.1: the current form; a unit keeps its tags' rights, findings and comments.

    <unit id="u1" name="word/document.xml#0.0"><originalData><data id="o1">&lt;1&gt;</data>…
    <segment state="translated"><source>Pay <pc id="1" dataRefStart="o1" …>now</pc></source>…

The namespaces are still those of 2.0. Ids of units must be NMTOKENs (§4.3.1.14), which ours are
not, so `name` has ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dragoman_contracts.reports import ReviewStage, Severity
from dragoman_contracts.text import Content, Tag, TagRole, TagSide, TagSpec
from dragoman_exchange.marks import base_mark, job_mark
from dragoman_exchange.model import ReviewDocument, ReviewUnit
from dragoman_exchange.notes import comment_line, finding_line
from dragoman_exchange.pairing import Role, partners_of, roles_of
from dragoman_exchange.xml import escaped, quoted

STATES = {
    ReviewStage.DRAFT: "initial",
    ReviewStage.TRANSLATED: "translated",
    ReviewStage.REVIEWED: "reviewed",
    ReviewStage.APPROVED: "final",
}
# XLIFF 2.1 §4.3.1.37: a sub-type of the standard goes with one type only.
_TYPES = {
    TagRole.FORMAT: ' type="fmt"',
    TagRole.LINK: ' type="link"',
    TagRole.IMAGE: ' type="image"',
    TagRole.BREAK: ' type="fmt" subType="xlf:lb"',
    TagRole.FIELD: ' type="ui" subType="xlf:var"',
}
_PRIORITIES = {Severity.BLOCKER: 1, Severity.WARNING: 3, Severity.INFO: 5}
_DATA = {TagSide.OPEN: "o", TagSide.CLOSE: "c", TagSide.PLACEHOLDER: "p"}


def write_xliff21(document: ReviewDocument) -> bytes:
    """The document as XLIFF 2.1."""
    return "".join(_document(document)).encode()


def _document(document: ReviewDocument) -> Iterator[str]:
    mark = quoted(job_mark(document))
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" '
        'xmlns:mda="urn:oasis:names:tc:xliff:metadata:2.0" version="2.1" '
        f"srcLang={quoted(document.source_locale)} trgLang={quoted(document.target_locale)}>\n"
        f'<file id="f1" original={mark} xml:space="preserve">\n'
        '<mda:metadata><mda:metaGroup category="dragoman">'
        f"{_meta('tool', f'Dragoman {document.tool_version}')}"
        f"{_meta('createdAt', f'{document.created_at:%Y-%m-%dT%H:%M:%SZ}')}"
        f"{_meta('title', document.title) if document.title else ''}"
        "</mda:metaGroup></mda:metadata>\n"
    )
    for number, unit in enumerate(document.units, start=1):
        yield from _unit(unit, number)
    yield "</file>\n</xliff>\n"


def _meta(kind: str, text: str) -> str:
    return f'<mda:meta type="{kind}">{escaped(text)}</mda:meta>'


def _unit(unit: ReviewUnit, number: int) -> Iterator[str]:
    yield (
        f'<unit id="u{number}" name={quoted(unit.unit_id)} xml:space="preserve">\n'
        '<mda:metadata><mda:metaGroup category="dragoman">'
        f"{_meta('base', base_mark(unit))}"
        f"{_meta('verificationStatus', unit.verification_state)}"
        f"{_meta('resultSource', unit.result_source)}"
    )
    yield _meta("maxLength", str(unit.max_length_chars)) if unit.max_length_chars else ""
    yield "</mda:metaGroup></mda:metadata>\n"
    yield from _notes(unit)
    yield from _original_data(unit)
    specs = {spec.id: spec for spec in unit.tags}
    yield (
        f'<segment id="s1" state="{STATES[unit.stage]}" '
        f'subState="dragoman:{unit.verification_state}">\n'
        f"<source>{_inline(unit.source, specs)}</source>\n"
        f"<target>{_inline(unit.target, specs)}</target>\n</segment>\n</unit>\n"
    )


def _notes(unit: ReviewUnit) -> Iterator[str]:
    notes = [
        f'<note category="finding" appliesTo="target" priority="{_PRIORITIES[each.severity]}">'
        f"{escaped(finding_line(each))}</note>"
        for each in unit.findings
    ]
    notes += [
        f'<note category="comment" appliesTo="target">{escaped(comment_line(each))}</note>'
        for each in unit.comments
    ]
    if notes:
        yield f"<notes>{''.join(notes)}</notes>\n"


def _original_data(unit: ReviewUnit) -> Iterator[str]:
    tags = dict.fromkeys(part for part in (*unit.source, *unit.target) if isinstance(part, Tag))
    if tags:
        data = "".join(
            [f'<data id="{_DATA[tag.side]}{tag.id}">{escaped(str(tag))}</data>' for tag in tags]
        )
        yield f"<originalData>{data}</originalData>\n"


def _inline(content: Content, specs: Mapping[int, TagSpec]) -> str:
    written: list[str] = []
    roles, partners = roles_of(content), partners_of(content)
    ids: dict[int, int] = {}
    names: dict[int, str] = {}
    for at, part in enumerate(content):
        if isinstance(part, str):
            written.append(escaped(part))
            continue
        rights = _rights(part, specs.get(part.id))
        if part.side is TagSide.CLOSE and at in partners:
            # The end of a pair has the rights of its beginning (§4.2.3.5).
            end = f'<ec startRef="{names[partners[at]]}" dataRef="c{part.id}"{rights}/>'
            written.append("</pc>" if roles[at] is Role.NESTED else end)
            continue
        # Each code has an id of its own; those behind the first say by their data what they are.
        ids[part.id] = ids.get(part.id, 0) + 1
        names[at] = str(part.id) if ids[part.id] == 1 else f"{part.id}-{ids[part.id]}"
        written.append(_tag(part, roles[at], names[at], rights))
    return "".join(written)


def _tag(tag: Tag, role: Role, name: str, rights: str) -> str:
    match tag.side:
        case TagSide.PLACEHOLDER:
            return f'<ph id="{name}" dataRef="p{tag.id}" disp="[{tag.id}]"{rights}/>'
        case TagSide.OPEN if role is Role.NESTED:
            return f'<pc id="{name}" dataRefStart="o{tag.id}" dataRefEnd="c{tag.id}"{rights}>'
        case TagSide.OPEN:
            alone = ' isolated="yes"' if role is Role.ISOLATED else ""
            return f'<sc id="{name}" dataRef="o{tag.id}"{alone}{rights}/>'
        case TagSide.CLOSE:
            return f'<ec id="{name}" dataRef="c{tag.id}" isolated="yes"{rights}/>'


def _rights(tag: Tag, spec: TagSpec | None) -> str:
    if spec is None:
        return ' canCopy="no" canDelete="no"'
    kind = _TYPES.get(spec.role, "")
    equivalent = ""
    if tag.side is TagSide.PLACEHOLDER and spec.equivalent:
        equivalent = f" equiv={quoted(spec.equivalent)}"
    if not spec.can_reorder:
        # A code that may not move may be neither copied nor deleted (§4.3.1.6). Each begins a
        # sequence of its own: OASIS's rules take no `no` behind any code that may move.
        return f'{equivalent}{kind} canCopy="no" canDelete="no" canReorder="firstNo"'
    return f'{equivalent}{kind} canCopy="{_yes(spec.can_copy)}" canDelete="{_yes(spec.can_delete)}"'


def _yes(right: bool) -> str:
    return "yes" if right else "no"
