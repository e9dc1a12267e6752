"""Locales: tags as RFC 5646 writes them, whatever they were typed like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.locale import Locale

LANGUAGES = st.from_regex(r"[a-z]{2,3}", fullmatch=True)
SCRIPTS = st.from_regex(r"[A-Z][a-z]{3}", fullmatch=True)
REGIONS = st.from_regex(r"[A-Z]{2}|[0-9]{3}", fullmatch=True)
VARIANTS = st.from_regex(r"[a-z]{5,8}|[0-9][a-z0-9]{3}", fullmatch=True)
PRIVATE = st.from_regex(r"x(-[a-z0-9]{1,8}){1,2}", fullmatch=True)


@st.composite
def tags(draw: st.DrawFn) -> str:
    """A tag in the recommended case, any of its parts but the language left out."""
    optional = [draw(st.none() | part) for part in (SCRIPTS, REGIONS, VARIANTS, PRIVATE)]
    return "-".join([draw(LANGUAGES), *(part for part in optional if part)])


# RFC 5646, Appendix A.
WELL_FORMED = (
    "de fr ja zh-Hant zh-Hans sr-Cyrl sr-Latn zh-cmn-Hans-CN cmn-Hans-CN zh-yue-HK yue-HK zh-Hans-CN sr-Latn-RS "
    "sl-rozaj sl-rozaj-biske sl-nedis de-CH-1901 sl-IT-nedis hy-Latn-IT-arevela de-DE en-US es-419 de-CH-x-phonebk "
    "en-US-u-islamcal zh-CN-a-myext-x-private en-a-myext-b-another"
)


@pytest.mark.parametrize("tag", WELL_FORMED.split())
def test_the_examples_of_rfc_5646_stay_as_they_are_written(tag: str) -> None:
    assert Locale(tag) == tag


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("DE-ch", "de-CH"),
        ("mn-cYRL-mn", "mn-Cyrl-MN"),
        ("zh_hant", "zh-Hant"),
        (" pt_br\n", "pt-BR"),
        ("az-arab-x-AZE-derbend", "az-Arab-x-aze-derbend"),
        ("EN-ca-X-CA", "en-CA-x-ca"),
        ("AZ-LATN-X-LATN", "az-Latn-x-latn"),
        ("SL-it-NEDIS", "sl-IT-nedis"),
    ],
)
def test_a_tag_is_written_in_the_case_that_rfc_5646_recommends(typed: str, written: str) -> None:
    assert Locale(typed) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "e",
        "english language",
        "de-419-DE",
        "a-DE",
        "en--US",
        "-en",
        "en-",
        "de_DE.UTF-8",
        "en-٤١٩",
        "ен",
        "en-x",
    ],
)
def test_what_is_no_language_tag_is_refused(text: str) -> None:
    with pytest.raises(InvalidLocaleError) as caught:
        Locale(text)
    assert caught.value.code == "locale.invalid"


@given(tags(), st.sampled_from([str.upper, str.lower, str.swapcase, str]))
def test_equal_tags_are_equal_however_they_were_typed(tag: str, typed: type[str]) -> None:
    assert Locale(typed(tag)) == Locale(tag) == tag
    assert Locale(typed(tag).replace("-", "_")) == tag


@given(tags())
def test_normalising_a_locale_again_changes_nothing(tag: str) -> None:
    locale = Locale(tag)
    assert Locale(locale) == locale
    assert hash(Locale(locale)) == hash(tag)


@given(tags())
def test_a_locale_survives_json(tag: str) -> None:
    adapter = TypeAdapter(Locale)
    read = adapter.validate_json(adapter.dump_json(Locale(tag)))
    assert read == Locale(tag)
    assert type(read) is Locale


@given(st.text(max_size=12))
def test_any_text_is_a_locale_or_refused(text: str) -> None:
    try:
        locale = Locale(text)
    except InvalidLocaleError:
        return
    assert locale.isascii()
    assert Locale(locale.upper()) == locale


@pytest.mark.parametrize("text", ["not a tag", "en-x-" + "-".join(["abcdefgh"] * 8)])
def test_a_model_refuses_what_is_no_tag_or_too_long(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Locale).validate_python(text)


@pytest.mark.parametrize(
    ("tag", "language", "script"),
    [
        ("zh-Hant-TW", "zh", "Hant"),
        ("de-CH", "de", None),
        ("az-Latn-x-latn", "az", "Latn"),
        ("zh-yue-Hant", "zh", "Hant"),
    ],
)
def test_a_locale_names_its_language_and_script(
    tag: str, language: str, script: str | None
) -> None:
    assert (Locale(tag).language, Locale(tag).script) == (language, script)


@pytest.mark.parametrize(
    ("tag", "is_right_to_left"),
    [
        ("ar", True),
        ("he-IL", True),
        ("fa-Latn", False),
        ("az-Arab", True),
        ("en", False),
        ("ur-PK", True),
        ("az", False),
    ],
)
def test_the_script_decides_the_direction_and_the_language_where_none_is_named(
    tag: str, is_right_to_left: bool
) -> None:
    assert Locale(tag).is_right_to_left is is_right_to_left
