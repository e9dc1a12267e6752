"""TMX as other programs write it, read into memory units, and written again."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL

import pytest
from hypothesis import given, settings

from documents.examples import content_of
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content
from dragoman_exchange import (
    ExchangeRefusedError,
    Rejection,
    TmxHeader,
    read_tmx,
    tmx_pieces,
    write_tmx,
)
from dragoman_memory import (
    Intake,
    MemoryState,
    MemoryUnit,
    SegmentType,
    context_digest,
    tmx_units,
    units_in,
)
from dragoman_memory.unit import tag_pattern
from linguistics.contents import nested_content
from memory.entries import DE, EN, entry

INTAKE = Intake(EN, DE, NAMESPACE_URL, "agency.tmx")
HEADER = TmxHeader(EN, DE, "1.0", datetime(2026, 1, 2, tzinfo=UTC), segment_type="sentence")
DTD = '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'
BODY = (
    f"{DTD}\n"
    '<tmx version="1.4"><header creationtool="Some CAT" segtype="sentence" o-tmf="x" adminlang="en"'
    ' srclang="en-US" datatype="plaintext"><prop type="x-client">ACME</prop></header><body>\n'
    '<tu tuid="1" creationdate="20240105T101500Z" creationid="ana"><prop type="x-context-pre">'
    "&lt;seg&gt;Before.&lt;/seg&gt;</prop><note>As agreed</note>"
    '<tuv xml:lang="en-US"><seg>Pay <bpt i="1">{\\b </bpt>now<ept i="1">}</ept>: <ph>{0}</ph></seg>'
    '</tuv><tuv xml:lang="de-DE"><seg><ph>{0}</ph>: <bpt i="1">{\\b </bpt>Jetzt<ept i="1">}</ept>'
    " zahlen</seg></tuv></tu>\n"
    '<tu><tuv xml:lang="en-US"><seg>café</seg></tuv>'
    '<tuv xml:lang="de-DE"><seg>Kaffee für 5 €</seg></tuv></tu>\n'
    "</body></tmx>"
)
UNITS: list[tuple[Content, Content]] = [
    (content_of("Pay <1>now</1>: <2/>"), content_of("<2/>: <1>Jetzt</1> zahlen")),
    (("café",), ("Kaffee für 5 €",)),
]


def declared(encoding: str, text: str = BODY) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'


def changed(pattern: str, by: str) -> bytes:
    made = re.sub(pattern, by, BODY, flags=re.DOTALL)
    assert made != BODY
    return made.encode()


READ: dict[str, tuple[bytes, set[str]]] = {
    "no declaration": (BODY.encode(), set()),
    "utf-8 with a mark": (codecs.BOM_UTF8 + declared("UTF-8").encode(), set()),
    "utf-16 LE with a mark": (codecs.BOM_UTF16_LE + declared("UTF-16").encode("utf-16-le"), set()),
    "utf-16 BE with a mark": (codecs.BOM_UTF16_BE + declared("UTF-16").encode("utf-16-be"), set()),
    "utf-16 LE without a mark": (declared("UTF-16").encode("utf-16-le"), set()),
    "utf-16 BE without a mark": (declared("UTF-16").encode("utf-16-be"), set()),
    "utf-16 that says utf-8": (declared("UTF-8").encode("utf-16-le"), set()),
    "utf-16 cut off in a character": (declared("UTF-16").encode("utf-16-le") + b"\n", set()),
    "utf-8 that says utf-16": (declared("UTF-16").encode(), {"exchange.encoding"}),
    "cp1252 that says utf-8": (declared("UTF-8").encode("cp1252"), {"exchange.encoding"}),
    "cp1252 that says latin-1": (declared("ISO-8859-1").encode("cp1252"), set()),
    "an unknown encoding": (declared("x-mac-odd").encode(), {"exchange.encoding"}),
    "a DTD that is nowhere": (changed("tmx14", "nowhere"), set()),
    "NULs at the end": (BODY.encode() + b"\0" * 600_000, {"exchange.nulls"}),
    "cut off in the next unit": (
        BODY.encode().partition(b"</body>")[0] + b'<tu tuid="3"><tuv xml:la',
        {"exchange.truncated"},
    ),
    "cut off in a character": (
        BODY.encode().partition(b"</body>")[0] + b"<tu>\xe2\x82",
        {"exchange.truncated"},
    ),
    "TMX 1.1": (changed("xml:lang", "lang"), {"exchange.old_tmx"}),
    "any source language": (changed('srclang="en-US"', 'srclang="*all*"'), set()),
    "languages in upper case": (changed("de-DE", "DE"), set()),
    "a third language": (changed("</tu>", '<tuv xml:lang="fr"><seg>x</seg></tuv></tu>'), set()),
    "the target first": (changed("(<tuv .*?</tuv>)(<tuv .*?</tuv>)", r"\2\1"), set()),
    "comments and highlights": (changed("Kaffee", "<!-- <tu> --><hi>Kaffee</hi>"), set()),
    "comments before the root": (f"<!-- <tmx> {'x' * 99} -->{BODY}".encode(), set()),
    "a namespace": (changed("<tmx ", '<tmx xmlns="http://www.lisa.org/tmx14" '), set()),
    "pairs numbered by x": (changed('(<[be]pt) i="1"', r'\1 x="7" i="3"'), set()),
    "isolated tags": (
        changed(r'<bpt i="1">', '<it pos="begin" x="1">')
        .replace(b"</bpt>", b"</it>")
        .replace(b'<ept i="1">', b'<it pos="end" x="1">')
        .replace(b"</ept>", b"</it>"),
        set(),
    ),
    "unknown elements": (changed("<note>", "<vendor a='b'>c</vendor><note>"), set()),
}


def read(
    data: bytes, intake: Intake = INTAKE
) -> tuple[list[MemoryUnit], list[Rejection], set[str]]:
    file = read_tmx(io.BytesIO(data))
    found = list(units_in(file, intake))
    return (
        [each for each in found if isinstance(each, MemoryUnit)],
        [each for each in found if isinstance(each, Rejection)],
        {each.code for each in file.repairs.all()},
    )


@pytest.mark.parametrize("kind", READ)
def test_an_awkward_file_is_read(kind: str) -> None:
    data, repairs = READ[kind]
    units, rejected, repaired = read(data)
    assert rejected == []
    # Tags are numbered in the order of the file, which may have the target first.
    assert [tag_pattern((*unit.source, *unit.target)) for unit in units] == [
        tag_pattern((*source, *target)) for source, target in UNITS
    ]
    assert repaired == repairs


def test_all_that_a_file_says_of_a_unit_is_kept() -> None:
    unit = read(READ["unknown elements"][0])[0][0]
    assert unit.created_at == datetime(2024, 1, 5, 10, 15, tzinfo=UTC)
    assert (unit.created_by, unit.origin, unit.notes) == ("ana", "agency.tmx", ("As agreed",))
    assert (unit.before, unit.after) == (context_digest(("Before.",)), 0)
    assert (unit.state, unit.segment_type) == (MemoryState.CANDIDATE, SegmentType.SENTENCE)
    kept = dict(unit.properties)
    assert kept["x-dragoman-unknown"] == '<vendor a="b">c</vendor>'
    assert kept["x-dragoman-code-source:<1>"] == "{\\b "
    assert kept["x-dragoman-code-target:<2/>"] == "{0}"


def test_native_codes_are_written_again() -> None:
    written = write_tmx(HEADER, tmx_units(read(BODY.encode())[0])).decode()
    assert '<bpt i="1" x="1">{\\b </bpt>now<ept i="1">}</ept>: <ph x="2">{0}</ph>' in written


def test_the_same_file_again_gives_the_same_units() -> None:
    assert [unit.unit_id for unit in read(BODY.encode())[0]] == [
        unit.unit_id for unit in read(declared("UTF-16").encode("utf-16"))[0]
    ]


def test_an_id_that_repeats_costs_no_unit() -> None:
    data = changed("<tu>", '<tu tuid="1">')
    assert len({unit.unit_id for unit in read(data)[0]}) == 2


def test_several_targets_of_a_language_are_several_units() -> None:
    units, _, _ = read(changed(r"(<tuv xml:lang=.de-DE.><seg>Kaffee.*?</tuv>)", r"\1\1"))
    assert len({unit.unit_id for unit in units}) == 3


REJECTED: dict[str, tuple[bytes, str]] = {
    "another language": (changed('(.*)"de-DE"', r'\1"nl"'), "exchange.language_missing"),
    "no language": (changed('(.*) xml:lang="de-DE"', r"\1"), "exchange.language_missing"),
    "nonsense for a language": (changed('(.*)"de-DE"', r'\1"@@"'), "exchange.language_missing"),
    "no text": (changed("Kaffee für 5 €", " "), "exchange.empty"),
    "no segment": (changed("<seg>Kaffee für 5 €</seg>", ""), "exchange.empty"),
    "an element of no format": (changed("Kaffee", "<blink>K</blink>"), "exchange.tags"),
    "an undeclared entity": (changed("Kaffee", "&unknown;"), "exchange.tags"),
    "a control character": (changed("Kaffee", "Ka\x1fffee"), "exchange.characters"),
    "a reference to one": (changed("Kaffee", "Ka&#x1F;ffee"), "exchange.characters"),
    "far too long": (changed("Kaffee", "Kaffee " * 3_000), "exchange.too_long"),
}


@pytest.mark.parametrize("kind", REJECTED)
def test_a_unit_that_cannot_be_taken_costs_no_other(kind: str) -> None:
    data, code = REJECTED[kind]
    units, rejected, _ = read(data)
    assert [unit.source for unit in units] == [UNITS[0][0]]
    assert [(each.place, each.code) for each in rejected] == [("tu 2", code)]
    assert "ffee" not in rejected[0].reason


def with_entities(kind: str) -> bytes:
    inner = {
        "bomb": '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">',
        "outside": '<!ENTITY c SYSTEM "file:///etc/hostname">',
    }[kind]
    return (
        BODY.replace(DTD, f"<!-- <x> --><!DOCTYPE tmx [{inner}]>").replace("Kaffee", "&c;").encode()
    )


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "an entity bomb": (lambda: with_entities("bomb"), "exchange.entities"),
    "an entity from outside": (lambda: with_entities("outside"), "exchange.entities"),
    "entities in utf-16": (
        lambda: with_entities("bomb").decode().encode("utf-16"),
        "exchange.entities",
    ),
    "ill-formed": (lambda: changed("</seg>", ""), "exchange.unreadable"),
    "no units": (lambda: changed("<tu.*</tu>", ""), "exchange.unreadable"),
    "cut off in the first unit": (lambda: BODY.encode()[:500], "exchange.unreadable"),
    "no header": (lambda: b"<tmx><body/></tmx>", "exchange.unreadable"),
    "other XML": (lambda: b"<html/>", "exchange.unreadable"),
    "no XML": (lambda: b"%PDF-1.7", "exchange.unreadable"),
    "nothing": (lambda: b"", "exchange.unreadable"),
    "deep": (
        lambda: changed("Kaffee", "<hi>" * 5_000 + "</hi>" * 5_000),
        "exchange.unreadable",
    ),
    "a unit without end": (
        lambda: changed("<tu>", "<tu>" + "<prop type='x'/>" * 1_100_000),
        "exchange.too_large",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_its_cure(kind: str) -> None:
    made, code = REFUSED[kind]
    with pytest.raises(ExchangeRefusedError) as refused:
        read(made())
    assert refused.value.code == code


def test_a_file_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "large.tmx"
    with path.open("wb") as out:
        out.writelines(
            tmx_pieces(HEADER, tmx_units(entry(f"One {n}.", f"Eins {n}.") for n in range(8_000)))
        )
    with path.open("rb") as file:
        found = units_in(read_tmx(file), INTAKE)
        next(found)
        assert file.tell() < path.stat().st_size / 4
        assert sum(1 for _ in found) == 7_999


def test_a_state_is_believed_where_the_file_is_trusted() -> None:
    data = write_tmx(HEADER, tmx_units([entry("One.", state=MemoryState.APPROVED)]))
    trusted = Intake(EN, DE, NAMESPACE_URL, "ours", is_state_trusted=True)
    assert read(data)[0][0].state is MemoryState.CANDIDATE
    assert read(data, trusted)[0][0].state is MemoryState.APPROVED


FULL = entry(
    "Pay <1>now</1><2/>.",
    "Jetzt <2/><1>zahlen</1>.",
    before="One.",
    after="Two.",
    state=MemoryState.REVIEWED,
    segment_type=SegmentType.PARAGRAPH,
    origin="job 7",
    project="ACME",
    domain="law",
    document="contract",
    created_at=datetime(2024, 1, 5, 10, 15, tzinfo=UTC),
    created_by="ana",
    changed_at=datetime(2025, 1, 5, 10, 15, tzinfo=UTC),
    changed_by="ben",
    notes=("one", "two"),
    properties=(("x-a", "1"), ("x-a", "2"), ("x-tmx-usagecount", "3")),
)


def test_a_unit_comes_back_as_it_was_written() -> None:
    trusted = Intake(EN, DE, NAMESPACE_URL, "ours", is_state_trusted=True)
    assert read(write_tmx(HEADER, tmx_units([FULL])), trusted)[0] == [FULL]


@settings(max_examples=60)
@given(nested_content(), nested_content())
def test_any_content_comes_back_with_its_tags(source: Content, target: Content) -> None:
    unit = entry("x").model_copy(update={"source": source, "target": target})
    units, rejected, _ = read(write_tmx(HEADER, tmx_units([unit])))
    if rejected:
        assert rejected[0].code == "exchange.empty"
        return
    once = write_tmx(HEADER, tmx_units(units))
    assert write_tmx(HEADER, tmx_units(read(once)[0])) == once
    assert len(units[0].source) == len(source)
    assert len(units[0].target) == len(target)


def test_a_region_of_a_file_fits_the_pair_that_is_asked_for() -> None:
    intake = Intake(Locale("en-US"), Locale("de-DE"), NAMESPACE_URL, "x")
    assert [unit.target_locale for unit in read(BODY.encode(), intake)[0]] == ["de-DE", "de-DE"]
