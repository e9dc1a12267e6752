"""Glossaries in files: what goes out comes back, and what others write is read or refused."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import TermEntry, TermStatus
from dragoman_exchange import (
    ExchangeRefusedError,
    TermFormat,
    TermLocales,
    TermReading,
    read_terms,
    write_terms,
)

EN_DE = TermLocales(source=Locale("en"), target=Locale("de"))
EN = TermLocales(source=Locale("en"))


def entry(source: str, target: str, **options: object) -> TermEntry:
    pair = {"source_locale": "en", "target_locale": "de", "source": source, "target": target}
    return TermEntry.model_validate(pair | options)


def written(format_: TermFormat, *terms: TermEntry) -> bytes:
    return b"".join(write_terms(format_, "House & Co", terms))


def pairs(reading: TermReading) -> list[tuple[str, str, str]]:
    return [(term.source, str(term.target_locale), term.target) for term in reading.terms]


_texts = (
    st.text(
        alphabet=st.characters(
            codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="\ufffd"
        ),
        min_size=1,
        max_size=30,
    )
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
_entries = st.lists(
    st.builds(
        entry,
        _texts,
        _texts,
        status=st.sampled_from(list(TermStatus)),
        is_do_not_translate=st.booleans(),
        is_case_sensitive=st.booleans(),
        is_inflected=st.booleans(),
        part_of_speech=st.sampled_from(["", "noun", "signal word"]),
        note=st.sampled_from(["", "=cmd|x", "one\ntwo", 'a ; b, c\t"d"']),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda term: (term.source, term.target),
)


def test_a_csv_whose_first_line_names_columns_is_cut_by_the_delimiter_of_that_line() -> None:
    rows = (
        "source_locale,target_locale,source,target",
        "en,de,a;b,c",
        'en,de,"d;e,f",g',
        'en,de,"h;i,j,k",l',
    )
    reading = read_terms("\n".join(rows).encode(), TermLocales())
    told = [(each.source, each.target) for each in reading.terms]
    assert told == [("a;b", "c"), ("d;e,f", "g"), ("h;i,j,k", "l")]


@settings(max_examples=60, deadline=None)
@given(_entries, st.sampled_from(list(TermFormat)))
def test_terms_come_back_from_every_format_as_they_were(
    terms: list[TermEntry], format_: TermFormat
) -> None:
    import unicodedata

    reading = read_terms(written(format_, *terms), TermLocales())

    def told(each: TermEntry) -> tuple[object, ...]:
        normal = {
            name: unicodedata.normalize("NFC", getattr(each, name)) for name in ("source", "target")
        }
        fields = each.model_dump() | normal
        fields["note"] = " ".join(each.note.split())
        return tuple(fields.values())

    assert reading.rejections == ()
    assert sorted(map(told, reading.terms), key=str) == sorted(map(told, terms), key=str)


@pytest.mark.parametrize("text", ["=1+1", "+4912", "-x", "@SUM(A1)", "'=1", "=cmd|' /C calc'!A0"])
def test_no_spreadsheet_calculates_an_exported_term(text: str) -> None:
    terms = [entry(text, text, note=text)]
    for line in written(TermFormat.CSV, *terms).decode("utf-8-sig").splitlines()[1:]:
        assert all(not cell.strip('"').startswith(("=", "+", "-", "@")) for cell in line.split(","))
    sheet = zipfile.ZipFile(io.BytesIO(written(TermFormat.XLSX, *terms))).read(
        "xl/worksheets/sheet1.xml"
    )
    assert b"<f>" not in sheet
    for format_ in (TermFormat.CSV, TermFormat.XLSX):
        assert read_terms(written(format_, *terms), EN_DE).terms == tuple(terms)


@pytest.mark.parametrize(
    ("data", "locales", "wanted"),
    [
        ("pump,Pumpe\nvalve,Ventil\n", EN_DE, [("pump", "de", "Pumpe"), ("valve", "de", "Ventil")]),
        ("Source term;Translation;Comment\npump;Pumpe;x\n", EN_DE, [("pump", "de", "Pumpe")]),
        ("en\tde\tfr\npump\tPumpe\tpompe\nseal\t\tjoint\n", TermLocales(),
         [("pump", "de", "Pumpe"), ("pump", "fr", "pompe"), ("seal", "fr", "joint")]),
        ("de,en-US\nPumpe,pump\n", EN_DE, [("pump", "de", "Pumpe")]),
        ("API,API\nUSB,USB\n", EN_DE, [("API", "de", "API"), ("USB", "de", "USB")]),
        ('"a, b",c\n', EN_DE, [("a, b", "de", "c")]),
        ("source,target,dnt\nACME,,yes\n", EN_DE, [("ACME", "de", "ACME")]),
    ],
)  # fmt: skip
def test_tables_as_programs_write_them_are_read(
    data: str, locales: TermLocales, wanted: list[tuple[str, str, str]]
) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert pairs(read_terms(data.encode(encoding), locales)) == wanted


def test_a_table_of_windows_is_read_and_this_is_said() -> None:
    reading = read_terms("valve;Überdruckventil\n".encode("cp1252"), EN_DE)
    assert pairs(reading) == [("valve", "de", "Überdruckventil")]
    assert [repair.code for repair in reading.repairs] == ["exchange.encoding"]


def test_rows_that_cannot_be_taken_are_named_with_their_reason() -> None:
    rows = ["source,target,status", "pump,Pumpe,", ",x,", "y,,", "a,b,wrong", f"{'z' * 501},q,", ""]
    reading = read_terms("\n".join(rows).encode(), EN_DE)
    assert pairs(reading) == [("pump", "de", "Pumpe")]
    assert [(each.place, each.code) for each in reading.rejections] == [
        ("row 3", "glossary.no_source"),
        ("row 4", "glossary.no_target"),
        ("row 5", "glossary.invalid"),
        ("row 6", "glossary.too_long"),
    ]
    assert "write preferred, admitted or forbidden" in reading.rejections[2].reason


TBX_2008 = """<?xml version='1.0'?><!DOCTYPE martif SYSTEM "TBXBasiccoreStructV02.dtd">
<martif type="TBX-Basic" xml:lang="en-US"><martifHeader><fileDesc/></martifHeader><text><body>
<termEntry id="c1"><descrip type="subjectField">machines</descrip>
 <langSet xml:lang="en-US"><tig><term>pump</term><termNote type="partOfSpeech">noun</termNote></tig></langSet>
 <langSet xml:lang="de"><tig><term>Pumpe</term></tig>
  <tig><term>Pumpwerk</term></tig>
  <tig><term>Förderer</term><termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote>
  <note>House style</note></tig></langSet></termEntry>
