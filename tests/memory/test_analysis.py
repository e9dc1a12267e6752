"""Documents are counted as agencies count them, before anything is paid."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from dragoman_contracts.analysis import Analysis, Band
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import MatchList, UnitMatch, UnitMatches
from dragoman_contracts.text import Unit
from dragoman_memory import DocumentUnits, analyse, tag_pattern
from linguistics.units import unit

EN, DE = Locale("en"), Locale("de")


def document(name: str, *texts: str) -> DocumentUnits:
    return DocumentUnits(name, [unit(f"{name}{i}", text) for i, text in enumerate(texts)])


def with_match(unit_: Unit, score: int, state: str = "approved") -> MatchList:
    match = UnitMatch(
        score=score,
        kind="exact",
        source=unit_.source,
        target=unit_.source,
        fits_tags=True,
        state=state,
        memory_id=UUID(int=1),
        memory_unit_id=UUID(int=2),
    )
    return MatchList(units=(UnitMatches(unit_id=unit_.unit_id, matches=(match,)),))


def bands(analysis: Analysis, file: int | None = None) -> dict[str, int]:
    counted = analysis.total if file is None else analysis.files[file]
    return {each.band.value: each.unit_count for each in counted.bands if each.unit_count}


def test_the_example_of_the_module_holds() -> None:
    found = analyse(
        [
            document("price.docx", "Pay now.", "Pay now.", "12.50"),
            document("offer.docx", "Pay now.", "Pay later."),
        ],
        EN,
        DE,
    )
    assert bands(found, 0) == {"mt": 1, "repetition": 1, "numbers_only": 1}
    assert bands(found, 1) == {"cross_file_repetition": 1, "internal_50-74": 1}
    assert bands(found) == {
        "mt": 1,
        "repetition": 1,
        "cross_file_repetition": 1,
        "internal_50-74": 1,
        "numbers_only": 1,
    }


def test_every_unit_is_in_one_band_and_sums_agree() -> None:
    texts = [f"The pump {i} costs {i * 3} euros in shop {i % 4}." for i in range(40)]
    found = analyse([document("a", *texts, *texts[:5])], EN, DE)
    total = found.total
    assert sum(each.unit_count for each in total.bands) == total.unit_count == 45
    assert sum(each.word_count for each in total.bands) == total.word_count
    assert sum(each.character_count for each in total.bands) == total.character_count
    # Two have a number twice, which cannot be put in for another.
    assert bands(found) == {"mt": 1, "internal_95-99": 37, "internal_75-84": 2, "repetition": 5}
    assert [each.band for each in total.bands] == list(Band)


def test_an_approved_match_costs_no_call_and_a_candidate_does() -> None:
    text = unit("u", "The pump is broken.")
    for state, asked in (("approved", 0), ("candidate", 1)):
        found = analyse([DocumentUnits("a", [text], with_match(text, 101, state))], EN, DE)
        assert bands(found) == {"101": 1}
        assert found.total.load.unit_count == asked


def test_a_match_counts_before_a_near_unit_of_the_same_score_and_behind_a_nearer_one() -> None:
    first, second = unit("1", "The pump costs 20 euros."), unit("2", "The pump costs 30 euros.")
    for score, band in ((99, "95-99"), (80, "internal_95-99")):
        found = analyse([DocumentUnits("a", [first, second], with_match(second, score))], EN, DE)
        assert bands(found) == {"mt": 1, band: 1}


def test_payable_words_follow_the_shares_of_the_project() -> None:
    documents = [document("a", "One two three four five.", "One two three four five.")]
    usual = analyse(documents, EN, DE).total
    assert usual.payable_words == Decimal("5.1")  # 72 % and 30 %
    own = analyse(documents, EN, DE, {Band.MT: 100, Band.REPETITION: 0}).total
    assert own.payable_words == 5


def test_equal_text_with_other_tags_is_near_and_no_repetition() -> None:
    plain = unit("1", "Press the button now.")
    bold = unit("2", "Press the ", ["<", 1], "button", ["/", 1], " now.")
    assert bands(analyse([DocumentUnits("a", [plain, bold])], EN, DE)) == {
        "mt": 1,
        "internal_95-99": 1,
    }


def test_units_that_are_not_translated_are_not_counted() -> None:
    units = [unit("1", "Hidden text.", is_translatable=False), unit("2", " ")]
    assert analyse([DocumentUnits("a", units)], EN, DE).total.unit_count == 0


def test_a_near_unit_is_found_however_far_before_it_stands() -> None:
    others = [f"{word} is number {i} of nothing much." for i, word in enumerate("abcdefgh" * 90)]
    texts = ["Zebras graze quietly beside the old river bank.", *others,
             "Zebras graze quietly beside the cold river bank."]  # fmt: skip
    last = analyse([document("a", *texts)], EN, DE).total
    fuzzy = next(each for each in last.bands if each.band is Band.INTERNAL_85)
    assert fuzzy.unit_count >= 1


def test_nothing_to_count_is_an_empty_analysis() -> None:
    assert analyse([DocumentUnits("a", [])], EN, DE).total.word_count == 0


def test_kept_units_and_answers_on_record_are_told_and_not_asked_for() -> None:
    texts = ("Pay now.", "Read this first.", "It is due on Monday.", "Read this first.", "New.")
    known = replace(
        document("a", *texts),
        kept={"a0": True, "a2": False},
        paid=frozenset({tag_pattern(("Read this first.",))}),
    )
    found = analyse([known], EN, DE).total
    assert {each.band.value: each.unit_count for each in found.bands if each.unit_count} == {
        "previous_version": 2,
        "already_paid": 1,
        "repetition": 1,
        "mt": 1,
    }
    assert (found.load.unit_count, found.reused.load.unit_count) == (1, 3)
    reused = found.reused
    assert (reused.from_people.unit_count, reused.from_people.word_count) == (1, 2)
    assert (reused.from_engine.unit_count, reused.from_engine.word_count) == (1, 5)
    assert (reused.on_record.unit_count, reused.on_record.word_count) == (1, 3)
    assert reused.units.word_count == 10
    free = {each.band.value for each in found.bands if each.word_count and not each.payable_words}
    assert free == {"previous_version", "already_paid"}


def test_an_approved_match_goes_before_an_engine_s_translation_and_not_before_a_person_s() -> None:
    text = unit("u", "The pump is broken.")
    for is_persons, band in ((True, "previous_version"), (False, "101")):
        known = DocumentUnits("a", [text], with_match(text, 101), kept={"u": is_persons})
        found = analyse([known], EN, DE)
        assert bands(found) == {band: 1}
        assert found.total.load.unit_count == 0


def test_a_text_that_is_kept_in_one_file_is_asked_for_in_the_next() -> None:
    first = replace(document("a", "Pay now."), kept={"a0": True})
    found = analyse([first, document("b", "Pay now.", "Pay now.")], EN, DE)
    assert bands(found, 0) == {"previous_version": 1}
    assert bands(found, 1) == {"mt": 1, "repetition": 1}
    assert found.total.load.unit_count == 1
