import string

from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.reports import UnitVerdict
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_linguistics import verify_unit
from dragoman_translate.adapters.local import identity_engine, pseudo_engine, pseudo_text
from linguistics.units import unit


def test_pseudo_maps_each_latin_letter_to_a_cyrillic_one_of_its_own() -> None:
    assert pseudo_text(string.ascii_lowercase) == "абвгдежзиклмнопрстуфхцчшщэ"
    assert pseudo_text(string.ascii_uppercase) == "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭ"


@given(st.text(alphabet="é12 <3/>,.%привет\n"))
def test_pseudo_leaves_all_else_as_it_is(text: str) -> None:
    assert pseudo_text(text) == text


@given(st.text(alphabet="abcXYZ é,.125%ж", max_size=40))
def test_what_pseudo_translates_needs_no_review(text: str) -> None:
    target = UnitTarget(unit_id="u", target=(pseudo_text(text),), result_source=ResultSource.ENGINE)
    not_applicable = pseudo_engine().capabilities.inapplicable_checks
    assert (
        verify_unit(unit("u", text), target, not_applicable=not_applicable).verdict
        is UnitVerdict.PASSED
    )


def test_what_identity_translates_needs_no_review() -> None:
    target = UnitTarget(unit_id="u", target=("plain words",), result_source=ResultSource.ENGINE)
    not_applicable = identity_engine().capabilities.inapplicable_checks
    assert (
        verify_unit(unit("u", "plain words"), target, not_applicable=not_applicable).verdict
        is UnitVerdict.PASSED
    )