<termEntry id="c2"><langSet xml:lang="en-US"><ntig><termGrp><term>seal</term></termGrp></ntig></langSet>
 <langSet xml:lang="fr"><ntig><termGrp><term>joint</term></termGrp></ntig></langSet></termEntry>
</body></text></martif>"""
TBX_DCT = """<tbx style="dct" type="TBX-Basic" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2"
 xmlns:min="http://www.tbxinfo.net/ns/min" xmlns:basic="http://www.tbxinfo.net/ns/basic">
<tbxHeader/><text><body><conceptEntry id="c1"><langSec xml:lang="en"><termSec><term>pump</term>
<min:partOfSpeech>noun</min:partOfSpeech></termSec></langSec><langSec xml:lang="de"><termSec>
<term>Pumpe</term><min:administrativeStatus>admittedTerm-admn-sts</min:administrativeStatus>
</termSec></langSec></conceptEntry></body></text></tbx>"""


def test_tbx_of_2008_and_of_2019_is_read() -> None:
    reading = read_terms(TBX_2008.encode(), EN_DE)
    assert [(each.target, each.status.value, each.note) for each in reading.terms] == [
        ("Pumpe", "preferred", ""),
        ("Pumpwerk", "admitted", ""),
        ("Förderer", "forbidden", "House style"),
    ]
    assert [each.code for each in reading.rejections] == ["glossary.no_language"]
    assert pairs(read_terms(TBX_2008.encode("utf-16"), EN))[-1] == ("seal", "fr", "joint")
    (term,) = read_terms(TBX_DCT.encode(), TermLocales()).terms
    assert (term.source, term.target, term.status) == ("pump", "Pumpe", TermStatus.ADMITTED)


_BOMB = '<!DOCTYPE martif [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>'
_OUTSIDE = '<!DOCTYPE martif [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "exchange.no_terms"),
        (b"source,target\n", "exchange.no_terms"),
        (b"<html><body/></html>", "exchange.unreadable"),
        (b"<martif><text>", "exchange.unreadable"),
        (b"PK\x03\x04not a zip", "exchange.unreadable"),
        (b'"never closed,x\n', "exchange.unreadable"),
        (f"{_BOMB}<martif/>".encode(), "exchange.entities"),
        (f"{_OUTSIDE}<martif/>".encode(), "exchange.entities"),
    ],
)
def test_a_file_that_is_no_glossary_is_refused_with_what_to_do(data: bytes, code: str) -> None:
    with pytest.raises(ExchangeRefusedError) as refused:
        read_terms(data, EN_DE)
    assert refused.value.code == code


def test_a_table_that_says_no_language_is_refused() -> None:
    with pytest.raises(ExchangeRefusedError, match="target_locale"):
        read_terms(b"pump,Pumpe\n", EN)


def test_a_formula_in_a_sheet_is_no_term() -> None:
    book = written(TermFormat.XLSX, entry("pump", "Pumpe"), entry("seal", "Dichtung"))
    archive = zipfile.ZipFile(io.BytesIO(book))
    members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    start = sheet.index('<c r="B2"')
    end = sheet.index("</c>", start) + 4
    members["xl/worksheets/sheet1.xml"] = (
        sheet[:start] + '<c r="B2"><f>1+1</f><v>2</v></c>' + sheet[end:]
    ).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, content in members.items():
            out.writestr(name, content)
    reading = read_terms(buffer.getvalue(), EN_DE)
    assert pairs(reading) == [("seal", "de", "Dichtung")]
    assert [(each.place, each.code) for each in reading.rejections] == [
        ("row 2", "glossary.formula")
    ]
