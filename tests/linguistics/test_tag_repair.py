import re

from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.text import (
    Content,
    TagRepair,
    TagRole,
    TagSpec,
    closing,
    opening,
    placeholder,
    plain_text,
)
from dragoman_linguistics import align_tags, repair
from linguistics.contents import damaged, nested_content, specs_for

LINK = TagSpec(id=1, role=TagRole.LINK)
BOLD = TagSpec(id=1, role=TagRole.FORMAT, can_delete=True)


def in_words(content: Content) -> str:
    """The text without what blanks to fill in are made of, which is the source's to say."""
    return re.sub(r"[\s_.…]", "", plain_text(content))


def test_a_target_whose_tags_agree_is_left_as_it_is() -> None:
    source: Content = ("See ", opening(1), "Annex 2", closing(1))
    target: Content = (opening(1), "Anexo 2", closing(1), ": véase")
    assert repair(source, target, (LINK,)) == (target, TagRepair.EXACT)


def test_crossed_pairs_are_nested_again() -> None:
    source: Content = (opening(1), "a", closing(1), opening(2), "b", closing(2))
    target: Content = (opening(1), "uno", opening(2), "dos", closing(1), "tres", closing(2))
    repaired, rung = repair(source, target, ())
    assert rung is TagRepair.REORDERED
    assert repaired == (opening(1), "unodos", closing(1), opening(2), "tres", closing(2))


def test_a_pair_that_was_closed_before_it_was_opened_is_turned_round() -> None:
    source: Content = ("a ", opening(1), "b", closing(1))
    repaired, rung = repair(source, ("uno ", closing(1), "dos", opening(1)), ())
    assert (repaired, rung) == (("uno ", opening(1), "dos", closing(1)), TagRepair.REORDERED)


def test_tags_that_may_not_be_reordered_come_back_in_source_order() -> None:
    source: Content = ("a", placeholder(1), "b", placeholder(2), "c")
    specs = tuple(TagSpec(id=i, role=TagRole.NOTE, can_reorder=False) for i in (1, 2))
    repaired, rung = repair(source, ("uno", placeholder(2), "dos", placeholder(1), "tres"), specs)
    assert (repaired, rung) == (
        ("uno", placeholder(1), "dos", placeholder(2), "tres"),
        TagRepair.REORDERED,
    )


def test_invented_tags_are_dropped() -> None:
    source: Content = ("Hello ", placeholder(1))
    repaired, rung = repair(source, ("Hola", placeholder(9), " ", placeholder(1), closing(4)), ())
    assert (repaired, rung) == (("Hola ", placeholder(1)), TagRepair.REORDERED)


def test_a_lost_link_is_put_around_the_words_it_had() -> None:
    source: Content = (
        "Please contact ",
        opening(1),
        "Dragoman Support",
        closing(1),
        " before 12 May",
    )
    repaired, rung = repair(
        source, ("Póngase en contacto con Dragoman Support antes del 12 May",), (LINK,)
    )
    assert rung is TagRepair.PROJECTED
    assert repaired == (
        "Póngase en contacto con ",
        opening(1),
        "Dragoman Support",
        closing(1),
        " antes del 12 May",
    )


def test_a_note_mark_goes_back_to_the_word_it_touches() -> None:
    source: Content = ("The Contract", placeholder(1), " ends in 2027.")
    repaired, rung = repair(source, ("El Contrato termina en 2027.",), ())
    assert rung is TagRepair.PROJECTED
    assert repaired == ("El Contrato", placeholder(1), " termina en 2027.")


def test_a_pair_around_everything_goes_around_everything() -> None:
    source: Content = (opening(1), "Good morning", closing(1))
    repaired, rung = repair(source, ("Доброе утро",), (BOLD,))
    assert (repaired, rung) == ((opening(1), "Доброе утро", closing(1)), TagRepair.PROJECTED)


