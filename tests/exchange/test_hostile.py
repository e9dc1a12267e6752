"""Files made to take long or to take much are read in time, or refused."""

from __future__ import annotations

import re
import time

import pytest

from dragoman_contracts.text import placeholder
from dragoman_exchange import (
    ExchangeFormat,
    ExchangeRefusedError,
    ReviewDocument,
    healing,
    holding,
    read_review,
    write_review,
)
from dragoman_exchange import zipped as zipped_module
from exchange.reviews import READABLE, document, unit

LONG = 200_000
_SECONDS = 20  # far more than any takes, and far less than square time would


def document_with(target: str) -> ReviewDocument:
    return document(unit("u1", ("Pay",), (target,)))


HOSTILE = {
    "spaces behind <": "<" + " " * LONG,
    "many <": "< " * LONG,
    "spaces": "a" + " " * LONG + "b",
    "line breaks": "a\n " * LONG,
    "backslashes": "<" + "\\" * LONG + "1>",
    "digits": "<" + "1" * LONG + ">",
    "escapes": "_x005F_" * LONG,
    "brackets": "[" * LONG,
}


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_takes_square_time(format: ExchangeFormat, kind: str) -> None:
    review = document(unit("u1", ("Pay",), ("Zahlen",)))
    data = write_review(format, document_with(HOSTILE[kind]))
    begun = time.process_time()
    reading = read_review(review, data)
    assert time.process_time() - begun < _SECONDS
    assert len(reading.rejected) == 1


@pytest.mark.parametrize("format", READABLE)
def test_very_many_tags_are_refused_before_they_are_compared(format: ExchangeFormat) -> None:
    many = unit("u1", ("Pay",), (placeholder(1), "x") * 15_000)
    data = write_review(format, document(many))
    begun = time.process_time()
    reading = read_review(document_with("Zahlen"), data)
    assert time.process_time() - begun < _SECONDS
    is_cut = format is ExchangeFormat.BILINGUAL_XLSX  # a cell cannot hold it
    expected = "exchange.empty" if is_cut else "exchange.too_long"
    assert [each.code for each in reading.rejected] == [expected]


def test_numbers_of_thousands_of_digits_are_no_numbers() -> None:
    review = document_with("Zahlen")
    v2 = write_review(ExchangeFormat.XLIFF_2_1, review).decode()
    ordered = v2.replace("<target>", f'<target order="{"9" * 5000}">')
    assert read_review(review, ordered.encode()).rejected == ()
    tmx = write_review(ExchangeFormat.TMX, review).decode()
    tagged = tmx.replace("Zahlen", f'Zahlen<ph x="{"9" * 5000}"/>')
    assert [each.code for each in read_review(review, tagged.encode()).rejected] == [
        "exchange.tags"
    ]


def test_much_markup_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healing, "MOST_MARKUP", 20)
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(document_with("a"), write_review(ExchangeFormat.TMX, document_with("a")))
    assert refused.value.code == "exchange.too_large"


def test_a_file_that_unpacks_to_too_much_in_all_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zipped_module, "MOST_BYTES_IN_ALL", 100)
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(
            document_with("a"), write_review(ExchangeFormat.BILINGUAL_XLSX, document_with("a"))
        )
    assert refused.value.code == "exchange.too_large"


def test_units_without_ids_do_not_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    many = document(*(unit(f"u{number}", ("Yes",), ("Ja",)) for number in range(30)))
    lost = re.sub(rb' tuid="[^"]*"', b"", write_review(ExchangeFormat.TMX, many))
    monkeypatch.setattr(holding, "_MOST_CANDIDATES", 40)
    reading = read_review(many, lost)
    assert len(reading.imported) == 30
    assert {each.code: each.count for each in reading.repairs} == {
        "exchange.id_lost": 1,
        "exchange.repeated": 29,
    }
    other = lost.replace(b"Ja", b"Jawohl", 1)
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(many, other)
    assert refused.value.code == "exchange.too_large"


@pytest.mark.parametrize(
    "format", [ExchangeFormat.TMX, ExchangeFormat.XLIFF_1_2, ExchangeFormat.XLIFF_2_1]
)
def test_one_element_of_a_million_pieces_is_refused_before_it_is_held(
    format: ExchangeFormat,
) -> None:
    review = document(unit("u1", ("Pay",), ("Zahlen",)))
    data = write_review(format, review)
    crafted = data.replace(b"Zahlen", b"Zahlen" + b"<b/>" * 1_100_000)
    with pytest.raises(ExchangeRefusedError, match="1000000 pieces of markup") as refused:
        read_review(review, crafted)
    assert refused.value.code == "exchange.too_large"
