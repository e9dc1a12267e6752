"""TMX as it really comes: seventeen awkward kinds of files, read or refused with a reason."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

import pytest

from documents.examples import content_of
from dragoman_exchange import (
    ExchangeFormat,
    ExchangeRefusedError,
    Reading,
    read_review,
    write_review,
)
from exchange.reviews import document, unit

REVIEW = document(
    unit("u1", content_of("Pay <1>now</1>, page <2/>."), content_of("Zahlen <1>Sie</1>, S. <2/>.")),
    unit("u2", ("café",), ("Kaffeehaus für 5 €",)),
)
CLEAN = write_review(ExchangeFormat.TMX, REVIEW).decode()
CHANGED = CLEAN.replace("Kaffeehaus", "Kaffee").replace(
    '<?xml version="1.0" encoding="UTF-8"?>\n', ""
)
DTD = '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'


def declared(encoding: str, text: str = CHANGED) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'


READ: dict[str, tuple[bytes, set[str]]] = {
    "no declaration": (CHANGED.encode(), set()),
    "utf-8 with a mark": (codecs.BOM_UTF8 + declared("UTF-8").encode(), set()),
    "utf-16 LE with a mark": (codecs.BOM_UTF16_LE + declared("UTF-16").encode("utf-16-le"), set()),
    "utf-16 BE with a mark": (codecs.BOM_UTF16_BE + declared("UTF-16").encode("utf-16-be"), set()),
    "utf-16 LE without a mark": (declared("UTF-16").encode("utf-16-le"), set()),
    "utf-16 BE without a mark": (declared("UTF-16").encode("utf-16-be"), set()),
    "utf-16 that says utf-8": (declared("UTF-8").encode("utf-16-le"), set()),
    "utf-8 that says utf-16": (declared("UTF-16").encode(), {"exchange.encoding"}),
    "cp1252 that says utf-8": (declared("UTF-8").encode("cp1252"), {"exchange.encoding"}),
    "latin-1": (declared("ISO-8859-1").encode("cp1252"), set()),
    "an unknown encoding": (declared("x-user-defined").encode(), {"exchange.encoding"}),
    "a DTD that is nowhere": (CHANGED.replace(DTD, DTD.replace("14", "99")).encode(), set()),
    "NULs at the end": (CHANGED.encode() + b"\0" * 700, {"exchange.nulls"}),
    "cut off after a unit": (
        CHANGED.encode().partition(b"</tu>\n</body>")[0] + b"</tu>\n<tu tuid=",
        {"exchange.truncated"},
    ),
    "cut off within a character": (
        CHANGED.encode().partition(b"</tu>\n</body>")[0] + b"</tu>\n<tu>\xe2\x82",
        {"exchange.truncated"},
    ),
    "TMX 1.1": (CHANGED.replace("xml:lang", "lang").encode(), {"exchange.old_tmx"}),
    "any source language": (CHANGED.replace('srclang="en"', 'srclang="*all*"').encode(), set()),
    "languages less precise": (CHANGED.replace('"de-CH"', '"DE"').encode(), set()),
    "several texts a language": (
        re.sub(r"(<tuv xml:lang=\"de-CH\">.*?</tuv>)", r"\1\1", CHANGED).encode(),
        {"exchange.repeated"},
    ),
    "a third language": (
        CHANGED.replace("</tu>", '<tuv xml:lang="fr"><seg>x</seg></tuv></tu>').encode(),
        set(),
    ),
    "g inside seg": (
        re.sub(r"<bpt[^>]*>[^<]*</bpt>(.*?)<ept[^>]*>[^<]*</ept>", r'<g id="1">\1</g>', CHANGED)
        .replace('<ph x="2">&lt;2/&gt;</ph>', '<x id="2"/>')
        .encode(),
        set(),
    ),
    "pairs without x": (CHANGED.replace(' x="1"', "").replace(' x="2"', "").encode(), set()),
    "highlights and comments": (
        CHANGED.replace("Kaffee ", "<!-- no --><hi>Kaffee</hi> ").encode(),
        set(),
    ),
}


def read(data: bytes) -> Reading:
    return read_review(REVIEW, data)


@pytest.mark.parametrize("kind", READ)
def test_an_awkward_file_is_read(kind: str) -> None:
    data, repairs = READ[kind]
    reading = read(data)
    assert reading.rejected == ()
    assert {each.unit_id: each.target for each in reading.imported} == {
        "u1": REVIEW.units[0].target,
        "u2": ("Kaffee für 5 €",),
    }
    assert {each.code for each in reading.repairs} == repairs


@pytest.mark.parametrize("written", ["\x1f", "&#x1F;", "&#31;", "&#xFFFE;", "\x00"])
def test_a_character_that_xml_cannot_hold_costs_its_unit_only(written: str) -> None:
    reading = read(CHANGED.replace("Kaffee ", f"Kaffee{written} ").encode())
    assert [each.unit_id for each in reading.imported] == ["u1"]
    assert [(each.unit_id, each.code) for each in reading.rejected] == [
        ("u2", "exchange.characters")
    ]
    assert [each.code for each in reading.repairs] == ["exchange.control"]


def bomb() -> bytes:
    entities = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">'
    return CHANGED.replace(DTD, f"<!DOCTYPE tmx [{entities}]>").replace("Kaffee", "&c;").encode()


def outside() -> bytes:
    entity = '<!ENTITY x SYSTEM "file:///etc/hostname">'
    return CHANGED.replace(DTD, f"<!DOCTYPE tmx [{entity}]>").replace("Kaffee", "&x;").encode()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "entities": (bomb, "exchange.entities"),
    "entities in utf-16": (lambda: bomb().decode().encode("utf-16"), "exchange.entities"),
    "an entity from outside": (outside, "exchange.entities"),
    "cut off in the first unit": (lambda: CHANGED.encode()[:700], "exchange.unreadable"),
    "not well-formed": (lambda: CHANGED.replace("</seg>", "", 1).encode(), "exchange.unreadable"),
    "no units": (
        lambda: re.sub(r"<tu .*</tu>\n", "", CHANGED).encode(),
        "exchange.no_units",
    ),
    "no TMX": (lambda: b"<tmx version='1.4'><body></body></tmx>", "exchange.unreadable"),
    "nothing": (lambda: b"", "exchange.format_unknown"),
    "no XML": (lambda: b"%PDF-1.7", "exchange.format_unknown"),
    "other XML": (lambda: b"<html/>", "exchange.format_unknown"),
    "deep": (
        lambda: CHANGED.replace("Kaffee", "<hi>" * 5000 + "</hi>" * 5000).encode(),
        "exchange.unreadable",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_its_cure(kind: str) -> None:
    made, code = REFUSED[kind]
    with pytest.raises(ExchangeRefusedError) as refused:
        read(made())
    assert refused.value.code == code
    assert "ha" not in refused.value.message.split()


def test_an_undeclared_entity_costs_its_unit_where_a_dtd_might_have_it_and_else_the_file() -> None:
    data = CHANGED.replace("Kaffee", "Kaffee&nbsp;")
    reading = read(data.encode())
    assert [(each.unit_id, each.code) for each in reading.rejected] == [("u2", "exchange.tags")]
    with pytest.raises(ExchangeRefusedError, match="not well-formed XML at line 6;"):
        read(data.replace(DTD, "").encode())


def without_ids(text: str) -> bytes:
    """The file as a tool saves it that keeps neither ids nor properties."""
    return re.sub(r"<prop.*?</prop>", "", re.sub(r' tuid="[^"]*"', "", text)).encode()


def test_units_that_lost_their_ids_are_told_by_their_source() -> None:
    reading = read(without_ids(CHANGED))
    assert [(each.unit_id, each.target, each.base) for each in reading.imported] == [
        ("u1", REVIEW.units[0].target, None),
        ("u2", ("Kaffee für 5 €",), None),
    ]
    assert [(each.code, each.count) for each in reading.repairs] == [("exchange.id_lost", 2)]


def test_a_source_that_several_units_have_is_taken_where_they_agree() -> None:
    twice = document(*(unit(each, ("Yes",), ("Ja",)) for each in ("a", "b")))
    data = without_ids(write_review(ExchangeFormat.TMX, twice).decode().replace("Ja", "Jawohl"))
    reading = read_review(twice, data)
    assert [(each.unit_id, each.target) for each in reading.imported] == [
        ("a", ("Jawohl",)),
        ("b", ("Jawohl",)),
    ]


def test_a_source_that_units_translate_differently_is_ambiguous_without_ids() -> None:
    twice = document(unit("a", ("Yes",), ("Ja",)), unit("b", ("Yes",), ("Doch",)))
    both = document(*twice.units, unit("c", ("No",), ("Nein",)))
    reading = read_review(both, without_ids(write_review(ExchangeFormat.TMX, both).decode()))
    assert [each.code for each in reading.rejected] == ["exchange.ambiguous"] * 2
    assert [each.unit_id for each in reading.imported] == ["c"]


def test_a_file_without_a_mark_whose_sources_differ_is_refused() -> None:
    text = re.sub(r"<prop.*?</prop>", "", CLEAN).replace("café", "bar")
    with pytest.raises(ExchangeRefusedError) as refused:
        read(text.encode())
    assert refused.value.code == "exchange.unmarked"
