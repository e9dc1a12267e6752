"""Controls, tables, rows and cells that come, go and move lead to both documents;
tracked cells are settled.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.test_diff_tracked import changes
from documents.wordml import document, paragraph, part, run
from dragoman_documents import Budget, accepted, rejected, untracked
from dragoman_documents.docx.xml import Element, parse_xml, short_name

Outline = list["str | list[list[Outline]]"]


def outline(data: bytes) -> Outline:
    """The body's paragraphs as text and its tables as rows of cells, controls looked through,
    nothing tracked left.
    """
    root = parse_xml(part(data).encode(), Budget())
    assert not {short_name(node) for node in root.iter()} & {
        "w:ins",
        "w:del",
        "w:cellDel",
        "w:cellIns",
        "w:cellMerge",
    }
    return _blocks(next(iter(root)))


def _blocks(container: Element) -> Outline:
    found: Outline = []
    for node in container:
        name = short_name(node)
        if name == "w:p":
            found.append(
                "".join(each.text or "" for each in node.iter() if short_name(each) == "w:t")
            )
        elif name == "w:tbl":
            found.append(
                [[_blocks(cell) for cell in _in(row, "w:tc")] for row in _in(node, "w:tr")]
            )
        elif name in {"w:sdt", "w:sdtContent"}:
            found += _blocks(node)
    return found


def _in(container: Element, wanted: str) -> list[Element]:
    found: list[Element] = []
    for node in container:
        if short_name(node) == wanted:
            found.append(node)
        elif short_name(node) in {"w:sdt", "w:sdtContent"}:
            found += _in(node, wanted)
    return found


def leads_to_both(before: str, after: str) -> str:
    """The main document with the changes,
    after it was made sure that they lead to both documents.
    """
    old, new = document(before), document(after)
    result = changes(old, new)
    assert outline(accepted(result)) == outline(new)
    assert outline(rejected(result)) == outline(old)
    return part(result)


def control(*inner: str, number: int = 1) -> str:
    return f'<w:sdt><w:sdtPr><w:id w:val="{number}"/></w:sdtPr><w:sdtContent>{"".join(inner)}</w:sdtContent></w:sdt>'


def cell(*inner: str) -> str:
    return f"<w:tc><w:tcPr/>{''.join(inner)}</w:tc>"


def row(*cells: str, mark: str = "") -> str:
    return f"<w:tr>{mark}{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/>{''.join(rows)}</w:tbl>"


def line(text: str) -> str:
    return paragraph(run(text))


A, B, C = line("first words"), line("second words"), line("third words")
TWO = table(row(cell(A), cell(B)), row(cell(C), cell(line("four"))))
NESTED = table(row(cell(A, TWO, B), cell(C)))
SHORT = table(row(cell(A)), row(cell(C), cell(line("four"))))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (A + control(B) + C, A + C + control(B)),
        (A + control(B) + C, A + C),
        (A + control(B, C), A + B + C),
        (A + control(B), control(A) + B),
        (A + control(TWO) + C, A + C),
        (TWO + C, control(TWO) + C),
        (TWO + C, C),
        (A + TWO + C, A + C),
        (TWO + C, SHORT + C),
        (
            table(row(cell(A), cell(B)), control(row(cell(C), cell(B)))) + A,
            table(row(cell(A), cell(B))) + A,
        ),
        (table(row(cell(A), control(cell(B)))) + A, table(row(cell(A), cell(C))) + A),
        (NESTED + A, table(row(cell(A, B), cell(C))) + A),
        (NESTED + A, table(row(cell(A, SHORT, B), cell(C))) + A),
        (
            paragraph(run("see "), control(run("this")), run(" here")),
            paragraph(run("see this here")),
        ),
        (
            paragraph(run("see "), control(run("this")), run(" here")),
            paragraph(run("see here "), control(run("this"))),
        ),
    ],
)
def test_what_comes_goes_and_moves_leads_to_both(one: str, other: str) -> None:
    for before, after in ((one, other), (other, one)):
        leads_to_both(before, after)


def test_a_control_round_the_same_words_is_no_change_of_words() -> None:
    assert "<w:del " not in leads_to_both(A + B + C, A + control(B) + C)


def test_a_control_that_went_is_named_because_word_has_no_mark_for_it() -> None:
    old, new = document(A + control(B) + C), document(A + C)
    assert [each.what for each in untracked(old, changes(old, new))]


def test_rows_of_a_table_in_a_cell_mark_their_cells_too() -> None:
    text = leads_to_both(NESTED + A, table(row(cell(A, B), cell(C))) + A)
    assert text.count("<w:cellDel ") == 4
    assert text.count("<w:trPr><w:del ") == 2


GONE = '<w:tcPr><w:cellDel w:id="1"/></w:tcPr>'
COME = '<w:tcPr><w:cellIns w:id="2"/></w:tcPr>'
MERGED = '<w:tcPr><w:tcW w:w="9"/><w:cellMerge w:id="3" w:vMerge="cont" w:vMergeOrig="rest"/><w:hideMark/></w:tcPr>'


def test_cells_tracked_as_deleted_and_inserted_are_settled() -> None:
    marked = [
        cell(line(text)).replace("<w:tcPr/>", mark)
        for text, mark in (("a", GONE), ("b", COME), ("c", ""))
    ]
    data = document(table(row(*marked)) + A)
    assert outline(accepted(data)) == [[[["b"], ["c"]]], "first words"]
    assert outline(rejected(data)) == [[[["a"], ["c"]]], "first words"]
    whole = document(table(control(row(marked[0]))) + A)
    assert outline(accepted(whole)) == ["first words"]
    assert "w:sdt" not in part(accepted(whole))


def test_a_record_of_earlier_cells_takes_no_cell_away() -> None:
    record = f'<w:tcPr><w:tcPrChange w:id="4">{GONE}</w:tcPrChange></w:tcPr>'
    data = document(table(row(cell(A).replace("<w:tcPr/>", record))) + B)
    for settled in (accepted(data), rejected(data)):
        assert outline(settled) == [[[["first words"]]], "second words"]


def test_merged_cells_are_settled() -> None:
    data = document(table(row(cell(A).replace("<w:tcPr/>", MERGED))) + B)
    assert '<w:tcW w:w="9"/><w:vMerge w:val="continue"/><w:hideMark/>' in part(accepted(data))
    assert '<w:tcW w:w="9"/><w:vMerge w:val="restart"/><w:hideMark/>' in part(rejected(data))


_LINES = st.sampled_from(["red", "green", "blue", "red green", ""]).map(line)
_CONTROLLED = st.lists(_LINES, min_size=1, max_size=2).map(lambda inner: control(*inner))
_CELLS = st.lists(_LINES | _CONTROLLED, max_size=2).map(lambda inner: cell(*inner, line("end")))
_ROWS = st.lists(_CELLS | _CELLS.map(control), min_size=1, max_size=2).map(
    lambda cells: row(*cells)
)
_TABLES = st.lists(_ROWS | _ROWS.map(control), min_size=1, max_size=3).map(
    lambda rows: table(*rows)
)
_IN_CELLS = st.lists(_TABLES | _LINES, max_size=2).map(
    lambda inner: table(row(cell(*inner, line("end"))))
)
_BLOCKS = _LINES | _CONTROLLED | _TABLES | _TABLES.map(control) | _IN_CELLS
_BODIES = st.lists(_BLOCKS, max_size=5).map(lambda blocks: "".join([*blocks, line("last")]))


@settings(max_examples=200, deadline=None)
@given(before=_BODIES, after=_BODIES)
def test_any_two_bodies_of_tables_and_controls_lead_to_both(before: str, after: str) -> None:
    leads_to_both(before, after)
