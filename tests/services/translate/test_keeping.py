"""A new version of a document keeps the translations of the one before: a person's always, an
engine's on equal terms, and none that is not surely the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from dragoman_contracts.events import Savings, UnitsAndWords
from dragoman_contracts.locale import Locale
from dragoman_contracts.previous import (
    ContextChanged,
    PreviousMatch,
    PreviousUnit,
    PreviousVersion,
)
from dragoman_contracts.resources import MatchList
from dragoman_contracts.text import (
    ResultSource,
    TagRole,
    TagSpec,
    TakenFrom,
    UnitList,
    UnitTarget,
    closing,
    opening,
)
from dragoman_memory import KeepingTerms, context_digest, previous_matches
from dragoman_translate.batches import translate_batch
from dragoman_translate.dialogue import BatchTask
from dragoman_translate.hinting import hints_of
from dragoman_translate.keeping import Kept, neighbours_of
from dragoman_translate.planning import plan_batches
from dragoman_translate.ports import EngineCapabilities
from dragoman_translate.saving import savings_of
from linguistics.units import text_of, unit
from services.translate.ledgers import MemoryLedger
from services.translate.scripted import ScriptedEngine, good

EN, ES = Locale("en"), Locale("es")
JOB = UUID(int=7)
BOLD = (TagSpec(id=1, role=TagRole.FORMAT),)
TEXTS = ("Dear customer,", "Pay the invoice now.", "With kind regards")


def document(*texts: str) -> UnitList:
    """The units of a document of these paragraphs, with ids of their places."""
    units = tuple(unit(f"n{place}", text) for place, text in enumerate(texts))
    return UnitList(source_locale=EN, units=units)


def translated(
    texts: Sequence[str] = TEXTS, people: Sequence[int] = (), **targets: str
) -> PreviousVersion:
    """The earlier job: each text in capitals, those at the places of `people` as they wrote them."""
    digests = [context_digest((text,)) for text in texts]
    units = tuple(
        PreviousUnit(
            unit_id=f"o{place}",
            source=(text,),
            target=(targets.get(f"o{place}", f"{'Persona' if place in people else ''} {text}"),),
            before=digests[place - 1] if place else 0,
            after=digests[place + 1] if place + 1 < len(texts) else 0,
            is_persons=place in people,
        )
        for place, text in enumerate(texts)
    )
    return PreviousVersion(job_id=JOB, units=units)


def terms(
    context_changed: ContextChanged = ContextChanged.KEEP, *, keeps_engines: bool = True
) -> KeepingTerms:
    return KeepingTerms(EN, ES, keeps_engines, context_changed)


def matches(
    units: UnitList, earlier: PreviousVersion, about: KeepingTerms | None = None
) -> dict[str, PreviousMatch]:
    found = previous_matches(units, earlier, about or terms())
    return {each.unit_id: each for each in found.units}


def kept(found: dict[str, PreviousMatch]) -> list[str]:
    return [key for key, each in found.items() if each.is_kept]


def test_one_inserted_paragraph_costs_one_unit_and_its_neighbours_are_marked() -> None:
    # given a version whose second paragraph a person wrote
    earlier = translated(people=[1])
    # when a paragraph is inserted before the last
    found = matches(document(*TEXTS[:2], "It is due on Monday.", TEXTS[2]), earlier)
    # then all others are kept, and those beside the new one are marked
    assert kept(found) == ["n0", "n1", "n3"]
    assert [each.is_context_changed for each in found.values() if each.is_kept] == [
        False,
        True,
        True,
    ]
    assert found["n1"].is_persons
    assert text_of(found["n1"].target) == "Persona Pay the invoice now."
    assert (found["n1"].previous_unit_id, found["n0"].score) == ("o1", 101)


def test_the_edges_of_a_document_are_neighbours_too() -> None:
    assert not any(
        each.is_context_changed for each in matches(document(*TEXTS), translated()).values()
    )
    shorter = matches(document(*TEXTS[1:]), translated())
    assert [each.is_context_changed for each in shorter.values()] == [True, False]


def test_a_text_with_other_tags_is_99_at_most_and_not_kept() -> None:
    # given a person's translation of a plain text
    earlier = translated(people=[1])
    # when a word of it is bold now
    bold = unit("n1", "Pay the ", opening(1), "invoice", closing(1), " now.", tags=BOLD)
    whole = document(*TEXTS)
    units = whole.model_copy(update={"units": (whole.units[0], bold, whole.units[2])})
    found = matches(units, earlier)
    # then it is shown and not taken
    assert (found["n1"].score, found["n1"].differences) == (99, ("tags",))
    assert kept(found) == ["n0", "n2"]
    assert "n1" in Kept(previous_matches(units, earlier, terms())).examples()


def test_tags_with_other_ids_are_the_same_and_keep_the_ids_of_this_version() -> None:
    digest = context_digest(("a",))
    before = PreviousUnit(
        unit_id="o",
        source=("Pay ", opening(4), "now", closing(4)),
        target=(opening(4), "Ya", closing(4)),
        is_persons=True,
        before=digest,
    )
    now = unit("n", "Pay ", opening(1), "now", closing(1), tags=BOLD)
    units = UnitList(source_locale=EN, units=(now,))
    found = matches(units, PreviousVersion(job_id=JOB, units=(before,)))
    assert found["n"].is_kept
    assert text_of(found["n"].target) == "<1>Ya</1>"


def test_of_two_translations_of_one_text_the_one_between_the_same_neighbours_is_kept() -> None:
    texts = ("Buyer", "Yes", "Seller", "Yes", "Bank")
    earlier = translated(texts, people=[1, 3], o1="Sí", o3="De acuerdo")
    found = matches(document(*texts), earlier)
    assert [text_of(found[key].target) for key in ("n1", "n3")] == ["Sí", "De acuerdo"]
    # where none stood there, neither is taken
    moved = matches(document("Somebody", "Yes", "Nobody"), earlier)
    assert (moved["n1"].score, moved["n1"].is_ambiguous) == (99, True)
    assert kept(moved) == []


def test_of_equal_units_between_equal_neighbours_each_is_the_one_that_came_as_the_same() -> None:
    # given a block that stands twice, and was translated in two ways
    block = ("Buyer", "Yes", "Seller")
    earlier = translated((*block, *block), people=[1, 4], o1="Sí", o4="De acuerdo")
    # when both stand in the next version, each keeps its own
    found = matches(document("A title", *block, *block), earlier)
    assert [text_of(found[key].target) for key in ("n2", "n5")] == ["Sí", "De acuerdo"]
    # when one of them is gone, nobody can tell which, and neither is taken
    one = matches(document("A title", *block), earlier)
    assert (one["n2"].is_ambiguous, one["n2"].is_kept) == (True, False)


def test_a_person_s_translation_goes_before_an_engine_s_of_the_same_text() -> None:
    earlier = translated(("Buyer", "Yes", "Seller", "Yes", "Bank"), people=[3], o1="Sí", o3="Vale")
    found = matches(document("Somebody", "Yes", "Nobody"), earlier)
    assert text_of(found["n1"].target) == "Vale"
    assert found["n1"].is_kept


def test_another_engine_keeps_people_s_translations_alone() -> None:
    found = matches(document(*TEXTS), translated(people=[1]), terms(keeps_engines=False))
    assert kept(found) == ["n1"]


def test_a_policy_may_want_what_moved_translated_anew_but_for_people_s_work() -> None:
    # given a version whose first paragraph a person wrote
    earlier = translated(people=[0])
    # when its second paragraph changed, and the policy translates what stands beside others
    units = document(TEXTS[0], "Pay it tomorrow.", TEXTS[2])
    about = terms(ContextChanged.TRANSLATE)
    found = matches(units, earlier, about)
    # then the person's is kept and marked, and the engine's asked anew under a key of its own
    assert kept(found) == ["n0"]
    assert found["n0"].is_context_changed
    earlier_matches = Kept(previous_matches(units, earlier, about))
    assert earlier_matches.moved() == {"n2"}
    assert list(neighbours_of(units, earlier_matches.moved())) == ["n2"]
    assert neighbours_of(units, {"n2"}) != neighbours_of(document(*TEXTS), {"n2"})


def test_a_changed_text_has_the_person_s_old_translation_as_its_example() -> None:
    units = document(TEXTS[0], "Pay the invoice today.", TEXTS[2])
    found = Kept(previous_matches(units, translated(people=[1]), terms()))
    hints = hints_of(units.units[1:2], (), MatchList(), EN, found.examples())
    assert [(each.source, each.target) for each in hints["n1"].matches] == [
        (TEXTS[1], f"Persona {TEXTS[1]}")
    ]
    # an engine's own old text is none: it would only make it repeat itself
    nobody = Kept(previous_matches(units, translated(), terms()))
    assert nobody.examples() == {}


def test_what_needs_no_engine_and_what_is_empty_is_not_taken_over() -> None:
    earlier = translated(("12.50", "Pay now."), o1="  ")
    assert matches(document("12.50", "Pay now."), earlier)["n1"].is_kept is False
    assert "n0" not in matches(document("12.50", "Pay now."), earlier)


def test_kept_units_take_no_room_in_a_request() -> None:
    units = document(*(f"Clause {number} of them." for number in range(200))).units
    changed = [units[3], units[90], units[170]]
    ids = frozenset(each.unit_id for each in units if each not in changed)
    plan = plan_batches(units, EngineCapabilities(), 25, kept=ids)
    assert len(plan.batches) == 1
    assert sorted(plan.batches[0]) == sorted(each.unit_id for each in units)
    assert len(plan_batches(units, EngineCapabilities(), 25).batches) == 8


def test_a_very_long_document_is_cut_even_where_all_of_it_is_kept() -> None:
    units = document(*(f"Clause {number} of them." for number in range(2_500))).units
    plan = plan_batches(units, EngineCapabilities(), kept={each.unit_id for each in units})
    assert [len(batch) for batch in plan.batches] == [1_000, 1_000, 500]


def made(unit_id: str, text: str, *, is_persons: bool, is_changed: bool = False) -> UnitTarget:
    taken = TakenFrom(
        job_id=JOB, unit_id=f"o-{unit_id}", is_persons=is_persons, is_context_changed=is_changed
    )
    source = ResultSource.MEMORY if is_persons else ResultSource.ENGINE
    return UnitTarget(unit_id=unit_id, target=(text,), result_source=source, taken_from=taken)


async def test_kept_units_are_not_asked_for_and_say_where_they_are_from() -> None:
    units = document(*TEXTS, "Quite new.", "Quite new.").units
    mine = made("n1", "Pague ya.", is_persons=True, is_changed=True)
    theirs = made("n0", "Estimado", is_persons=False)
    engine = ScriptedEngine(good())
    batch = BatchTask(
        index=0,
        source_locale=EN,
        target_locale=ES,
        units=units,
        kept={"n0": theirs, "n1": mine},
        approved={"n1": ("Pague.",), "n2": ("Saludos",)},
    )
    result = await translate_batch(engine, MemoryLedger(), batch)
    assert engine.asked == [["n3"]]
    assert result.targets[:2] == (theirs, mine)
    assert [each.came_from for each in result.targets] == [
        "previous_version",
        "previous_version",
        "memory",
        "engine",
        "engine",
    ]
    assert result.savings == Savings(
        previous_version=counted(2, 6),
        context_changed=counted(1, 4),
        memory=counted(1, 3),
        repetitions=counted(1, 2),
        translated=counted(1, 2),
    )


def counted(units: int, words: int) -> UnitsAndWords:
    return UnitsAndWords(unit_count=units, word_count=words)


def test_an_approved_memory_goes_before_an_engine_s_old_text_and_after_a_person_s() -> None:
    units = document(*TEXTS)
    found = Kept(previous_matches(units, translated(people=[1]), terms()))
    approved = {"n0": ("A",), "n1": ("B",)}
    assert set(found.of(units.units, approved)) == {"n1", "n2"}
    assert found.of(units.units, {})["n1"].result_source is ResultSource.MEMORY
    assert found.of(units.units, {})["n0"].result_source is ResultSource.ENGINE


def test_answers_of_another_job_are_counted_as_paid_for_earlier() -> None:
    units = document("One thing.", "Another thing.", "One thing.").units
    targets = [
        UnitTarget(unit_id=each.unit_id, target=("x",), result_source=ResultSource.ENGINE)
        for each in units
    ]
    savings = savings_of(units, targets, {"n1"})
    assert (savings.on_record, savings.translated) == (counted(1, 2), counted(1, 2))
    assert savings.repetitions == counted(1, 2)
    assert savings.paid_by_another().on_record == counted(2, 4)
    assert savings.paid_by_another().translated == counted(0, 0)
    assert not savings.is_nothing
    assert savings_of(units[:2], targets[:2], ()).is_nothing


def test_thousands_of_equal_cells_are_compared_in_seconds() -> None:
    count = 3_000
    texts = [text for number in range(count) for text in ("Yes", f"Row {number}")]
    found = matches(document("A new title", *texts), translated(texts))
    assert len(kept(found)) == 2 * count
