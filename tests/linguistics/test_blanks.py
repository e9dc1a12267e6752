import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.reports import UnitVerdict
from dragoman_contracts.text import (
    Content,
    ResultSource,
    TagRepair,
    TagRole,
    TagSpec,
    UnitTarget,
    closing,
    normalised,
    opening,
    placeholder,
    plain_text,
)
from dragoman_linguistics import (
    blanks_of,
    parse,
    render,
    render_by,
    repair,
    restore_blanks,
    restore_pair_margins,
    shrink_blanks,
    verify_unit,
)
from linguistics.contents import damaged, nested_content
from linguistics.units import unit

FORM: Content = (
    "Name: ",
    opening(1),
    "          ",
    closing(1),
    " Date: ",
    opening(2),
    "     ",
    closing(2),
    ".",
)
FORMAT = tuple(
    TagSpec(id=each, role=TagRole.FORMAT, can_delete=True, can_copy=True) for each in (1, 2, 3)
)


def test_a_blank_travels_as_a_placeholder_and_comes_back_with_its_white_space() -> None:
    key = render(FORM)
    assert key.text == "Name: <1/> Date: <2/>."
    assert parse("Nombre: <1/> Fecha: <2/>.", key) == (
        "Nombre: ",
        opening(1),
        "          ",
        closing(1),
        " Fecha: ",
        opening(2),
        "     ",
        closing(2),
        ".",
    )


@pytest.mark.parametrize(
    "written", ["<1/>", "<1></1>", "<1> </1>", "<1>          </1>", "< 1 / >", "<1>"]
)
def test_whatever_an_engine_writes_into_a_blank_its_white_space_is_the_source_s(
    written: str,
) -> None:
    key = render(FORM)
    target = parse(f"Nombre: {written} Fecha: <2/>.", key)
    assert target[1:4] == FORM[1:4]
    assert target[4] == " Fecha: "


def test_words_written_into_a_blank_come_to_stand_behind_it() -> None:
    assert parse("Nombre: <1>Ana</1>", render(FORM)) == ("Nombre: ", *FORM[1:4], "Ana")


def test_a_single_space_parts_words_and_is_sent_as_it_is() -> None:
    source: Content = ("white", opening(1), " ", closing(1), "house")
    assert render(source).text == "white<1> </1>house"


@pytest.mark.parametrize("blank", ["\u00a0\u00a0", "\t", "\u2003", "______", "........", "  __  "])
def test_no_break_spaces_and_lines_to_write_on_are_blanks(blank: str) -> None:
    content: Content = ("a ", opening(1), blank, closing(1), " b")
    assert render(content).text == "a <1/> b"
    assert parse("a <1/> b", render(content)) == content


@pytest.mark.parametrize("text", [".", "...", "…", "_", "x  "])
def test_marks_and_words_are_no_blanks(text: str) -> None:
    assert not blanks_of((opening(1), text, closing(1), "b"))


def test_a_blank_with_a_tab_in_it_is_one_blank() -> None:
    blank: Content = (opening(1), "  ", placeholder(2), "  ", closing(1))
    content: Content = ("Sign: ", *blank, " here")
    assert render(content).text == "Sign: <1/> here"
    assert parse("Firme: <1/> aquí", render(content)) == ("Firme: ", *blank, " aquí")


def test_a_blank_that_was_left_out_comes_back_and_says_so() -> None:
    target, rung = repair(FORM, ("Nombre: Fecha: ", *FORM[5:8], "."), FORMAT)
    assert [str(part) for part in target].count("          ") == 1
    assert rung in (TagRepair.PROJECTED, TagRepair.WHOLE_UNIT)


def test_a_blank_that_lost_its_tags_is_known_by_its_white_space() -> None:
    target, rung = repair(FORM, ("Nombre:           Fecha: ", *FORM[5:8], "."), FORMAT)
    assert target == ("Nombre:", *FORM[1:4], " Fecha: ", *FORM[5:8], ".")
    assert rung is TagRepair.EXACT


def test_a_doubled_blank_is_one_again() -> None:
    target, rung = repair(FORM, (*FORM[:4], *FORM[1:]), FORMAT)
    assert (target, rung) == (FORM, TagRepair.REORDERED)


def test_a_space_with_a_look_takes_the_nearest_space_where_it_lost_its_own() -> None:
    source: Content = ("white", opening(1), " ", closing(1), "house")
    target, _ = repair(source, ("casa", opening(1), closing(1), " blanca"), FORMAT)
    assert target == ("casa", opening(1), " ", closing(1), "blanca")


def test_the_rest_of_an_underlined_line_stays_in_its_pair() -> None:
    source: Content = ("Name: ", opening(1), "Mary          ", closing(1), " Date")
    wanted: Content = ("Nombre: ", opening(1), "Mary          ", closing(1), " Fecha")
    assert (
        restore_pair_margins(source, ("Nombre: ", opening(1), "Mary", closing(1), " Fecha"))
        == wanted
    )
    assert (
        restore_pair_margins(
            source, ("Nombre: ", opening(1), "Mary ", closing(1), "          Fecha")
        )
        == wanted
    )


def test_a_blank_that_is_not_the_source_s_needs_review() -> None:
    form = unit("u", *FORM, tags=FORMAT)
    for blank in ("          ", "  "):
        content = normalised(
            ["Nombre: ", opening(1), blank, closing(1), " Fecha: ", *FORM[5:8], "."]
        )
        found = verify_unit(
            form, UnitTarget(unit_id="u", target=content, result_source=ResultSource.REVIEW)
        )
        is_same = blank == FORM[2]
        assert ("space.blank" in {finding.code for finding in found.findings}) is not is_same
        assert (found.verdict is UnitVerdict.NEEDS_REVIEW) is not is_same


@given(nested_content())
def test_what_is_folded_is_unfolded_without_loss(content: Content) -> None:
    blanks = blanks_of(content)
    assert restore_blanks(shrink_blanks(content, blanks), blanks) == content
    assert render_by(content, render(content)) == render(content).text


@given(st.data())
def test_repair_gives_every_blank_back_once_and_exactly(data: st.DataObject) -> None:
    source = data.draw(nested_content())
    repaired, _ = repair(source, data.draw(damaged(source)), ())
    for tag_id, blank in blanks_of(source).items():
        assert repaired.count(opening(tag_id)) == 1
        start = repaired.index(opening(tag_id))
        assert plain_text(repaired[start : repaired.index(closing(tag_id))]) == plain_text(blank)
