"""Files that are broken, hostile or no Word documents are refused with a code,
a cure, and in no time.
"""

import io
import struct
import time
import zipfile

import pytest

from documents.wordml import document, package, paragraph, run, sources, story, zipped
from dragoman_documents import (
    NO_PACKAGE_CODES,
    Budget,
    DamagedDocumentError,
    DocumentError,
    EncryptedDocumentError,
    NotWordError,
    NotZipError,
    TooLargeError,
    TruncatedDocumentError,
    extract,
    inspect,
    merge,
    require_package,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("data", "error", "code", "cure"),
    [
        (b"", NotZipError, "document.empty", "Send it again"),
        (b"%PDF-1.7 ...", NotZipError, "document.pdf", "Convert"),
        (b"{\\rtf1 text}", NotZipError, "document.rtf", "save it as DOCX"),
        (
            b"<?xml version='1.0'?><pkg:package/>",
            NotZipError,
            "document.flat_xml",
            "save it as DOCX",
        ),
        (b"just some text", NotZipError, "document.not_zip", "save it as DOCX"),
        (
            OLE + "EncryptedPackage".encode("utf-16-le"),
            EncryptedDocumentError,
            "document.encrypted",
            "password",
        ),
        (
            OLE + "WordDocument".encode("utf-16-le"),
            NotZipError,
            "document.legacy_word",
            "save it as DOCX",
        ),
        (
            document(paragraph(run("one")))[:-400],
            TruncatedDocumentError,
            "document.truncated",
            "Fetch it again",
        ),
        (zipped({"readme.txt": "hello"}), NotWordError, "document.not_word", "Send the DOCX"),
    ],
)
def test_other_files_are_refused_with_their_cure(
    data: bytes, error: type[DocumentError], code: str, cure: str
) -> None:
    for read in (extract, inspect):
        with pytest.raises(error, match=cure) as caught:
            read(data)
        assert caught.value.code == code


def test_a_file_is_told_from_a_package_by_its_first_bytes() -> None:
    name = "EncryptedPackage".encode("utf-16-le")
    for data in (b"PK and no more", OLE + name, OLE + bytes(2**20 - 520) + name + bytes(2**20)):
        require_package(io.BytesIO(data))
    for data, code in (
        (b"%PDF-1.7", "document.pdf"),
        (b"text PK", "document.not_zip"),
        (OLE + bytes(2**21) + "WordDocument".encode("utf-16-le"), "document.legacy_word"),
        (OLE + bytes(2**21), "document.not_zip"),
    ):
        with pytest.raises(NotZipError) as refused:
            require_package(io.BytesIO(data))
        assert refused.value.code == code
        assert code in NO_PACKAGE_CODES


def test_a_spreadsheet_is_named() -> None:
    data = package(
        {"xl/book.xml": "<workbook/>"},
        main="xl/book.xml",
        main_type="application/spreadsheetml.sheet.main+xml",
    )
    with pytest.raises(NotWordError, match="Excel"):
        extract(data)


def test_a_main_part_that_is_not_well_formed_is_refused() -> None:
    with pytest.raises(DamagedDocumentError, match="repair"):
        extract(package({"word/document.xml": "<w:document"}))


def test_a_broken_header_is_reported_and_left_as_it_is() -> None:
    parts = {"word/document.xml": story("document", paragraph(run("body"))), "word/h.xml": "<w:hdr"}
    data = package(parts, {"word/h.xml": "header"})
    found = extract(data)
    assert [finding.code for finding in found.findings] == ["part.unreadable"]
    result = merge(data, {found.units[0].unit_id: ("Text",)})
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.read("word/h.xml") == b"<w:hdr"


def test_a_wrong_checksum_is_damage() -> None:
    data = bytearray(document(paragraph(run("one"))))
    central = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    central = data.index(b"PK\x01\x02", central + 1)  # the third entry: the main document
    struct.pack_into("<L", data, central + 16, 12345)
    with pytest.raises(DamagedDocumentError, match="checksum"):
        extract(bytes(data))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = package({"word/document.xml": story("document", paragraph(run("a" * 40_000_000)))})
    started = time.process_time()
    with pytest.raises(TooLargeError, match="ratio"):
        extract(bomb)
    assert time.process_time() - started < 1


