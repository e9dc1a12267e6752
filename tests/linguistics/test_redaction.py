"""What a project names is found, replaced by placeholders, and put back."""

import time

import pytest

from documents.examples import content_of
from dragoman_contracts.redaction import Redaction, RedactionKind, RedactionPattern
from dragoman_contracts.text import TagRole, TagSpec, plain_text
from dragoman_linguistics import Redactor, require_usable_pattern
from dragoman_linguistics.redaction import RedactionTimeoutError
from linguistics.units import text_of, unit

ALL = Redactor(Redaction(kinds=tuple(RedactionKind)))


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Write to ann@example.org today.", "Write to [mail] today."),
        ("mailto:Jörg.Müller+x@büro.example.de!", "mailto:[mail]!"),
        ("Call +49 (0)30 901820-17 or 030/901820.", "Call [phone] or [phone]."),
        ("US: (555) 123-4567, 555-123-4567", "US: [phone], [phone]"),
        ("Pay DE89 3704 0044 0532 0130 00 BITTE", "Pay [iban] BITTE"),
        ("gb82west12345698765432", "[iban]"),
        ("DE89370400440532013000 GB82WEST12345698765432", "[iban] [iban]"),
        ("Card 4111 1111 1111 1111 12/27", "Card [card] 12/27"),
        ("order 12 4111-1111-1111-1111.", "order 12 [card]."),
    ],
)
def test_personal_numbers_and_addresses_are_found(text: str, marked: str) -> None:
    assert ALL.marked(text) == marked


@pytest.mark.parametrize(
    "text",
    [
        "On 01.02.2024 and 2024-02-01 at 10:30",
        "0.1234567 mm, 1,234,567.89 euros, 3.14159265",
        "Article 12, paragraphs 3-4, see 100-200",
        "GB83WEST12345698765432",
        "4111 1111 1111 1112",
        "me @ home, a@b",
        "ISBN, 2^64 and A4",
    ],
)
def test_dates_amounts_and_wrong_check_digits_stay(text: str) -> None:
    assert ALL.marked(text) == text


def test_terms_are_whole_words_in_any_case_and_any_white_space() -> None:
    redactor = Redactor(Redaction(terms=("Project Falcon", "Falcon", "東京")))
    assert redactor.marked("PROJECT  falcon, Falcons, falcon.") == "[term], Falcons, [term]."
    assert redactor.marked("本社は東京にある") == "本社は[term]にある"


def test_a_pattern_of_the_project_is_found_under_its_name() -> None:
    rule = RedactionPattern(name="case", pattern=r"AZ-\d{6}")
    redactor = Redactor(Redaction(patterns=(rule,)))
    assert redactor.marked("File AZ-123456.") == "File [case]."


def test_finds_that_overlap_are_one() -> None:
    rule = RedactionPattern(name="host", pattern=r"example\.org/\S+")
    redactor = Redactor(Redaction(kinds=(RedactionKind.MAIL,), patterns=(rule,)))
    assert redactor.marked("ann@example.org/x now") == "[mail] now"


def test_a_unit_gets_placeholders_and_its_texts_back() -> None:
    source = unit("u1", "Mail ", ["<", 1], "ann@example.org", ["/", 1], " or bob@example.org.")
    redacted, vault = ALL.unit(source)
    assert text_of(redacted.source) == "Mail <1><2/></1> or <3/>."
    assert redacted.tags == (
        TagSpec(id=2, role=TagRole.OTHER),
        TagSpec(id=3, role=TagRole.OTHER),
    )
    answer = content_of("<3/> oder <1><2/></1>.")
    assert text_of(vault.restored(answer)) == "bob@example.org oder <1>ann@example.org</1>."
    assert vault.restored(redacted.source) == source.source
    assert ALL.unit(source) == (redacted, vault)


def test_an_address_parted_by_tags_leaves_no_piece() -> None:
    source = unit("u1", "To ann", ["<", 1], "@exam", ["/", 1], "ple.org!")
    redacted, vault = ALL.unit(source)
    assert plain_text(redacted.source) == "To !"
    assert vault.restored(redacted.source) == source.source


def test_a_hyphen_that_is_a_tag_does_not_hide_a_number() -> None:
    spec = TagSpec(id=1, role=TagRole.SYMBOL, equivalent="-")
    source = unit("u1", "Call 030", ["#", 1], "901820.", tags=(spec,))
    redacted, _ = ALL.unit(source)
    assert plain_text(redacted.source) == "Call ."


def test_a_unit_without_finds_is_the_same_unit() -> None:
    source = unit("u1", "Nothing here.")
    assert ALL.unit(source)[0] is source


@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(b+)+c", "(", "x*", "[z-a]"])
def test_a_pattern_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        require_usable_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"AZ-\d{6}", r"\bKd\.-Nr\.\s*\d+", r"\p{Lu}{2}\d+"])
def test_a_plain_pattern_is_taken(pattern: str) -> None:
    require_usable_pattern(pattern)


def test_a_pattern_that_turns_out_slow_stops_and_sends_nothing() -> None:
    rule = RedactionPattern(name="slow", pattern="(q+)+c")
    started = time.monotonic()
    with pytest.raises(RedactionTimeoutError, match="slow"):
        Redactor(Redaction(patterns=(rule,))).marked("q" * 5000)
    assert time.monotonic() - started < 5


def test_a_long_text_is_looked_through_quickly() -> None:
    text = "The pump 12 by Acme@ costs 20 euros, 1-2-3-4. " * 2000
    started = time.monotonic()
    ALL.spans(text)
    assert time.monotonic() - started < 3
