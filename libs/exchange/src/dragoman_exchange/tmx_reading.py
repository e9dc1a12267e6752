"""TMX of any program, read as it comes: any languages, any size, one unit in memory at a time.

    <tu tuid="7" changedate="20240105T101500Z"><prop type="x-project">ACME</prop>
      <tuv xml:lang="en"><seg>Pay <ph>{0}</ph>.</seg></tuv>          variant en, Pay <1/>.
      <tuv lang="DE"><seg>Zahlen Sie <ph>{0}</ph>.</seg></tuv></tu>  variant DE, Zahlen Sie <1/>.

Tags are numbered from 1 in a unit, the same in each language; their native codes are kept beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from itertools import chain
from typing import Any, BinaryIO, TypeVar

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Tag, TagSide, normalised, plain_text
from dragoman_exchange.found import Repairs, unreadable
from dragoman_exchange.healing import heal_stream
from dragoman_exchange.holding import locales_fit
from dragoman_exchange.inline import ForeignTags, UnknownInlineError, content_in
from dragoman_exchange.xml import (
    REPLACEMENT,
    XML_LANG,
    Element,
    elements_of,
    local_name,
    text_in,
)

_etree: Any = import_module("lxml.etree")
_T = TypeVar("_T")
_KNOWN = frozenset({"tuv", "prop", "note", "seg"})
UNKNOWN = "x-dragoman-unknown"
"""The type of a property that holds an element which TMX 1.4b does not know, as XML."""


@dataclass(frozen=True, slots=True)
class TmxVariant:
    """One `tuv`. `codes` are the native codes of its tags, by `str(tag)`, where they are not ours;
    `fault` is a code and a reason for which it cannot be taken, and its content is then empty.
    """

    language: str
    content: Content
    properties: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    codes: Mapping[str, str] = field(default_factory=dict[str, str])
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TmxEntry:
    """One `tu`, with all that it says. `place` is `tu 12`, counted from 1."""

    place: str
    unit_id: str | None
    variants: tuple[TmxVariant, ...]
    properties: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])

    def variants_in(self, locale: Locale) -> list[TmxVariant]:
        """The variants in a language: those exactly in it, else those that are less precise."""
        return variants_in([(each.language, each) for each in self.variants], locale)


@dataclass(frozen=True, slots=True)
class TmxFile:
    """The head of a file, and its entries, which are read while they are asked for.

    `source_language` is None where the header says `*all*` or nothing. `repairs` are complete when
    all entries were read.
    """

    source_language: str | None
    attributes: Mapping[str, str]
    properties: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    entries: Iterator[TmxEntry]
    repairs: Repairs


def read_tmx(file: BinaryIO) -> TmxFile:
    """The TMX file, healed while it is read. The file must be seekable.

    Raises:
        ExchangeRefusedError: it is no TMX, declares entities, or is not well-formed; also while the
            entries are read, when those before were given already.
    """
    repairs = Repairs()

    def cut_off() -> None:
        repairs.add("exchange.truncated", "The file was cut off; its whole units were read.")

    found = elements_of(heal_stream(file, repairs), ("header", "tu"), cut_off)
    header = next(found, None)
    if header is None or local_name(header) != "header":
        raise unreadable("has no TMX header")
    said = header.get("srclang")
    return TmxFile(
        None if said is None or said.strip("* ").lower() in ("", "all") else said,
        attributes_of(header),
        properties_of(header),
        notes_in(header),
        _entries(found, repairs),
        repairs,
    )


def _entries(found: Iterable[Element], repairs: Repairs) -> Iterator[TmxEntry]:
    number = 0
    for number, element in enumerate(found, start=1):
        yield _entry(element, f"tu {number}", repairs)
    if not number:
        raise unreadable("ends before its first unit")


def _entry(element: Element, place: str, repairs: Repairs) -> TmxEntry:
    foreign = ForeignTags()
    numbers: dict[tuple[int, bool], int] = {}
    return TmxEntry(
        place,
        element.get("tuid"),
        tuple(
            _variant(each, foreign, numbers, repairs)
            for each in element
            if local_name(each) == "tuv"
        ),
        properties_of(element),
        notes_in(element),
        attributes_of(element),
    )


def _variant(
    element: Element,
    foreign: ForeignTags,
    numbers: dict[tuple[int, bool], int],
    repairs: Repairs,
) -> TmxVariant:
    foreign.begin_variant()
    foreign.codes.clear()
    content, fault = segment_in(element, foreign)
    if fault is None and REPLACEMENT in plain_text(content):
        content, fault = (
            (),
            (
                "exchange.characters",
                "It has characters that the file could not hold: export it anew as UTF-8.",
            ),
        )
    codes = {
        str(_renumbered(tag, numbers)): code
        for (tag_id, side), code in foreign.codes.items()
        if (tag := Tag(id=tag_id, side=side)) in content
    }
    return TmxVariant(
        language_of(element, repairs),
        normalised(
            part if isinstance(part, str) else _renumbered(part, numbers) for part in content
        ),
        properties_of(element),
        notes_in(element),
        attributes_of(element),
        codes,
        fault,
    )


def _renumbered(tag: Tag, numbers: dict[tuple[int, bool], int]) -> Tag:
    key = (tag.id, tag.side is TagSide.PLACEHOLDER)
    return Tag(id=numbers.setdefault(key, len(numbers) + 1), side=tag.side)


def segment_in(
    variant: Element, foreign: ForeignTags | None = None
) -> tuple[Content, tuple[str, str] | None]:
    """The content of a `tuv`'s `seg`, and a code and a reason why it cannot be read."""
    segment = variant.find("{*}seg")
    if segment is None:
        return (), None
    try:
        return content_in(segment, foreign), None
    except UnknownInlineError as error:
        return (), (
            "exchange.tags",
            f"It has {error} inside, which stands for no tag: use tags as they were exported.",
        )


