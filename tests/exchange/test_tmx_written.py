"""TMX 1.4b as other tools read it."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Tag, TagSide, closing, opening, placeholder, plain_text
from dragoman_exchange import TmxHeader, TmxUnit, write_tmx

HEADER = TmxHeader(Locale("en"), Locale("de-CH"), "1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def written(*units: TmxUnit) -> ET.Element:
    """The document these units give."""
    return ET.fromstring(write_tmx(HEADER, units))  # noqa: S314 - our own


def segments(root: ET.Element) -> list[ET.Element]:
    """The segments, source and target in turn."""
    return list(root.iter("seg"))


def test_the_header_says_what_the_standard_asks_for() -> None:
    header = written().find("header")
    assert header is not None
    assert header.attrib == {
        "creationtool": "Dragoman",
        "creationtoolversion": "1",
        "segtype": "paragraph",
        "o-tmf": "dragoman",
        "adminlang": "en",
        "srclang": "en",
        "datatype": "xml",
        "creationdate": "20260102T030405Z",
    }


def test_a_unit_has_its_id_its_properties_and_both_languages() -> None:
    root = written(TmxUnit("u1", ("Law & order",), ("Recht < Ordnung",), {"x-kind": "a & b"}))
    (unit,) = root.iter("tu")
    assert unit.attrib == {"tuid": "u1"}
    assert [(prop.get("type"), prop.text) for prop in unit.iter("prop")] == [("x-kind", "a & b")]
    assert [tuv.get(LANGUAGE) for tuv in unit.iter("tuv")] == ["en", "de-CH"]
    assert [seg.text for seg in segments(root)] == ["Law & order", "Recht < Ordnung"]


def test_tags_are_pairs_placeholders_or_isolated() -> None:
    source: Content = (opening(1), "bold", closing(1), placeholder(2))
    target: Content = (closing(1), "fett", opening(1), opening(3))
    before, after = segments(written(TmxUnit("u1", source, target)))
    assert [(each.tag, each.attrib) for each in before] == [
        ("bpt", {"i": "1", "x": "1"}),
        ("ept", {"i": "1"}),
        ("ph", {"x": "2"}),
    ]
    assert [(each.tag, each.attrib) for each in after] == [
        ("it", {"pos": "end", "x": "1"}),
        ("it", {"pos": "begin", "x": "1"}),
        ("it", {"pos": "begin", "x": "3"}),
    ]


CONTENT = st.lists(
    st.text() | st.builds(Tag, id=st.integers(1, 4), side=st.sampled_from(TagSide))
).map(tuple)


@given(CONTENT)
def test_any_content_is_well_formed_and_keeps_its_text(content: Content) -> None:
    (segment, _) = segments(written(TmxUnit("u", content, ())))
    inside = (segment.text or "") + "".join(each.tail or "" for each in segment)
    kept = "".join(
        char
        for char in plain_text(content)
        if char.isprintable() and not 0xD800 <= ord(char) < 0xE000
    )
    assert [char for char in kept if char not in inside] == []
