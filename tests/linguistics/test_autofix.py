"""Certain changes: each takes its finding away, makes no other, and leaves the tags."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Cure, UnitVerification
from dragoman_contracts.text import (
    Content,
    ResultSource,
    Tag,
    UnitTarget,
    closing,
    normalised,
    opening,
    placeholder,
    plain_text,
)
from dragoman_linguistics import DEFAULT_PROFILE, autofix, verify_units
from dragoman_linguistics.quality.curing import RETRANSLATED
from dragoman_linguistics.quality.doubting import REASONS
from dragoman_linguistics.quality.fixes import FIXABLE
from linguistics.units import text_of, unit

DE = Locale("de")


def verified(source: Content, target: Content, locale: Locale = DE) -> UnitVerification:
    given_target = UnitTarget(unit_id="u", target=target, result_source=ResultSource.ENGINE)
    made = unit("u", *source)
    (found,) = verify_units([(made, given_target)], Locale("en"), locale)
    return found


def cured(code: str, source: Content, target: Content, locale: Locale = DE) -> str | None:
    (found, *_) = [each for each in verified(source, target, locale).findings if each.code == code]
    made = autofix(source, target, found, locale)
    assert (found.cure is Cure.AUTOFIX) == (made is not None)
    return None if made is None else text_of(made)


@pytest.mark.parametrize(
    ("code", "source", "target", "locale", "right"),
    [
        ("space.leading", "The pump.", " Die Pumpe.", "de", "Die Pumpe."),
        ("space.trailing", "The pump.", "Die Pumpe. ", "de", "Die Pumpe."),
        ("space.doubled", "The new pump.", "Die neue  Pumpe.", "de", "Die neue Pumpe."),
        ("space.punctuation", "No, never, no.", "Nein , nie , nein.", "de", "Nein, nie, nein."),
        ("words.doubled", "The pump by Acme.", "Die Pumpe von von Acme.", "de", "Die Pumpe von Acme."),
        ("punctuation.doubled", "One, two.", "Eins,, zwei.", "de", "Eins, zwei."),
        ("punctuation.end", "The customer pays.", "Der Kunde zahlt", "de", "Der Kunde zahlt."),
        ("punctuation.end", "The customer pays now.", "顾客现在付款", "zh", "顾客现在付款。"),
        ("punctuation.end", "Who pays for it?", "Qui paie pour cela", "fr", "Qui paie pour cela\u202f?"),
        ("list.mark", "a) the goods", "die Waren", "de", "a) die Waren"),
        ("text.entities", "Smith & Sons pay.", "Smith &amp; Söhne zahlen.", "de", "Smith & Söhne zahlen."),
        ("characters.invalid", "The pump.", "Die \x01Pumpe.", "de", "Die Pumpe."),
        ("characters.encoding", "To change it.", "Es Ã¤ndern.", "de", "Es ändern."),
    ],
)  # fmt: skip
def test_a_certain_change_makes_the_one_right_text(
    code: str, source: str, target: str, locale: str, right: str
) -> None:
    assert cured(code, (source,), (target,), Locale(locale)) == right


@pytest.mark.parametrize(
    ("code", "source", "target", "locale"),
    [
        ("words.doubled", "Sign up now.", "Je kunt je je aanmelden.", "nl"),
        ("words.doubled", "The words", "Die die Wörter", "de"),
        ("punctuation.doubled", "Loading", "Lädt..", "de"),
        ("punctuation.end", "Do you accept it?", "Nehmen Sie es an.", "de"),
        ("characters.invalid", "The pump.", "Die P\ufffdmpe.", "de"),
        ("case.start", "The pump.", "die Pumpe.", "de"),
    ],
)
def test_what_only_a_person_or_an_engine_knows_is_left(
    code: str, source: str, target: str, locale: str
) -> None:
    assert cured(code, (source,), (target,), Locale(locale)) is None


def test_a_change_goes_round_the_tags() -> None:
    source: Content = ("The ", opening(1), "new", closing(1), " pump ", placeholder(2), ".")
    target: Content = ("Die ", opening(1), "neue  alte", closing(1), " Pumpe ", placeholder(2), ".")
    assert cured("space.doubled", source, target) == "Die <1>neue alte</1> Pumpe <2/>."


def test_every_finding_of_rules_3_has_a_cure_and_every_question_is_a_retranslation() -> None:
    assert REASONS.keys() <= RETRANSLATED <= DEFAULT_PROFILE.severities.keys()
    assert DEFAULT_PROFILE.severities.keys() >= FIXABLE
    found = verified(("The pump costs 20 euros.",), ("die  Pumpe",)).findings
    assert found
    assert all(each.cure is not None for each in found)


TEXTS = st.lists(
    st.sampled_from(
        ["die", "Pumpe", "von", "Acme", "zahlt", " ", "  ", " ", " ", ",", ",,", ".", "..", " .", "?", "…", "&amp;",
         "Ã¤", "\x01", "(", ")", "„", "“", "a) ", "\t", "20", "\u00a0", "%s", "-"]
    ),
    min_size=1,
    max_size=9,
).map("".join)  # fmt: skip
PARTS = st.lists(st.one_of(TEXTS, st.just(placeholder(3))), min_size=1, max_size=3)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    before, inside, after = draw(PARTS), draw(PARTS), draw(PARTS)
    parts = (*before, opening(1), *inside, closing(1), *after)
    return normalised(parts if draw(st.booleans()) else (*before, *after))


@given(contents(), contents(), st.sampled_from(["de", "fr", "zh", "ar", "nl"]))
@settings(max_examples=150, deadline=None)
def test_a_change_keeps_tags_makes_no_finding_and_takes_its_own_away(
    source: Content, target: Content, language: str
) -> None:
    locale = Locale(language)
    before = verified(source, target, locale)
    for finding in before.findings:
        made = autofix(source, target, finding, locale)
        if made is None:
            assert finding.cure is not Cure.AUTOFIX
            continue
        assert [each for each in made if isinstance(each, Tag)] == [
            each for each in target if isinstance(each, Tag)
        ]
        again = autofix(source, made, finding, locale)
        assert again is None or plain_text(again) != plain_text(target)
        after = verified(source, made, locale)
        codes = [each.code for each in before.findings]
        left = [each.code for each in after.findings]
        assert left.count(finding.code) < codes.count(finding.code)
        alone = {code for code in left if not code.startswith(("language.", "length.", "dates."))}
        assert alone <= set(codes)