def variants_in(variants: Iterable[tuple[str, _T]], locale: Locale) -> list[_T]:
    """The variants in a language, by what each says: those exactly in it, else those that are less
    precise.
    """
    ranked = [(_nearness(said, locale), each) for said, each in variants]
    nearest = max((near for near, _ in ranked), default=0)
    return [each for near, each in ranked if near == nearest > 0]


@lru_cache(maxsize=1024)  # a file says the same few languages in each of its units
def _nearness(said: str, locale: Locale) -> int:
    """2 for the very locale, 1 where one of both is less precise, 0 for another language."""
    if not said or not locales_fit(said, locale):
        return 0
    return 2 if Locale(said) == locale else 1


def language_of(variant: Element, repairs: Repairs) -> str:
    """The language that a `tuv` says; empty where it says none."""
    said = variant.get(XML_LANG)
    if said is None and (said := variant.get("lang")) is not None:
        repairs.add("exchange.old_tmx", "Languages stood in `lang`, as in TMX 1.1.")
    return said or ""


def properties_of(element: Element) -> tuple[tuple[str, str], ...]:
    """The properties by type, in the order of the file; unknown elements among them, as XML."""
    return tuple(chain.from_iterable(_property(each) for each in element))


def _property(element: Element) -> Iterator[tuple[str, str]]:
    name = local_name(element)
    if name == "prop" and (kind := element.get("type")):
        yield kind, text_in(element).strip()
    elif name and name not in _KNOWN:
        yield UNKNOWN, _etree.tostring(element, encoding="unicode", with_tail=False)


def notes_in(element: Element) -> tuple[str, ...]:
    """The notes in the order of the file; empty ones are left out."""
    notes = (text_in(each).strip() for each in element if local_name(each) == "note")
    return tuple(note for note in notes if note)


def attributes_of(element: Element) -> dict[str, str]:
    """The attributes by their local names, without the language."""
    return {
        name.rpartition("}")[2]: value
        for name, value in element.items()
        if name.rpartition("}")[2] not in ("lang", "tuid")
    }