def test_when_words_do_not_say_where_nothing_is_lost_and_the_rung_says_so() -> None:
    source: Content = ("The big ", opening(1), "white", closing(1), " house")
    repaired, rung = repair(source, ("Большой белый дом",), (LINK,))
    assert rung is TagRepair.WHOLE_UNIT
    assert plain_text(repaired) == "Большой белый дом"
    assert align_tags(source, repaired, (LINK,)).is_clean


def test_formatting_that_may_be_deleted_and_cannot_be_placed_stays_out() -> None:
    source: Content = ("The big ", opening(1), "white", closing(1), " house")
    assert repair(source, ("Большой белый дом",), (BOLD,)) == (
        ("Большой белый дом",),
        TagRepair.EXACT,
    )


def test_formatting_that_was_left_out_comes_back_where_words_say_where() -> None:
    source: Content = ("Call ", opening(1), "ACME-9000", closing(1), " now")
    repaired, rung = repair(source, ("Позвоните в ACME-9000 сейчас",), (BOLD,))
    assert rung is TagRepair.PROJECTED
    assert repaired == ("Позвоните в ", opening(1), "ACME-9000", closing(1), " сейчас")


def test_tags_that_stand_in_each_other_s_way_are_placed_by_words() -> None:
    source: Content = (
        opening(1),
        "Dragoman",
        closing(1),
        " and ",
        opening(2),
        "Interpreter",
        closing(2),
    )
    damaged_target: Content = (
        opening(2),
        "Dragoman",
        closing(1),
        " e ",
        opening(1),
        "Interpreter",
        closing(2),
    )
    repaired, rung = repair(source, damaged_target, ())
    assert rung is TagRepair.PROJECTED
    assert repaired == (
        opening(1),
        "Dragoman",
        closing(1),
        " e ",
        opening(2),
        "Interpreter",
        closing(2),
    )


def test_an_empty_target_still_carries_every_tag() -> None:
    source: Content = ("See ", opening(1), "Annex", placeholder(2), closing(1))
    repaired, _ = repair(source, (), (LINK,))
    assert {str(part) for part in repaired} == {"<1>", "</1>", "<2/>"}


@given(st.data())
def test_repair_never_loses_a_kept_tag_nor_invents_one_nor_touches_the_words(
    data: st.DataObject,
) -> None:
    source = data.draw(nested_content())
    target = data.draw(damaged(source))
    specs = data.draw(specs_for(source))
    repaired, _ = repair(source, target, specs)
    assert in_words(repaired) == in_words(target)
    report = align_tags(source, repaired, specs)
    assert not report.missing
    assert not report.added
    assert not report.crossed
    assert not report.moved


@given(st.data())
def test_a_target_that_was_repaired_without_guessing_needs_no_further_repair(
    data: st.DataObject,
) -> None:
    source = data.draw(nested_content())
    specs = data.draw(specs_for(source))
    repaired, rung = repair(source, data.draw(damaged(source)), specs)
    if rung is TagRepair.REORDERED:
        assert repair(source, repaired, specs) == (repaired, TagRepair.EXACT)


@given(st.data())
def test_undamaged_tags_around_other_words_are_exact(data: st.DataObject) -> None:
    source = data.draw(nested_content())
    target: Content = tuple(
        re.sub("[ab]", "x", part) if isinstance(part, str) else part for part in source
    )
    assert repair(source, target, data.draw(specs_for(source))) == (target, TagRepair.EXACT)


def test_a_link_inside_a_link_is_taken_out_and_that_is_on_record() -> None:
    source: Content = (
        "See ",
        opening(1),
        "Dragoman",
        closing(1),
        " or ",
        opening(2),
        "Interpreter",
        closing(2),
        ".",
    )
    target: Content = (
        "Ver ",
        opening(1),
        "Dragoman o ",
        opening(2),
        "Interpreter",
        closing(2),
        closing(1),
        ".",
    )
    specs = (LINK, TagSpec(id=2, role=TagRole.LINK))
    repaired, rung = repair(source, target, specs)
    assert rung is TagRepair.PROJECTED
    assert align_tags(source, repaired, specs).is_clean
    assert plain_text(repaired) == plain_text(target)
    assert repair(source, source, specs) == (source, TagRepair.EXACT)
