"""XLIFF as the standards ask for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings

from documents.examples import content_of
from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.text import TagRole, TagSpec
from dragoman_exchange import ExchangeFormat, ReviewDocument, read_review, write_review
from exchange.reviews import COMMENT, FINDING, document, reviews, unit

V2 = "{urn:oasis:names:tc:xliff:document:2.0}"
V1 = "{urn:oasis:names:tc:xliff:document:1.2}"
MDA = "{urn:oasis:names:tc:xliff:metadata:2.0}"
NMTOKEN = re.compile(r"[\w.:-]+")
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOURCE = content_of("See <1>Acme</1>, page <2/>.")
TAGS = (
    TagSpec(id=1, role=TagRole.LINK, can_copy=True),
    TagSpec(id=2, role=TagRole.BREAK, can_reorder=False, equivalent="\n"),
)
REVIEW = document(
    unit(
        "word/document.xml#0.0",
        SOURCE,
        content_of("Seite <2/>, siehe <1>A</1> und <1>B</1>."),
        tags=TAGS,
        stage=ReviewStage.REVIEWED,
        findings=(FINDING,),
        comments=(COMMENT,),
    ),
    unit("u2", SOURCE, content_of("Siehe </1>Acme<1>, <2/>")),
)


def root_of(format: ExchangeFormat, review: ReviewDocument = REVIEW) -> ET.Element:
    return ET.fromstring(write_review(format, review))  # noqa: S314 - our own


def attributes(element: ET.Element) -> list[tuple[str, dict[str, str]]]:
    return [(each.tag.rpartition("}")[2], each.attrib) for each in element]


def test_a_unit_of_xliff_2_1_has_rights_states_notes_and_original_data() -> None:
    first, second = root_of(ExchangeFormat.XLIFF_2_1).iter(f"{V2}unit")
    assert first.get("name") == "word/document.xml#0.0"
    (segment,) = first.iter(f"{V2}segment")
    assert (segment.get("state"), segment.get("subState")) == ("reviewed", "dragoman:needs_review")
    assert [each.text for each in first.iter(f"{V2}data")] == ["<1>", "</1>", "<2/>"]
    assert [(each.get("category"), each.text) for each in first.iter(f"{V2}note")] == [
        ("finding", "[warning] numbers.missing: 12 is missing."),
        ("comment", "Ana, 2026-03-04: Use <Sie> here & there."),
    ]
    source, target = segment
    link = {"type": "link", "canCopy": "yes", "canDelete": "no"}
    data = {"dataRefStart": "o1", "dataRefEnd": "c1"}
    line = {"dataRef": "p2", "disp": "[2]", "equiv": "\n", "type": "fmt", "subType": "xlf:lb"}
    fixed = {"canCopy": "no", "canDelete": "no", "canReorder": "firstNo"}
    assert attributes(source) == [
        ("pc", {"id": "1", **data, **link}),
        ("ph", {"id": "2", **line, **fixed}),
    ]
    assert [each[1]["id"] for each in attributes(target)] == ["2", "1", "1-2"]
    assert [each[0] for each in attributes(next(second.iter(f"{V2}target")))] == ["ec", "sc", "ph"]


def parts_in_order(unit_element: ET.Element) -> list[str]:
    return [each.tag.rpartition("}")[2] for each in unit_element]


@given(review=reviews())
@patient
def test_any_xliff_2_1_keeps_the_constraints_of_the_standard(review: ReviewDocument) -> None:
    root = root_of(ExchangeFormat.XLIFF_2_1, review)
    assert (root.tag, root.get("version")) == (f"{V2}xliff", "2.1")
    assert root.get("srcLang") == review.source_locale
    assert root.get("trgLang") == review.target_locale
    (file,) = root
    units = list(file.iter(f"{V2}unit"))
    assert len({each.get("id") for each in units}) == len(units)
    for each in units:
        assert NMTOKEN.fullmatch(each.get("id") or "")
        assert each.get(SPACE) == "preserve"
        order = ["metadata", "notes", "originalData", "segment"]
        assert parts_in_order(each) == [name for name in order if name in parts_in_order(each)]
        data = [found.get("id") for found in each.iter(f"{V2}data")]
        assert len(data) == len(set(data))
        for side in ("source", "target"):
            (text,) = each.iter(V2 + side)
            assert list(faults(text, set(data))) == []


def faults(text: ET.Element, data: set[str | None]) -> Iterator[str]:
    """Every breach of XLIFF 2.1 §4.3 and §4.7 in a source or target."""
    codes = [each for each in text.iter() if each is not text]
    ids = Counter(each.get("id") for each in codes if each.get("id"))
    yield from (f"{each} is not unique" for each, count in ids.items() if count > 1)
    starts = {each.get("id"): each for each in codes if each.tag == f"{V2}sc"}
    ends = {each.get("startRef") for each in codes if each.tag == f"{V2}ec"}
    for each in codes:
        name = each.tag.removeprefix(V2)
        if name not in ("pc", "ph", "sc", "ec"):
            yield f"{name} is no inline code"
        references = {each.get(key) for key in ("dataRef", "dataRefStart", "dataRefEnd")} - {None}
        if not references or references - data:
            yield f"{name} has no original data"
        if each.get("canReorder") and (each.get("canCopy"), each.get("canDelete")) != ("no", "no"):
            yield f"{name} may not move, but be copied or deleted"
        if each.get("subType", "").startswith("xlf:"):
            wanted = "ui" if each.get("subType") == "xlf:var" else "fmt"
            if each.get("type") != wanted:
                yield f"{name} has a sub-type of another type"
        is_isolated = each.get("isolated") == "yes"
        if name == "sc" and is_isolated == (each.get("id") in ends):
            yield "sc is isolated and ended, or neither"
        if name == "ec" and is_isolated == ("startRef" in each.attrib):
            yield "ec is isolated and started, or neither"
        if name == "ec" and not is_isolated:
            start = starts[each.get("startRef")]
            rights = ("canCopy", "canDelete", "canReorder")
            if [each.get(key) for key in rights] != [start.get(key) for key in rights]:
                yield "ec has other rights than its sc"


@given(review=reviews())
@patient
def test_any_xliff_1_2_has_its_parts_in_the_order_of_the_schema(review: ReviewDocument) -> None:
    root = root_of(ExchangeFormat.XLIFF_1_2, review)
    assert (root.tag, root.get("version")) == (f"{V1}xliff", "1.2")
    (file,) = root
    assert {"original", "source-language", "target-language", "datatype"} <= set(file.attrib)
    for each in file.iter(f"{V1}trans-unit"):
        source, target, *notes = each
        assert (source.tag, target.tag) == (f"{V1}source", f"{V1}target")
        assert {note.tag for note in notes} <= {f"{V1}note"}
        assert (each.get("approved") == "yes") == (target.get("state") == "final")
        inline = {found.tag.removeprefix(V1) for found in (*source.iter(), *target.iter())}
        assert inline <= {"source", "target", "g", "x", "bx", "ex"}


def test_segments_of_a_unit_are_joined_in_the_order_of_their_targets() -> None:
    data = write_review(ExchangeFormat.XLIFF_2_1, REVIEW).decode()
    first, rest = data.split("</unit>", 1)
    segment = re.compile(r"<segment.*</segment>", re.DOTALL)
    pieces = (
        '<segment state="final"><source>See <sc id="1" dataRef="o1"/>Ac</source>'
        '<target order="3">me<ec startRef="1"/>, <ph id="2" dataRef="p2"/>.</target></segment>'
        '<segment state="translated"><source>me<ec startRef="1" dataRef="c1"/>, page <ph id="2"/>.'
        '</source><target order="1">Siehe <mrk id="m1" type="term"><sc id="1"/>Ac</mrk></target>'
        "</segment><ignorable><source/></ignorable>"
    )
    reading = read_review(REVIEW, (segment.sub(pieces, first) + "</unit>" + rest).encode())
    assert reading.rejected == ()
    assert reading.imported[0].target == content_of("Siehe <1>Acme</1>, <2/>.")
    # The unit is as far as the segment that is least far.
    assert reading.imported[0].stage is ReviewStage.TRANSLATED


def test_codes_that_a_tool_numbered_anew_are_told_by_their_original_data() -> None:
    data = write_review(ExchangeFormat.XLIFF_2_1, REVIEW).decode()
    other = re.sub(r'<target>Seite <ph id="2"', '<target>Seite <ph id="77"', data)
    reading = read_review(REVIEW, other.encode())
    assert reading.rejected == ()
    assert reading.imported[0].target == REVIEW.units[0].target


def test_a_code_point_that_xml_cannot_hold_costs_its_unit() -> None:
    data = write_review(ExchangeFormat.XLIFF_2_1, REVIEW).decode()
    reading = read_review(REVIEW, data.replace("Seite ", 'Seite <cp hex="001F"/>').encode())
    assert [each.code for each in reading.rejected] == ["exchange.characters"]


def test_an_unknown_element_costs_its_unit() -> None:
    for format, known in ((ExchangeFormat.XLIFF_2_1, "ph"), (ExchangeFormat.XLIFF_1_2, "x")):
        data = write_review(format, REVIEW).decode()
        other = re.sub(rf"Seite <{known} id=", "Seite <blob id=", data)
        assert other != data
        reading = read_review(REVIEW, other.encode())
        assert [each.code for each in reading.rejected] == ["exchange.tags"]


def test_states_of_other_tools_are_stages() -> None:
    data = write_review(ExchangeFormat.XLIFF_1_2, REVIEW).decode()
    changes = {
        'state="signed-off"': {
            'state="needs-review-translation"': ReviewStage.TRANSLATED,
            'state="needs-l10n"': ReviewStage.DRAFT,
            'state="final"': ReviewStage.APPROVED,
            'state="signed-off"': None,
            'state="x-own"': None,
        }
    }
    for old, new in changes.items():
        for written, stage in new.items():
            reading = read_review(REVIEW, data.replace(old, written).encode())
            assert reading.imported[0].stage is stage
    approved = data.replace('approved="no"', 'approved="yes"', 1)
    assert read_review(REVIEW, approved.encode()).imported[0].stage is ReviewStage.APPROVED


def test_metadata_of_the_job_stands_in_the_file() -> None:
    (file,) = root_of(ExchangeFormat.XLIFF_2_1)
    assert str(REVIEW.job_id) in (file.get("original") or "")
    found = {each.get("type"): each.text for each in next(file.iter(f"{MDA}metadata")).iter()}
    assert found["title"] == "Supply contract"
