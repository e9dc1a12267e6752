"""A drop cap and the text under ruby are part of their word."""

import random

import pytest

from documents.wordml import body, bold, document, paragraph, part, pseudo, run, sources, written
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import plain_text
from dragoman_documents import extract, inspect, inspect_and_read, merge, text_only

FRAME = '<w:pPr><w:keepNext/><w:framePr w:dropCap="{}" w:lines="3"/></w:pPr>'
BIG = '<w:sz w:val="112"/>'


def cap(letters: str, kind: str = "drop") -> str:
    return paragraph(FRAME.format(kind), run(letters, BIG))


def ruby(base: str, reading: str) -> str:
    inner = f"<w:rubyPr/><w:rt>{run(reading)}</w:rt><w:rubyBase>{run(base)}</w:rubyBase>"
    return f"<w:r><w:ruby>{inner}</w:ruby></w:r>"


def texts(data: bytes) -> list[str]:
    """The text of every paragraph of the body."""
    pieces = body(data).split("<w:p>")[1:]
    return ["".join(piece.split("<w:t")[1:]) and _text(piece) for piece in pieces]


def _text(markup: str) -> str:
    return "".join(each.partition(">")[2].partition("<")[0] for each in markup.split("<w:t")[1:])


def translated(data: bytes, *targets: str) -> bytes:
    """The document with these targets for its units,
    after it was made sure that nothing but text changed.
    """
    units = extract(data).units
    assert merge(data, {unit.unit_id: unit.source for unit in units}) == data
    result = merge(
        data,
        {unit.unit_id: (target,) for unit, target in zip(units, targets, strict=True)},
        target_locale=Locale("de"),
    )
    assert text_only(data, result).differences == ()
    return result


@pytest.mark.parametrize("kind", ["drop", "margin"])
@pytest.mark.parametrize(
    ("letters", "rest", "source", "target", "parts"),
    [
        ("O", "nce upon", "Once upon", "Es war", ["E", "s war"]),
        ("O", "nce upon", "Once upon", "A long", ["A", " long"]),
        ("A", " long", "A long", "Es war", ["E", "s war"]),
        ("A", " long", "A long", "O weh", ["O", " weh"]),
        ("In", " the", "In the", "Am Anfang", ["Am", " Anfang"]),
        ("Th", "e cat", "The cat", "Die Katze", ["Di", "e Katze"]),
        ("“Y", "es”", "“Yes”", "«Oui»", ["«O", "ui»"]),
        ("Q", "ue", "Que", "¿Qué?", ["¿Q", "ué?"]),
        ("E", "nd", "End", "E\u0301tat", ["E\u0301", "tat"]),
        ("O", "nce", "Once", "東京へ行く", ["東", "京へ行く"]),
        ("O", "nce", "Once", "क्षेत्र", ["क्षे", "त्र"]),
        ("O", "h", "Oh", "O", ["O", ""]),
    ],
)
def test_a_drop_cap_belongs_to_its_word(
    letters: str, rest: str, source: str, target: str, parts: list[str], kind: str
) -> None:
    data = document(cap(letters, kind) + paragraph(run(rest)) + paragraph(run("Next")))
    assert sources(data) == [source, "Next"]
    assert texts(translated(data, target, "Weiter")) == [*parts, "Weiter"]


def test_a_drop_cap_stands_before_the_first_word_whatever_its_look() -> None:
    data = document(cap("O") + paragraph(bold("nce"), run(" upon a time")))
    assert sources(data) == ["<1>Once</1> upon a time"]
    units = extract(data).units
    result = merge(
        data,
        {units[0].unit_id: ("Einst ", *units[0].source[:1], "war", *units[0].source[2:3], " es")},
    )
    assert texts(result) == ["E", "inst war es"]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (
            cap("O") + "<w:tbl><w:tr><w:tc>" + paragraph(run("cell")) + "</w:tc></w:tr></w:tbl>",
            ["O", "cell"],
        ),
        (cap("O") + cap("N") + paragraph(run("ce")), ["O", "Nce"]),
        (cap("O") + paragraph() + paragraph(run("Next")), ["O", "Next"]),
        (cap("O") + paragraph("<w:r><w:tab/></w:r>", run("Next")), ["O", "Next"]),
        (cap("A long title here") + paragraph(run("Next")), ["A long title here", "Next"]),
        (cap("O"), ["O"]),
        (cap("O", "none") + paragraph(run("Next")), ["O", "Next"]),
        (cap("O") + '<w:bookmarkStart w:id="1" w:name="a"/>' + paragraph(run("nce")), ["Once"]),
    ],
)
def test_a_frame_whose_word_does_not_go_on_is_a_unit_of_its_own(
    inner: str, expected: list[str]
) -> None:
    data = document(inner)
    assert sources(data) == expected
    assert merge(data, {unit.unit_id: unit.source for unit in extract(data).units}) == data


