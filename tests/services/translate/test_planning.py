from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.text import TagRole, TagSpec
from dragoman_translate.planning import plan_batches
from dragoman_translate.ports import EngineCapabilities
from linguistics.units import unit

ANY = EngineCapabilities()


def test_twenty_five_units_travel_together_by_default() -> None:
    plan = plan_batches([unit(f"u{i}", f"Text {i}") for i in range(60)], ANY)
    assert [len(batch) for batch in plan.batches] == [25, 25, 10]


def test_the_engine_may_ask_for_smaller_batches() -> None:
    plan = plan_batches(
        [unit(f"u{i}", f"Text {i}") for i in range(10)], EngineCapabilities(max_units_per_batch=4)
    )
    assert [len(batch) for batch in plan.batches] == [4, 4, 2]


def test_a_batch_leaves_room_within_the_output_limit() -> None:
    units = [unit(f"u{i}", f"{i} " + "word " * 100) for i in range(6)]
    plan = plan_batches(units, EngineCapabilities(max_output_tokens=1_000))
    assert [len(batch) for batch in plan.batches] == [3, 3]


def test_a_unit_that_is_too_long_has_a_batch_of_its_own() -> None:
    units = [unit("a", "Short"), unit("b", "word " * 9_000), unit("c", "Short too")]
    plan = plan_batches(units, EngineCapabilities(max_output_tokens=1_000))
    assert plan.batches == (("a",), ("b",), ("c",))


def test_text_without_letters_and_untranslatable_units_are_copied() -> None:
    plan = plan_batches(
        [unit("a", "1.5"), unit("b", "Yes"), unit("c", "Code", is_translatable=False)], ANY
    )
    assert (plan.batches, plan.copied) == ((("b",),), ("a", "c"))


def test_a_repeated_unit_joins_the_batch_of_the_first() -> None:
    units = [unit(f"u{i}", f"Text {i}") for i in range(25)] + [
        unit("v", "Other"),
        unit("again", "Text 3"),
    ]
    plan = plan_batches(units, ANY)
    assert plan.batches[0][-1] == "again"
    assert plan.batches[1] == ("v",)


def test_equal_text_with_other_tags_is_not_a_repetition() -> None:
    bold, link = (TagSpec(id=1, role=role) for role in (TagRole.FORMAT, TagRole.LINK))
    units = [
        unit("a", ["<", 1], "x", ["/", 1], tags=(bold,)),
        unit("b", ["<", 1], "x", ["/", 1], tags=(link,)),
    ]
    assert plan_batches(units, EngineCapabilities(max_units_per_batch=1)).batches == (
        ("a",),
        ("b",),
    )


def test_no_units_give_no_batches() -> None:
    assert plan_batches([], ANY).batches == ()


@given(st.lists(st.sampled_from(["a", "b", "c d", "1", "", "e " * 50])), st.integers(1, 4))
def test_each_unit_is_planned_exactly_once(texts: list[str], size: int) -> None:
    units = [unit(f"u{i}", text) if text else unit(f"u{i}") for i, text in enumerate(texts)]
    plan = plan_batches(units, EngineCapabilities(max_batch_chars=60), size)
    planned = [unit_id for batch in plan.batches for unit_id in batch] + list(plan.copied)
    assert sorted(planned) == sorted(unit.unit_id for unit in units)
