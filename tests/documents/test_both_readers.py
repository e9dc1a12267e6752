"""The plain reader and the quick ones give the same units, and write the same translation, on files
people made.

Every n-th file of the corpus is compared here; `python -m documents.both_readers` compares all of
them.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from documents import wordml
from documents.both_readers import CORPUS, difference, reading_quickly_from
from dragoman_contracts.text import Tag
from dragoman_documents import Budget
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.quick import quick_reader
from dragoman_documents.docx.quick.reader import StubReader
from dragoman_documents.docx.quick.shape import Reading

EVERY = 4
SAMPLE = sorted(CORPUS.glob("*.docx"))[::EVERY]
ALIKE = "".join(
    wordml.paragraph(wordml.run(f"Pay {number} "), wordml.bold("today")) for number in range(40)
)


@pytest.mark.skipif(not SAMPLE, reason="the corpus of real files is not beside this checkout")
@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_both_readers_give_the_same_units_and_translation_of_a_real_file(path: Path) -> None:
    assert difference(path.read_bytes()) == ""


@pytest.mark.skipif(not SAMPLE, reason="the corpus of real files is not beside this checkout")
def test_the_quick_reader_really_reads_some_of_the_real_files() -> None:
    packages = [Package(path.read_bytes(), Budget(), quick_reader(0)) for path in SAMPLE[:15]]

    assert any(isinstance(package.reader(package.main), StubReader) for package in packages)


def test_both_readers_agree_on_paragraphs_of_one_shape() -> None:
    assert difference(wordml.document(ALIKE)) == ""


def test_a_reader_that_loses_a_word_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def losing(reading: Reading, words: Sequence[str]) -> tuple[str | Tag, ...]:
        return tuple(part for part in reading.outline if isinstance(part, Tag))

    monkeypatch.setattr(Reading, "content", losing)

    assert difference(wordml.document(ALIKE)) == "units"


def test_the_readers_are_chosen_by_the_size_of_a_part() -> None:
    document = wordml.document(ALIKE)
    long, short = (Package(document, Budget(), quick_reader(size)) for size in (1_000, 1_000_000))

    assert isinstance(long.reader(long.main), StubReader)
    assert not isinstance(short.reader(short.main), StubReader)
    with reading_quickly_from(1_000):
        assert difference(document) == ""
