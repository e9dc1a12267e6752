"""TBX of any program: ISO 30042:2008 (`martif`), and 2019 (`tbx`) in the styles DCA and DCT.

    <termEntry><langSet xml:lang="en"><tig><term>pump</term>…                   2008
    <termEntry><langSet xml:lang="en"><ntig><termGrp><term>pump</term>…         2008, nested
    <conceptEntry><langSec xml:lang="en"><termSec><term>pump</term>…            2019
    <basic:administrativeStatus>deprecatedTerm-admn-sts</…>                     2019, DCT

Every term of the source language is paired with every term of a target language in its concept.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import TermStatus
from dragoman_exchange.found import unreadable
from dragoman_exchange.healing import heal_stream
from dragoman_exchange.tbx import SUBSETS
from dragoman_exchange.term_model import TermCollector, TermLocales, status_of
from dragoman_exchange.xml import XML_LANG, Element, elements_of, local_name, text_in

_CONCEPTS = ("termEntry", "conceptEntry")
_LANGUAGES = ("langSet", "langSec")
_TERMS = frozenset({"tig", "ntig", "termSec"})
_STATUS = frozenset({"administrativeStatus", "normativeAuthorization", "usageStatus"})


@dataclass
class _Term:
    text: str = ""
    status: str | None = None
    part_of_speech: str = ""
    notes: list[str] = field(default_factory=list[str])
    subsets: list[str] = field(default_factory=list[str])


def read_tbx(data: bytes, locales: TermLocales, into: TermCollector) -> None:
    """Take the terms of a TBX file. Without a source locale that of the first concept's first
    language is taken.

    Raises:
        ExchangeRefusedError: it is no TBX, declares entities, or is not well-formed.
    """

    def cut_off() -> None:
        into.repairs.add(
            "exchange.truncated", "The file was cut off; its whole concepts were read."
        )

    pieces = heal_stream(io.BytesIO(data), into.repairs)
    source = locales.source
    number = 0
    for number, concept in enumerate(elements_of(pieces, _CONCEPTS, cut_off), start=1):
        place = f"concept {concept.get('id') or number}"[:120]
        languages = _languages(concept, place, into)
        if source is None and languages:
            source = languages[0][0]
        if source is not None:
            _take(languages, source, locales.target, place, into)
    if not number:
        raise unreadable("has no concepts, so that it is no TBX")


def _take(
    languages: list[tuple[Locale, list[_Term]]],
    source: Locale,
    target: Locale | None,
    place: str,
    into: TermCollector,
) -> None:
    ours = _nearest(languages, source)
    theirs = [
        (locale, terms)
        for locale, terms in languages
        if (locale, terms) != ours and (target is None or _fits(locale, target))
    ]
    if ours is None or not theirs:
        missing = source if ours is None else target
        said = f"in {missing}" if missing else "in a second language"
        into.reject(place, "glossary.no_language", f"It has no term {said}.")
        return
    for locale, terms in theirs:
        for number, term in enumerate(terms):
            try:
                fields = _fields(term, is_first=number == 0)
            except ValueError as error:
                into.reject(place, "glossary.invalid", f"{error}.")
                continue
            for source_term in ours[1]:
                pair = {"source_locale": source, "target_locale": target or locale}
                into.take(place, {**fields, **pair, "source": source_term.text})


def _fields(term: _Term, *, is_first: bool) -> dict[str, object]:
    # Without a status, the first term of a language is the one to use.
    unsaid = TermStatus.PREFERRED if is_first else TermStatus.ADMITTED
    flags = dict(SUBSETS[each] for each in term.subsets if each in SUBSETS)
    return {
        "target": term.text,
        "status": unsaid if term.status is None else status_of(term.status),
        "part_of_speech": term.part_of_speech[:60],
        "note": "\n".join(term.notes),
        **flags,
    }


def _languages(
    concept: Element, place: str, into: TermCollector
) -> list[tuple[Locale, list[_Term]]]:
    found: list[tuple[Locale, list[_Term]]] = []
    for section in _sections(concept):
        said = section.get(XML_LANG) or section.get("lang") or ""
        try:
            locale = Locale(said)
        except InvalidLocaleError:
            into.reject(place, "glossary.language", f"{said[:40]!r} is no language tag.")
            continue
        terms = [_term(each) for each in section.iter() if local_name(each) in _TERMS]
        found.append((locale, [each for each in terms if each.text]))
    return [(locale, terms) for locale, terms in found if terms]


def _sections(concept: Element) -> Iterator[Element]:
    for child in concept:
        if local_name(child) in _LANGUAGES:
            yield child


def _term(section: Element) -> _Term:
    term = _Term()
    for element in section.iter():
        name = local_name(element)
        # In the style DCT the data category is the element's own name.
        kind = element.get("type") or name
        text = text_in(element).strip()
        if name == "term":
            term.text = term.text or text
        elif kind in _STATUS:
            term.status = text
        elif kind == "partOfSpeech":
            term.part_of_speech = text
        elif kind == "projectSubset":
            term.subsets.append(text)
        elif name == "note" and text:
            term.notes.append(text)
    return term


def _nearest(
    languages: list[tuple[Locale, list[_Term]]], wanted: Locale
) -> tuple[Locale, list[_Term]] | None:
    near = [each for each in languages if _fits(each[0], wanted)]
    exact = [each for each in near if each[0] == wanted]
    return next(iter(exact or near), None)


def _fits(said: Locale, wanted: Locale) -> bool:
    return said == wanted or said.startswith(f"{wanted}-") or wanted.startswith(f"{said}-")