def test_drop_caps_of_a_long_document_are_read_the_same_in_either_way() -> None:
    order = random.Random(5)  # noqa: S311 - to be repeatable
    words = ["nce upon a time", "ften it was said", "ne day it rained", "ver the hills"]
    chapters = [
        cap("O") + "".join(paragraph(run(order.choice(words))) for _ in range(40))
        for _ in range(160)
    ]
    data = document("".join(chapters))
    assert len(part(data)) > 400_000
    found = extract(data).units
    assert len(found) == 160 * 40
    assert all(written(unit.source).startswith("O") for unit in found[::40])
    assert [plain_text(unit.source) for unit in found] == list(inspect_and_read(data)[1])
    result = merge(data, {unit.unit_id: pseudo(unit) for unit in found})
    first = written(pseudo(found[0]))
    assert texts(result)[:2] == [first[0], first[1:]]
    assert sources(result) == [written(pseudo(unit)) for unit in found]


def test_text_under_ruby_is_part_of_its_word_and_comes_out_where_it_changes() -> None:
    data = document(paragraph(run("私は"), ruby("東京", "とうきょう"), run("へ行く")))
    assert sources(data) == ["私は東京へ行く"]
    result = translated(data, "I am going to Tokyo")
    assert texts(result) == ["I am going to Tokyo"]
    assert "ruby" not in part(result)


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("Ich fahre nach 東京 und ", ["Ich fahre nach ", "とうきょう", "東京", " und "]),
        ("東京?", ["", "とうきょう", "東京", "?"]),
        ("東京, ja 東京", ["東京, ja 東京"]),
        ("Tokio 東", ["Tokio 東"]),
    ],
)
def test_ruby_stays_over_characters_that_stay(target: str, parts: list[str]) -> None:
    data = document(paragraph(run("私は"), ruby("東京", "とうきょう"), run("へ行く")))
    text = part(translated(data, target.strip()))
    assert ("<w:ruby>" in text) == (len(parts) > 1)
    assert _text(text) == "".join(parts).strip()


def test_a_paragraph_all_under_ruby_is_translated_once() -> None:
    data = document(paragraph(ruby("東", "とう"), ruby("京", "きょう")))
    assert sources(data) == ["東京"]
    assert texts(translated(data, "Tokyo")) == ["Tokyo"]


def test_ruby_inside_a_run_of_text_keeps_the_order() -> None:
    inner = ruby("京", "きょう").removeprefix("<w:r>").removesuffix("</w:r>")
    mixed = f"<w:r><w:rPr><w:b/></w:rPr><w:t>東</w:t>{inner}<w:tab/><w:t>都</w:t></w:r>"
    data = document(paragraph(mixed))
    (unit,) = extract(data).units
    result = merge(data, {unit.unit_id: unit.source})
    assert result == data
    result = merge(
        data,
        {
            unit.unit_id: tuple(
                f"{each}!" if isinstance(each, str) else each for each in unit.source
            )
        },
    )
    assert text_only(data, result).is_text_only
    assert "ruby" not in part(result)
    assert [each for each in written(extract(result).units[0].source) if each in "東京都"] == [
        "東",
        "京",
        "都",
    ]


def test_the_gate_sees_other_changes_beside_ruby() -> None:
    data = document(paragraph(ruby("東京", "とうきょう"), "<w:r><w:tab/></w:r>", run("x")))
    other = document(paragraph(run("Tokyo"), run("x")))
    assert not text_only(data, other).is_text_only


def test_preflight_counts_drop_caps_and_ruby() -> None:
    found = inspect(
        document(
            cap("O") + paragraph(run("nce")) + paragraph(ruby("東", "とう"), ruby("京", "きょう"))
        )
    )
    said = {finding.code: finding.message for finding in found.findings}
    assert said["drop_caps"].startswith("Drop caps: 1.")
    assert "aloud): 2." in said["ruby"]
