"""Long parts are read from their bytes: what comes out is what the tree alone would give."""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from xml.etree.ElementTree import canonicalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import wordml
from documents.both_readers import reading_quickly_from
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content
from dragoman_documents import Budget, Extraction, extract, merge
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.quick import quick_reader

LOCALES = [None, Locale("ru"), Locale("ar"), Locale("zh")]


def link(*runs: str) -> str:
    return f'<w:hyperlink w:anchor="there">{"".join(runs)}</w:hyperlink>'


def paragraphs() -> str:
    kinds = [
        wordml.paragraph(wordml.run("Plain text.")),
        wordml.paragraph(
            wordml.run("One "), wordml.bold("bold"), wordml.run(" word &amp; more &lt;here&gt;.")
        ),
        wordml.paragraph(
            wordml.run("See "),
            link(wordml.run("the terms")),
            wordml.run(" and "),
            link("<w:r><w:tab/></w:r>"),
        ),
        wordml.paragraph(
            link(wordml.run("A link "), wordml.bold("around")), '<w:bookmarkEnd w:id="1"/>'
        ),
        wordml.paragraph("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/></w:r>", wordml.run("c")),
        wordml.paragraph(
            '<w:pPr><w:pStyle w:val="Quote"/></w:pPr>', wordml.run("  spaces around  ")
        ),
        wordml.paragraph("<w:pPr/><w:r><w:rPr/><w:t>Nothing in the properties</w:t></w:r>"),
        wordml.paragraph(wordml.run("hidden", "<w:vanish/>"), wordml.run(" and shown")),
        wordml.paragraph(
            wordml.run("Two ", '<w:rFonts w:cs="Arial"/>'),
            wordml.run("שלום", '<w:rFonts w:cs="Arial"/>'),
        ),
        wordml.paragraph(wordml.field("DATE", wordml.run("today")), wordml.run(" is computed")),
        wordml.paragraph(
            wordml.run("See "), wordml.field("HYPERLINK there", wordml.run("this")), wordml.run(".")
        ),
        wordml.paragraph(
            '<w:r w:rsidR="00AB12CD"><w:t>remark</w:t></w:r><w:proofErr w:type="gramEnd"/>'
        ),
        wordml.paragraph("<w:r><w:t>num&#98;er</w:t></w:r>", wordml.run("ed")),
        "<w:p>\n <w:r>\n  <w:rPr><w:i/></w:rPr>\n  <w:t>pretty</w:t>\n </w:r>\n</w:p>\n",
        "<w:p/>",
        f"<w:tbl><w:tr><w:tc>{wordml.paragraph(wordml.run('cell'))}{wordml.paragraph()}</w:tc></w:tr></w:tbl>",
        wordml.paragraph(
            "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>", wordml.run("kept")
        ),
        wordml.paragraph(
            "<w:r><w:t>x</w:t></w:r>", "<w:r><w:pict><v:shape/></w:pict></w:r>", wordml.run("y")
        ),
    ]
    return "".join(kinds) * 20 + "".join(repeated(number) for number in range(200))


