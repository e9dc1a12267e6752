"""Glossaries as TBX-Basic: written as TBX 3 (ISO 30042:2019, DCA style), one concept a source.

    <conceptEntry id="c1">
      <langSec xml:lang="en"><termSec><term>pump</term></termSec></langSec>
      <langSec xml:lang="de"><termSec><term>Pumpe</term>
        <termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></termSec></langSec>
    </conceptEntry>

TBX-Basic cannot say how a term is to be looked for; this stands as `projectSubset`, which it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import TermEntry, TermStatus
from dragoman_exchange.xml import escaped, quoted

SUBSETS = {
    "dragoman:do-not-translate": ("is_do_not_translate", True),
    "dragoman:case-sensitive": ("is_case_sensitive", True),
    "dragoman:not-inflected": ("is_inflected", False),
}
"""The meaning of a `projectSubset` of ours: a field of the term and its value."""

STATUSES = {
    TermStatus.PREFERRED: "preferredTerm-admn-sts",
    TermStatus.ADMITTED: "admittedTerm-admn-sts",
    TermStatus.FORBIDDEN: "deprecatedTerm-admn-sts",
}


def write_tbx(name: str, terms: Iterable[TermEntry]) -> Iterator[bytes]:
    """The terms as TBX-Basic, in pieces. The terms are read once, and kept until they are written."""
    grouped: dict[tuple[Locale, str], list[TermEntry]] = {}
    for term in terms:
        grouped.setdefault((term.source_locale, term.source), []).append(term)
    first = next(iter(grouped), (Locale("en"), ""))[0]
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<tbx style="dca" type="TBX-Basic" xml:lang={quoted(str(first))} '
        'xmlns="urn:iso:std:iso:30042:ed-2">\n<tbxHeader><fileDesc><titleStmt>'
        f"<title>{escaped(name)}</title></titleStmt><sourceDesc><p>Exported by Dragoman.</p>"
        '</sourceDesc></fileDesc><encodingDesc><p type="XCSURI">'
        "TBXXCSV02.xcs</p></encodingDesc></tbxHeader>\n<text><body>\n"
    ).encode()
    for number, ((locale, source), group) in enumerate(grouped.items(), start=1):
        yield "".join(_concept(number, locale, source, group)).encode()
    yield b"</body></text>\n</tbx>\n"


def _concept(number: int, locale: Locale, source: str, group: Iterable[TermEntry]) -> Iterator[str]:
    by_target: dict[Locale, list[TermEntry]] = {}
    for term in group:
        by_target.setdefault(term.target_locale, []).append(term)
    yield f'<conceptEntry id="c{number}">'
    yield (
        f"<langSec xml:lang={quoted(str(locale))}><termSec><term>{escaped(source)}</term>"
        "</termSec></langSec>"
    )
    for target, terms in by_target.items():
        yield f"<langSec xml:lang={quoted(str(target))}>"
        for term in terms:
            yield from _term(term)
        yield "</langSec>"
    yield "</conceptEntry>\n"


def _term(term: TermEntry) -> Iterator[str]:
    yield f"<termSec><term>{escaped(term.target)}</term>"
    yield f'<termNote type="administrativeStatus">{STATUSES[term.status]}</termNote>'
    if term.part_of_speech:
        yield f'<termNote type="partOfSpeech">{escaped(term.part_of_speech)}</termNote>'
    for said, (field, value) in SUBSETS.items():
        if getattr(term, field) == value:
            yield f'<admin type="projectSubset">{said}</admin>'
    if term.note:
        yield f"<note>{escaped(term.note)}</note>"
    yield "</termSec>"
