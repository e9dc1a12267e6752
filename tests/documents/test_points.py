"""The numbers of charts are kept out of their trees:
what comes out is what the whole tree would give.
"""

import io
import zipfile
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from documents import wordml
from documents.both_readers import reading_quickly_from
from dragoman_contracts.text import Content
from dragoman_documents import Budget, TooLargeError, extract, merge
from dragoman_documents.docx.quick import reader
from dragoman_documents.docx.quick.points import take_points

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"


@pytest.fixture(scope="module", autouse=True)
def reduction_of_parts_of_any_size() -> Iterator[None]:
    with reading_quickly_from(0):
        yield


def point(index: int, value: str) -> str:
    return f'<c:pt idx="{index}"><c:v>{value}</c:v></c:pt>'


def numbers(*values: str) -> str:
    points = "".join(point(index, value) for index, value in enumerate(values))
    return f'<c:numCache><c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>{points}</c:numCache>'


def series(name: str, cache: str) -> str:
    title = f"<c:tx><c:strRef><c:strCache>{point(0, name)}{point(1, '2024')}</c:strCache></c:strRef></c:tx>"
    return f"<c:ser>{title}<c:val><c:numRef><c:f>A1:A9</c:f>{cache}</c:numRef></c:val></c:ser>"


def chart(*inner: str) -> bytes:
    text = f'<c:chartSpace xmlns:c="{CHART}"><c:chart>{"".join(inner)}</c:chart></c:chartSpace>'
    types = '<Override PartName="/word/chart1.xml" ContentType="x/drawingml.chart+xml"/>'
    whole = wordml.package(
        {"word/document.xml": wordml.story("document", ""), "word/chart1.xml": text}
    )
    listed = wordml.part(whole, "[Content_Types].xml").replace("</Types>", types + "</Types>")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return wordml.zipped({**parts, "[Content_Types].xml": listed.encode()})


PLAIN = numbers("1.5", "-2E-7", "#N/A", "8")
ODD = (
    numbers("1 &lt; 2"),
    numbers("1", ""),
    numbers("zwölf"),
    numbers("1").replace("<c:pt ", "<c:pt\n"),
    numbers("1").replace("</c:numCache>", "<c:extLst/></c:numCache>"),
    numbers("1").replace("</c:v>", "<!-- one --></c:v>"),
    "<c:numCache/>",
    "<!-- <c:numCache>" + point(0, "5") + "</c:numCache> -->",
)


def translated(data: bytes) -> bytes:
    targets: dict[str, Content] = {
        unit.unit_id: wordml.pseudo(unit) for unit in extract(data).units
    }
    return merge(data, targets)


@pytest.mark.parametrize("cache", [PLAIN, *ODD])
def test_a_chart_is_read_and_written_as_its_whole_tree_would_be(cache: str) -> None:
    data = chart(series("Costs", PLAIN), series("Gains", cache), series("Tax", PLAIN))
    units, written = extract(data), translated(data)
    with patch.object(reader, "take_points", return_value=None):
        assert extract(data) == units
        assert translated(data) == written
    assert [unit.source for unit in units.units] == [("Costs",), ("Gains",), ("Tax",)]


def test_plain_points_are_taken_out_and_others_are_not() -> None:
    reduced = take_points((PLAIN + "".join(ODD)).encode(), Budget())
    assert reduced is not None
    points, rest = reduced
    assert [taken.count(b"<c:pt ") for taken in points.taken] == [4, 1]
    assert points.restored(rest) == (PLAIN + "".join(ODD)).encode()


def test_points_count_against_the_budget() -> None:
    with pytest.raises(TooLargeError, match="elements"):
        take_points(numbers(*"123456789").encode(), Budget(elements=20))
