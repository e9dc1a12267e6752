"""Words that lists put before their paragraphs."""

import re

import pytest

from documents.wordml import W, document, package, paragraph, part, run, story, written
from dragoman_contracts.text import Content, placeholder
from dragoman_documents import ExtractOptions, extract, inspect, merge, text_only

_PART = "word/numbering.xml"


def level(text: str, numbers: str = "decimal", looks: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{numbers}"/><w:lvlText w:val="{text}"/>'
        f"<w:rPr>{looks}</w:rPr></w:lvl>"
    )


def numbered(*levels: str, after: str = "") -> bytes:
    """A package with lists of these levels; `after` is put behind them."""
    inner = f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>{after}'
    parts = {
        "word/document.xml": story("document", paragraph(run("text"))),
        _PART: f'<w:numbering xmlns:w="{W}">{inner}</w:numbering>',
    }
    return package(parts, types={_PART: "numbering"})


def read(data: bytes) -> list[str]:
    """The units of the numbering, tags written out."""
    return [written(unit.source) for unit in extract(data).units if unit.anchor.part == _PART]


def translated(data: bytes, *targets: Content) -> list[str]:
    """What the levels say when the units get the targets, in order."""
    units = [unit for unit in extract(data).units if unit.anchor.part == _PART]
    result = merge(
        data, {unit.unit_id: target for unit, target in zip(units, targets, strict=True)}
    )
    assert text_only(data, result).is_text_only
    return re.findall('<w:lvlText w:val="([^"]*)"', part(result, _PART))


def test_words_are_units_with_the_numbers_as_placeholders() -> None:
    data = numbered(
        level("Article %1. "), level("Section %1.%2 &#8211;"), level("%1 of %2"), level("第%1条")
    )
    assert read(data) == ["Article <1/>.", "Section <1/> –", "<1/> of <2/>", "第<1/>条"]
    specs = [spec for unit in extract(data).units for spec in unit.tags]
    assert not any(spec.can_delete or spec.can_copy for spec in specs)


@pytest.mark.parametrize(
    "plain",
    [
        level("%1."),
        level("(%1)"),
        level("%1.%2.%3"),
        level("\uf0b7", "bullet", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'),
        level("o", "bullet", '<w:rFonts w:ascii="Courier New"/>'),
        level("lm", "bullet", '<w:rFonts w:ascii="Wingdings 2"/>'),
        level("・", "bullet"),
        level(""),
    ],
)
def test_bullets_and_bare_numbers_are_no_words(plain: str) -> None:
    assert read(numbered(plain)) == []
    assert not inspect(numbered(plain)).findings or "numbering" not in str(
        inspect(numbered(plain)).findings
    )


def test_a_bullet_that_is_a_word_is_one() -> None:
    assert read(numbered(level("Note:", "bullet"))) == ["Note:"]


def test_single_letters_belong_to_a_code_and_are_counted() -> None:
    data = numbered(level("A%1"), level("[R%1]"), level("Step %1"))
    assert read(data) == ["Step <1/>"]
    found = {each.code: each.message for each in inspect(data).findings}
    assert ": 1." in found["numbering"]
    assert ": 2." in found["numbering_left"]


def test_words_may_change_sides_with_the_number_and_white_space_stays() -> None:
    data = numbered(level("Article %1. "), level("%1 of %2"))
    targets = (placeholder(1), ". cikk"), (placeholder(2), " / ", placeholder(1))
    assert translated(data, *targets) == ["%1. cikk ", "%2 / %1"]


def test_a_number_cannot_be_lost_doubled_or_made_up() -> None:
    data = numbered(level("Article %1"), level("Part %1-%2"), level("Annex %1"))
    targets = (
        ("Artikel",),
        ("Teil ", placeholder(1), placeholder(1)),
        ("100%2 ", placeholder(1), placeholder(7)),
    )
    assert translated(data, *targets) == ["Artikel %1", "Teil %1-%2", "100%\u202f2 %1"]


def test_levels_that_read_alike_are_one_unit_in_step() -> None:
    override = f'<w:num w:numId="1"><w:lvlOverride w:ilvl="0">{level("Article %1 ")}</w:lvlOverride></w:num>'
    data = numbered(level("Article %1"), after=override)
    assert read(data) == ["Article <1/>"]
    assert translated(data, ("Artikel ", placeholder(1))) == ["Artikel %1", "Artikel %1 "]


def test_numbering_can_be_left_out_and_then_is_counted() -> None:
    data = numbered(level("Article %1"))
    options = ExtractOptions(numbering=False)
    assert len(extract(data, options).units) == 1
    assert [each.code for each in inspect(data, options).findings] == ["numbering_left"]
    assert [each.code for each in inspect(data).findings] == ["numbering"]


def test_a_document_without_numbering_has_no_finding() -> None:
    assert not inspect(document(paragraph(run("text")))).findings
