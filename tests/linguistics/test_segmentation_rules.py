"""Rules of a project: SRX files read, refused with a reason, and never able to hold a worker."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, normalised
from dragoman_linguistics import builtin_rules, segments_of, sentences
from dragoman_linguistics.srx import (
    SegmentationRules,
    SegmentationRulesError,
    SegmentationTimeError,
    read_rules,
)
from dragoman_linguistics.srx_regex import UnfitPatternError, python_pattern
from linguistics.contents import nested_content
from linguistics.srx_files import srx

EN = Locale("en")


SENTENCES = ("yes", r"[.?!]+", r"\s")


def own(*rules: tuple[str, str, str]) -> SegmentationRules:
    return read_rules(srx(*rules))


def test_the_first_rule_that_fits_a_place_decides() -> None:
    text = "Ask Dr. Who. He knows."
    exception = ("no", r"\bDr\.", r"\s")
    assert sentences(text, EN, own(exception, SENTENCES)) == ["Ask Dr. Who.", " He knows."]
    assert sentences(text, EN, own(SENTENCES, exception)) == ["Ask Dr.", " Who.", " He knows."]


def test_an_empty_side_fits_everywhere() -> None:
    assert sentences("a;b;c", EN, own(("yes", ";", ""))) == ["a;", "b;", "c"]
    assert sentences("a#b", EN, own(("yes", "", "#"))) == ["a", "#b"]


@pytest.mark.parametrize(
    ("cascade", "expected"), [("yes", ["A;", " b.", " C."]), ("no", ["A;", " b. C."])]
)
def test_without_cascading_only_the_first_map_counts(cascade: str, expected: list[str]) -> None:
    maps = (
        '<languagemap languagepattern="en.*" languagerulename="Semicolons"/>'
        '<languagemap languagepattern=".*" languagerulename="Own"/>'
    )
    rules = read_rules(srx(SENTENCES, maps=maps, cascade=cascade))
    assert sentences("A; b. C.", EN, rules) == expected
    assert sentences("A; b. C.", Locale("fr"), rules) == ["A; b.", " C."]


def test_rules_of_a_project_cut_tagged_content_as_the_built_in_ones_do() -> None:
    content: Content = ("A; b. C.",)
    assert [piece.content for piece in segments_of(content, EN, own(("yes", ";", r"\s")))] == [
        ("A;",),
        (" ",),
        ("b. C.",),
    ]


@given(
    nested_content(),
    st.sampled_from(["en", "de", "zh", "ja", "ar", "xx"]),
    st.sampled_from(
        [None, own(SENTENCES), own(("yes", "", "")), own(("no", "a", "b"), ("yes", r"\w", ""))]
    ),
)
def test_pieces_joined_are_the_very_content(
    content: Content, locale: str, rules: SegmentationRules | None
) -> None:
    pieces = segments_of(content, Locale(locale), rules)
    assert normalised(part for piece in pieces for part in piece.content) == content
    assert all(piece.content for piece in pieces)


ICU = [
    (r"\x{2026}", "…", True),
    (r"\Qa.b\E", "a.b", True),
    (r"\Qa.b\E", "axb", False),
    (r"a\hb", "a\u00a0b", True),
    (r"a\hb", "a\nb", False),
    (r"[\h]", "\t", True),
    (r"\p{Lu}\p{Ll}++", "Ab", True),
    (r"[\p{L}&&[^a-z]]", "A", True),
    (r"[\p{L}&&[^a-z]]", "b", False),
    (r"(?i)DR", "dr", True),
    (r"(?U)\w+", "é", True),
    (r"[]a]", "]", True),
    (r"(?:\d{1,3}\.)+", "1.22.", True),
]


@pytest.mark.parametrize(("pattern", "text", "fits"), ICU)
def test_patterns_mean_what_icu_says(pattern: str, text: str, fits: bool) -> None:
    rules = own(("yes", rf"^{pattern}", r"\z|!"))
    assert sentences(f"{text}!", EN, rules) == ([text, "!"] if fits else [f"{text}!"])


REFUSED = {
    r"(": "no regular expression",
    r"a\1": "another match",
    r"(a)\k<x>": "another match",
    r"(?R)": "flags R",
    r"(?=a|(?&x))": "no kind that is known",
    r"(?L)a": "flags L",
    r"\p{javaLowerCase}": "no regular expression",
    r"(a+)+b": "can take for ever",
    r"(?:a*|b)*c": "can take for ever",
    r"((?:\w+\s?)){2,}$": "can take for ever",
    r"a{1,100000}": "repeats more than",
    r"\x{110000}": "no character",
    "a\\": "ends in a backslash",
    "a" * 9_000: "more than 8000 characters",
}


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda each: each[:20])
def test_a_pattern_that_cannot_be_used_is_refused_with_its_reason(pattern: str) -> None:
    with pytest.raises(UnfitPatternError, match=REFUSED[pattern]):
        python_pattern(pattern)
    with pytest.raises(SegmentationRulesError, match=r"Rule 2, line 1: <afterbreak>"):
        own(SENTENCES, ("no", "a", pattern))


def test_a_rule_that_takes_too_long_over_a_hostile_text_is_refused() -> None:
    slow = r"\w*\w*\w*\w*\w*\w*\w*\w*\w*\w*!!"
    with pytest.raises(SegmentationRulesError, match="takes longer than"):
        own(("yes", "", slow))


def test_a_rule_that_takes_too_long_over_one_text_stops_there_and_is_named() -> None:
    rules = own(SENTENCES, ("yes", "", r"q(?:\w|\w\w)*[!?][!?]"))
    assert sentences("Quiet. Yes.", EN, rules) == ["Quiet.", " Yes."]
    with pytest.raises(SegmentationTimeError, match="rule 2 took longer"):
        sentences("q" + "u" * 90, EN, rules)


FILES = {
    "no XML": (b"Mr.\nDr.\n", "not well-formed"),
    "no SRX": (b"<rules/>", "no SRX 2.0"),
    "SRX 1.0": (b'<srx version="1.0"/>', "no SRX 2.0"),
    "a DTD": (b'<!DOCTYPE srx [<!ENTITY a "b">]><srx version="2.0"/>', "has a DTD"),
    "no header": (b'<srx version="2.0"><body/></srx>', "lacks <header>"),
    "no rules": (b'<srx version="2.0"><header/><body/></srx>', "lacks <languagerules>"),
    "a rule without name": (
        srx().replace(b' languagerulename="Own">', b">", 1),
        "lacks languagerulename",
    ),
    "a map to nowhere": (
        srx(maps='<languagemap languagepattern="en" languagerulename="Klingon"/>'),
        "'Klingon', which the file does not have",
    ),
    "a map with a bad pattern": (
        srx(maps='<languagemap languagepattern="(" languagerulename="Own"/>'),
        "languagemap at line 1 cannot be used",
    ),
    "no maps": (re.sub(rb"<languagemap[^>]*>", b"", srx()), "maps no language"),
    "too many rules": (srx(*[("no", "a", "b")] * 5_001), "at most 5000"),
    "too large": (srx() + b" " * 2_000_001, "more than 2,000,000 bytes"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_set_of_rules_is_refused_with_its_cure(kind: str) -> None:
    data, reason = FILES[kind]
    with pytest.raises(SegmentationRulesError, match=re.escape(reason)):
        read_rules(data)


def test_equal_files_have_equal_digests() -> None:
    assert own(SENTENCES).digest == own(SENTENCES).digest != own(("yes", ";", "")).digest
    assert builtin_rules().rule_count > 70