def test_pictures_that_nobody_reads_here_are_no_bomb_for_whoever_opens_the_result() -> None:
    honest = document(paragraph(run("Words.")))
    assert extract(_with_pictures(honest, 4, 16)).units
    with pytest.raises(TooLargeError, match="unpacked bytes, more than"):
        extract(_with_pictures(honest, 40, 32))


def _with_pictures(data: bytes, count: int, size_mib: int) -> bytes:
    """The document with so many pictures of zeros."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"word/media/{number}.bmp", bytes(size_mib * 2**20))
    return file.getvalue()


def test_a_size_that_lies_does_not_unpack_further() -> None:
    data = bytearray(document(paragraph(run("a" * 100_000))))
    position = -1
    for _ in range(3):
        position = data.index(b"PK\x01\x02", position + 1)
    struct.pack_into("<L", data, position + 24, 1_000)
    with pytest.raises(TooLargeError, match="stated size"):
        extract(bytes(data))


def test_a_size_that_cannot_be_true_is_damage() -> None:
    data = bytearray(document(paragraph(run("one"))))
    position = -1
    for _ in range(3):
        position = data.index(b"PK\x01\x02", position + 1)
    struct.pack_into("<L", data, position + 24, 3_000_000_000)
    with pytest.raises(DamagedDocumentError, match="cannot be true"):
        extract(bytes(data))


def test_entities_are_never_expanded() -> None:
    declared = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    text = story("document", paragraph(run("&b;"))).replace("<w:document", declared + "<w:document")
    with pytest.raises(TooLargeError, match="entities") as caught:
        extract(package({"word/document.xml": text}))
    assert caught.value.code == "document.entities"


@pytest.mark.parametrize(
    ("limit", "data"),
    [
        ("entries", document(paragraph(run("one")))),
        ("package_bytes", document(paragraph(run("one")))),
        ("xml_bytes", document(paragraph(run("one")))),
        ("elements", document(paragraph(run("one")))),
        (
            "attributes",
            document("<w:p " + " ".join(f"a{number}='1'" for number in range(50)) + "/>"),
        ),
        (
            "depth",
            document(
                "<w:sdt><w:sdtContent>" * 20
                + paragraph(run("deep"))
                + "</w:sdtContent></w:sdt>" * 20
            ),
        ),
    ],
)
def test_each_limit_is_named_where_it_is_passed(limit: str, data: bytes) -> None:
    with pytest.raises(TooLargeError, match=limit.replace("_", " ")) as caught:
        extract(data, budget=Budget.model_validate({limit: 2}))
    assert caught.value.code == "document.too_large"


def test_deeply_nested_boxes_end_in_an_answer() -> None:
    opened, closed = "<w:p><w:r><w:pict><w:txbxContent>", "</w:txbxContent></w:pict></w:r></w:p>"
    with pytest.raises(TooLargeError, match="depth"):
        extract(document(opened * 400 + closed * 400))


def test_deeply_nested_insertions_end_in_an_answer() -> None:
    nested = '<w:ins w:id="1">' * 900 + run("deep") + "</w:ins>" * 900
    assert extract(document(paragraph(nested) + paragraph(run("after")))).units[-1].source == (
        "after",
    )


def test_names_with_backslashes_are_found_and_kept() -> None:
    parts = {"word\\document.xml": story("document", paragraph(run("one")))}
    data = package(parts, main="word/document.xml").replace(
        b"word/document.xml", b"word/document.xml"
    )
    assert sources(data) == ["one"]
    with zipfile.ZipFile(io.BytesIO(merge(data, {"word/document.xml#0.0": ("eins",)}))) as archive:
        assert archive.infolist()[2].orig_filename == "word\\document.xml"


def test_entries_that_lie_over_each_other_are_refused() -> None:
    data = bytearray(
        document(
            paragraph(run("".join(map(chr, range(48, 122))).replace("<", "").replace("&", "")))
        )
    )
    end = data.rindex(b"PK\x05\x06")
    start = data.index(b"PK\x01\x02")
    directory = bytes(data[start:end])
    repeated = bytes(data[:start]) + directory * 40
    count = 3 * 40
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory) * 40, start, 0)
    with pytest.raises(DamagedDocumentError, match="over each other"):
        extract(repeated + tail)