def repeated(number: int) -> str:
    """A paragraph whose markup others have too, with other words, lengths and white space."""
    words = [
        "",
        " ",
        "word ",
        "a much longer stretch of words",
        "  edge",
        "&amp;",
        "\u3000",
        "שלום",
        "tab\there ",
    ]
    first, second, third = (words[number // step % len(words)] for step in (1, 9, 81))
    return wordml.paragraph(
        f'<w:bookmarkStart w:id="{number}" w:name="mark{number}"/>',
        wordml.run(first, '<w:rFonts w:cs="Arial"/>'),
        link(wordml.run(second), wordml.bold(third)),
        wordml.bold(second),
        wordml.run(third, "<w:i/>"),
    )


DOCUMENT = wordml.document(paragraphs())


@pytest.fixture(scope="module", autouse=True)
def quick_reading_of_parts_of_any_size() -> Iterator[None]:
    with reading_quickly_from(0):
        yield


def same(content: Content) -> Content:
    return content


def without_tags(content: Content) -> Content:
    return tuple(part for part in content if isinstance(part, str))


def backwards(content: Content) -> Content:
    return tuple(reversed(content))


def read_plainly(data: bytes) -> Extraction:
    with reading_quickly_from(sys.maxsize):
        return extract(data)


def merged_plainly(data: bytes, targets: Mapping[str, Content], locale: Locale | None) -> bytes:
    with reading_quickly_from(sys.maxsize):
        return merge(data, targets, target_locale=locale)


def test_units_of_stubs_are_those_of_the_tree() -> None:
    assert extract(DOCUMENT) == read_plainly(DOCUMENT)


def test_most_paragraphs_of_a_long_document_are_stubs() -> None:
    document = Package(DOCUMENT, Budget(), quick_reader(0))
    root = document.root(document.main)
    assert root is not None
    assert sum(element.get("dragoman-stub") is not None for element in root.iter()) > 200


def test_paragraphs_with_whole_fields_become_stubs_and_others_do_not() -> None:
    begin, instruction, separate, end = field_parts()
    whole = wordml.paragraph(
        wordml.run("See "), wordml.field("HYPERLINK there", wordml.run("this"))
    )
    opened = wordml.paragraph(begin, instruction, separate, wordml.run("1"))
    closed = wordml.paragraph(wordml.run("2"), end)
    document = Package(wordml.document((whole + opened + closed) * 100), Budget(), quick_reader(0))
    root = document.root(document.main)
    assert root is not None
    assert sum(element.get("dragoman-stub") is not None for element in root.iter()) == 99


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("change", [same, without_tags, backwards])
def test_stubs_are_written_as_the_tree_would_be(
    change: Callable[[Content], Content], locale: Locale | None
) -> None:
    targets = {unit.unit_id: change(wordml.pseudo(unit)) for unit in extract(DOCUMENT).units}
    quick = merge(DOCUMENT, targets, target_locale=locale)
    plain = merged_plainly(DOCUMENT, targets, locale)
    assert canonicalize(wordml.part(quick)) == canonicalize(wordml.part(plain))


def test_an_identity_translation_of_stubs_touches_nothing() -> None:
    targets = {unit.unit_id: unit.source for unit in extract(DOCUMENT).units}
    assert merge(DOCUMENT, targets, target_locale=Locale("ar")) == DOCUMENT


def test_nothing_of_a_document_is_left_for_the_garbage_collector() -> None:
    targets = {unit.unit_id: without_tags(wordml.pseudo(unit)) for unit in extract(DOCUMENT).units}
    gc.collect()
    merge(DOCUMENT, targets)
    assert gc.collect() == 0


WORDS = st.one_of(
    st.sampled_from(["", " ", "word", "many more words "]),
    st.text("ab &<>\u00a0\u3000ש’\t", max_size=5),
)


def field_parts() -> tuple[str, ...]:
    """The runs of a field without its result, which may stand in several paragraphs."""
    marks = [f'<w:fldChar w:fldCharType="{edge}"/>' for edge in ("begin", "separate", "end")]
    marks.insert(1, "<w:instrText> DATE </w:instrText>")
    return tuple(f"<w:r>{mark}</w:r>" for mark in marks)


def shaped(shape: int, words: list[str]) -> str:
    first, second, third = (word.replace("&", "&amp;").replace("<", "&lt;") for word in words)
    begin, instruction, separate, end = field_parts()
    shapes = (
        (wordml.run(first), wordml.bold(second), wordml.run(third)),
        (link(wordml.run(first), wordml.bold(second)), wordml.run(third, "<w:i/>")),
        (
            wordml.run(first, '<w:rFonts w:cs="Arial"/>'),
            f"<w:r><w:tab/><w:t>{second}</w:t><w:t>{third}</w:t></w:r>",
        ),
        (
            f'<w:ins w:id="7">{wordml.bold(first)}{wordml.run(second)}</w:ins>',
            wordml.run(third, "<w:vanish/>"),
        ),
        (wordml.run(first), wordml.field("HYPERLINK x", wordml.run(second) + wordml.bold(third))),
        (
            wordml.field("REF y", wordml.run(first)),
            wordml.field("FORMTEXT", wordml.run(second)),
            wordml.bold(third),
        ),
        (wordml.run(first), begin, instruction, separate, wordml.run(second)),
        (wordml.run(first), end, wordml.run(second)),
        (instruction, wordml.run(first)),
        (
            begin,
            instruction,
            wordml.field("TOC", wordml.run(first)),
            separate,
            wordml.run(second),
            end,
        ),
    )
    return wordml.paragraph(*shapes[shape])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.lists(WORDS, min_size=3, max_size=3)), min_size=2),
    st.booleans(),
)
def test_whatever_its_words_a_paragraph_reads_and_is_written_as_the_tree_would(
    paragraphs: list[tuple[int, list[str]]], is_longer: bool
) -> None:
    data = wordml.document("".join(shaped(shape, words) for shape, words in paragraphs))
    units = extract(data).units
    assert units == read_plainly(data).units
    more = " more" if is_longer else ""
    targets = {
        unit.unit_id: tuple(
            part + more if isinstance(part, str) else part for part in wordml.pseudo(unit)
        )
        for unit in units
    }
    for locale in (None, Locale("ru")):
        written = wordml.part(merge(data, targets, target_locale=locale))
        assert canonicalize(written) == canonicalize(
            wordml.part(merged_plainly(data, targets, locale))
        )


@pytest.mark.parametrize("mark", ["<!-- <w:p> -->", "<?mark </w:p>?>", "<w:p\n w:rsidR='0'/>"])
def test_what_only_looks_like_a_paragraph_is_not_taken_for_one(mark: str) -> None:
    data = wordml.document((mark + wordml.paragraph(wordml.run("Some words. " * 50))) * 50)
    assert extract(data) == read_plainly(data)


def test_a_paragraph_that_declares_a_namespace_is_written_as_it_was() -> None:
    start = '<w:p xmlns:x="urn:x">', '<w:p xmlns="urn:x">'
    data = wordml.document(
        "".join(
            wordml.paragraph(wordml.run("word " * 50)).replace("<w:p>", each) for each in start * 50
        )
    )
    targets = {unit.unit_id: wordml.pseudo(unit) for unit in extract(data).units[::2]}
    assert canonicalize(wordml.part(merge(data, targets))) == canonicalize(
        wordml.part(merged_plainly(data, targets, None))
    )


def test_a_text_that_looks_like_a_stub_stays_text() -> None:
    text = '&lt;w:p dragoman-stub="0"/&gt; '
    data = wordml.document(wordml.paragraph(wordml.run(text * 800)))
    assert extract(data) == read_plainly(data)
