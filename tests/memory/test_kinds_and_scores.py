"""Kinds and scores of matches, as agencies know them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from documents.examples import content_of
from dragoman_contracts.locale import Locale
from dragoman_memory import (
    Difference,
    MatchKind,
    MemoryState,
    SegmentType,
    band_of,
    ranked,
    repetitions,
    score_match,
)
from memory.entries import asked, entry

TEXT = "The seller delivers the goods."


@pytest.mark.parametrize(
    ("before", "after", "score", "kind"),
    [
        ("One.", "Two.", 102, MatchKind.DOUBLE_CONTEXT),
        ("One.", "Other.", 101, MatchKind.CONTEXT),
        ("Other.", "Two.", 101, MatchKind.CONTEXT),
        ("Other.", "Other.", 100, MatchKind.EXACT),
        ("", "", 100, MatchKind.EXACT),
    ],
)
def test_an_equal_text_scores_by_its_neighbours(
    before: str, after: str, score: int, kind: MatchKind
) -> None:
    match = score_match(
        asked(TEXT, before=before, after=after), entry(TEXT, before="One.", after="Two.")
    )
    assert match is not None
    assert (match.score, match.kind, match.differences) == (score, kind, ())


def test_neighbours_that_are_unknown_on_both_sides_are_no_context() -> None:
    match = score_match(asked(TEXT), entry(TEXT))
    assert match is not None
    assert match.score == 100


def test_the_previous_version_of_the_document_is_a_kind_of_its_own() -> None:
    query = asked(TEXT, before="One.", document="contract")
    match = score_match(query, entry(TEXT, before="One.", document="contract"))
    assert match is not None
    assert (match.kind, match.score) == (MatchKind.PREVIOUS_VERSION, 101)


NEAR = [
    ("Stop now.", "Stop now!", 99, {Difference.PUNCTUATION}),
    ("Stop now.", "STOP now.", 99, {Difference.CASE}),
    ("Stop now.", "Stop  now.", 99, {Difference.SPACES}),
    ("Stop now.", "Stop <1>now</1>.", 99, {Difference.TAGS}),
    ("Stop <1>now</1>.", "<1>Stop</1> now.", 99, {Difference.TAGS}),
    ("Stop now.", "STOP  now!", 97, {Difference.PUNCTUATION, Difference.CASE, Difference.SPACES}),
    (
        "Stop <1>now</1>.",
        "STOP  now!",
        96,
        {Difference.PUNCTUATION, Difference.CASE, Difference.SPACES, Difference.TAGS},
    ),
]


@pytest.mark.parametrize(("text", "known", "score", "differences"), NEAR)
def test_texts_that_differ_in_form_only_score_95_to_99(
    text: str, known: str, score: int, differences: set[Difference]
) -> None:
    match = score_match(asked(text), entry(known))
    assert match is not None
    assert (match.score, match.kind) == (score, MatchKind.NEAR_EXACT)
    assert set(match.differences) == differences


def test_all_forms_at_once_still_score_95() -> None:
    match = score_match(
        asked("Stop <1>now</1>, at 5."), entry("STOP  now: at 7!", "Bei 7 <1/> anhalten!")
    )
    assert match is not None
    assert match.score == 95
    assert match.target == ("Bei 5  anhalten!",)


def test_tags_with_other_ids_are_the_same_tags_and_come_with_the_ids_of_the_text() -> None:
    match = score_match(
        asked("Press <7>here</7> or <9/>."),
        entry("Press <1>here</1> or <2/>.", "<2/> oder <1>hier</1> drücken."),
    )
    assert match is not None
    assert (match.score, match.differences) == (100, ())
    assert match.target == content_of("<9/> oder <7>hier</7> drücken.")


def test_tags_that_the_text_lacks_are_left_out_of_the_target() -> None:
    match = score_match(asked("Press here."), entry("Press <1>here</1>.", "<1>Hier</1> drücken."))
    assert match is not None
    assert (match.score, match.target) == (99, ("Hier drücken.",))


@pytest.mark.parametrize(
    "known",
    [
        "Do press the red button.",
        "Never press the red button.",
        "Press the red button.",
    ],
)
def test_a_difference_in_negation_scores_at_most_84(known: str) -> None:
    match = score_match(asked("Do not press the red button."), entry(known))
    assert match is not None
    assert match.score <= 84
    assert Difference.NEGATION in match.differences


def test_negation_is_heard_where_only_a_space_differs() -> None:
    match = score_match(
        asked("It is no table, and that is that."), entry("It is notable, and that is that.")
    )
    assert match is not None
    assert match.score == 84
    match = score_match(asked("He doesn't pay it."), entry("He does not pay it."))
    assert match is not None
    assert Difference.NEGATION not in match.differences


@pytest.mark.parametrize(
    ("locale", "text", "known"),
    [
        ("de", "Der Käufer haftet nicht für alle Schäden.", "Der Käufer haftet für alle Schäden."),
        (
            "fr",
            "Le vendeur n’est pas tenu de payer la somme.",
            "Le vendeur est tenu de payer la somme.",
        ),
        (
            "ru",
            "Покупатель не обязан оплатить товар сразу.",
            "Покупатель обязан оплатить товар сразу.",
        ),
        ("zh", "请勿按下机器背后的红色按钮。", "请按下机器背后的红色按钮。"),
        (
            "ja",
            "この機械の赤いボタンを押さないでください。",
            "この機械の赤いボタンを押してください。",
        ),
    ],
)
def test_negation_is_heard_in_each_language(locale: str, text: str, known: str) -> None:
    source = Locale(locale)
    match = score_match(asked(text, source_locale=source), entry(known, source_locale=source))
    assert match is not None
    assert 75 <= match.score <= 84


def test_a_number_that_cannot_be_put_in_scores_at_most_84() -> None:
    match = score_match(
        asked("The seller delivers within 30 days."),
        entry("The seller delivers within 60 days.", "Der Verkäufer liefert in zwei Monaten."),
    )
    assert match is not None
    assert (match.score, match.kind) == (84, MatchKind.FUZZY)
    assert match.differences == (Difference.NUMBERS,)


def test_a_sign_before_a_number_is_no_punctuation() -> None:
    match = score_match(
        asked("Store it at -5 degrees or below."),
        entry("Store it at 5 degrees or below.", "Bei 5 Grad oder darunter lagern."),
    )
    assert match is not None
    assert match.score < 95
    match = score_match(asked("It costs 5 % more now."), entry("It costs 5 more now.", "5 mehr."))
    assert match is not None
    assert match.score < 95


FUZZY = [
    ("The seller delivers the goods today.", "The seller delivers the goods today, Tom.", "85-94"),
    ("The seller delivers the goods today.", "The seller sends all goods today.", "75-84"),
    ("The seller delivers the goods today.", "A buyer receives the goods.", "50-74"),
]


@pytest.mark.parametrize(("text", "known", "band"), FUZZY)
def test_other_words_score_by_edit_distance(text: str, known: str, band: str) -> None:
    match = score_match(asked(text), entry(known))
    assert match is not None
    assert (match.kind, match.band) == (MatchKind.FUZZY, band)


def test_one_word_in_a_long_text_is_no_near_exact_match() -> None:
    text = "Each party keeps what it learns of the other secret for ever. " * 8
    match = score_match(asked(text), entry(text.replace("ever", "a year", 1)))
    assert match is not None
    assert (match.score, match.kind) == (94, MatchKind.FUZZY)


def test_less_than_50_is_no_match() -> None:
    assert score_match(asked("Pay the invoice."), entry("Quite something else, though.")) is None


@pytest.mark.parametrize(
    "rest",
    [
        {"source_locale": Locale("fr")},
        {"target_locale": Locale("fr")},
        {"segment_type": SegmentType.PARAGRAPH},
    ],
)
def test_units_of_other_languages_or_kinds_do_not_match(rest: dict[str, Locale]) -> None:
    assert score_match(asked(TEXT), entry(TEXT, **rest)) is None


def test_another_region_costs_one() -> None:
    match = score_match(asked(TEXT), entry(TEXT, target_locale=Locale("de-CH")))
    assert match is not None
    assert (match.score, match.differences) == (99, (Difference.LOCALE,))


def test_exact_matches_that_differ_are_demoted_and_shown() -> None:
    matches = ranked(
        asked(TEXT), [entry(TEXT, "Eins."), entry(TEXT, "Zwei."), entry("The seller delivers.")]
    )
    assert [(match.score, match.is_ambiguous) for match in matches[:2]] == [(99, True), (99, True)]
    assert {match.target for match in matches[:2]} == {("Eins.",), ("Zwei.",)}
    assert not matches[2].is_ambiguous


def test_equal_targets_are_not_ambiguous() -> None:
    matches = ranked(asked(TEXT), [entry(TEXT, "Eins."), entry(TEXT, "Eins.", project="p")])
    assert [(match.score, match.is_ambiguous) for match in matches] == [(100, False)] * 2


def test_the_context_settles_what_would_be_ambiguous() -> None:
    known = [entry(TEXT, "Eins.", before="One."), entry(TEXT, "Zwei.", before="Two.")]
    matches = ranked(asked(TEXT, before="Two."), known)
    assert [(match.score, match.target) for match in matches] == [
        (101, ("Zwei.",)),
        (100, ("Eins.",)),
    ]


def test_a_candidate_does_not_make_an_approved_unit_ambiguous() -> None:
    known = [
        entry(TEXT, "Eins.", state=MemoryState.CANDIDATE),
        entry(TEXT, "Zwei.", state=MemoryState.APPROVED),
    ]
    matches = ranked(asked(TEXT), known)
    assert [(match.target, match.is_ambiguous) for match in matches] == [
        (("Zwei.",), False),
        (("Eins.",), False),
    ]


def test_a_candidate_does_not_pass_the_approved_units_that_were_demoted() -> None:
    known = [
        entry(TEXT, "Eins.", state=MemoryState.APPROVED),
        entry(TEXT, "Zwei.", state=MemoryState.APPROVED),
        entry(TEXT, "Drei.", state=MemoryState.CANDIDATE),
    ]
    matches = ranked(asked(TEXT), known)
    assert [match.score for match in matches] == [99, 99, 99]
    assert matches[-1].target == ("Drei.",)


def test_of_equal_scores_the_newer_comes_first() -> None:
    known = [
        entry(TEXT, "Eins.", created_at=datetime(2024, 1, day, tzinfo=UTC)) for day in (3, 9, 5)
    ]
    matches = ranked(asked(TEXT), known)
    assert [match.unit.created_at.day for match in matches if match.unit.created_at] == [9, 5, 3]


def test_repetitions_point_to_the_first_of_their_kind() -> None:
    texts = ["One.", "Two.", "One.", " ", " ", "<1>One</1>.", "<4>One</4>.", "One."]
    assert repetitions([content_of(text) for text in texts]) == {2: 0, 6: 5, 7: 0}


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (102, "102"),
        (101, "101"),
        (100, "100"),
        (99, "95-99"),
        (95, "95-99"),
        (94, "85-94"),
        (84, "75-84"),
        (74, "50-74"),
        (50, "50-74"),
        (49, "0-49"),
    ],
)
def test_scores_are_counted_in_bands(score: int, band: str) -> None:
    assert band_of(score) == band
