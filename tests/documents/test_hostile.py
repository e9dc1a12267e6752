"""A package that leaves a choice, or declares what no Word declares,
is refused with its cure, never read by luck.
"""

from collections.abc import Callable

import pytest

from documents.hostile import (
    DOCTYPES,
    ENCODINGS,
    doubled,
    ended_twice,
    linked,
    named_otherwise,
    null_named,
    overlapping,
    patched,
    typed,
    with_entries,
)
from documents.wordml import document, paragraph, part, run, sources, story
from dragoman_documents import DocumentError, compare, extract, inspect, merge


def refused(data: bytes) -> str:
    """The code of the refusal, which is the same however the document is opened."""
    codes: set[str] = set()
    ways: tuple[Callable[[], object], ...] = (
        lambda: extract(data),
        lambda: inspect(data),
        lambda: compare(data, document("")),
        lambda: merge(data, {}),
    )
    for way in ways:
        with pytest.raises(DocumentError) as caught:
            way()
        assert "save it" in caught.value.message
        codes.add(caught.value.code)
    (code,) = codes
    return code


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("doctype", DOCTYPES, ids=["bare", "outside", "entities", "parameters"])
def test_a_document_type_is_refused_in_every_encoding(doctype: str, encoding: str) -> None:
    assert refused(typed(doctype, encoding)) == "document.entities"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_encodings_are_read_without_one(encoding: str) -> None:
    assert sources(typed("", encoding)) == ["one"]


def test_the_word_is_no_document_type_where_it_is_text() -> None:
    assert sources(document(paragraph("<!-- <!DOCTYPE x> -->", run("&lt;!DOCTYPE x>")))) == [
        "<!DOCTYPE x>"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "word/document.xml",
        "Word/Document.XML",
        "/word/document.xml",
        "word\\document.xml",
        "word/d%6Fcument.xml",
    ],
)
def test_two_parts_of_one_name_are_refused(name: str) -> None:
    assert refused(doubled(name)) == "document.duplicate_part"


@pytest.mark.parametrize(
    "data",
    [
        *[
            with_entries([(name, b"x")])
            for name in ("../x", "word/../../x", "..\\x", "C:\\x", "word/%2e%2e/x", "./x")
        ],
        with_entries([("word/a\x01b", b"x")]),
        null_named(),
        linked(),
    ],
    ids=["above", "inside", "backslash", "drive", "encoded", "dot", "control", "null", "link"],
)
def test_a_name_that_no_part_may_have_is_refused(data: bytes) -> None:
    assert refused(data) == "document.unsafe_name"


@pytest.mark.parametrize(
    "data",
    [
        named_otherwise(b"word/documenz.xml"),
        patched(8, 0, mark=b"PK\x03\x04"),
        patched(8, 1),
        patched(4, 3),
        ended_twice(),
        overlapping(),
    ],
    ids=["name", "method", "count", "disk", "ends", "overlap"],
)
def test_records_that_contradict_each_other_are_refused(data: bytes) -> None:
    assert refused(data) == "document.damaged"


def test_an_encrypted_entry_is_refused_even_where_nobody_reads_it() -> None:
    assert refused(patched(8, 1, mark=b"PK\x01\x02")) == "document.encrypted"


def test_two_types_for_one_part_are_refused() -> None:
    types = part(document(""), "[Content_Types].xml")
    other = '<Override PartName="/Word/document.xml" ContentType="text/plain"/></Types>'
    data = with_entries([("[Content_Types].xml", types.replace("</Types>", other).encode())])
    assert refused(data) == "document.damaged"


def test_a_percent_encoded_name_is_the_part_it_names() -> None:
    types = part(document(""), "[Content_Types].xml").replace(
        "/word/document.xml", "/word/main part.xml"
    )
    links = part(document(""), "_rels/.rels").replace("word/document.xml", "word/main%20part.xml")
    more = {
        "[Content_Types].xml": types,
        "_rels/.rels": links,
        "word/main%20part.xml": story("document", paragraph(run("x"))),
    }
    assert sources(with_entries([(name, text.encode()) for name, text in more.items()])) == ["x"]
