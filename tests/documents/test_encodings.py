"""However a package is written, the text goes out and back in, and the rest stays."""

import io
import zipfile

import pytest

from documents.wordml import bold, document, paragraph, part, pseudo, run, sources, zipped
from dragoman_documents import extract, merge

PLAIN = part(document(paragraph(run("Hello "), bold("big"), run(" world"))))


def package_of(main: bytes) -> dict[str, bytes]:
    """The parts of a package with this main document."""
    with zipfile.ZipFile(io.BytesIO(document(paragraph(run("x"))))) as archive:
        return {name: archive.read(name) for name in archive.namelist()} | {
            "word/document.xml": main
        }


class OneWay(io.RawIOBase):
    """A stream without seeking: what is zipped into it has its sizes after its data."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # pyright: ignore[reportArgumentType]
        self.written += piece
        return len(piece)


def streamed() -> bytes:
    """A package with data descriptors and a comment."""
    stream = OneWay()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"made by a stream"
        for name, content in package_of(PLAIN.encode()).items():
            archive.writestr(name, content)
    return bytes(stream.written)


def large_format() -> bytes:
    """A package whose entries have ZIP64 sizes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in package_of(PLAIN.encode()).items():
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        zipped(package_of(PLAIN.replace("UTF-8", "UTF-16").encode("utf-16"))),
        zipped(package_of(b"\xef\xbb\xbf" + PLAIN.encode())),
        zipped(
            package_of(
                PLAIN.replace("<w:", "<")
                .replace("</w:", "</")
                .replace("xmlns:w=", "xmlns=")
                .encode()
            )
        ),
        zipped(
            package_of(
                PLAIN.replace("<w:", "<x:")
                .replace("</w:", "</x:")
                .replace("xmlns:w=", "xmlns:x=")
                .encode()
            )
        ),
        streamed(),
        large_format(),
        b"PK\x00 a stub before the archive"
        + document(paragraph(run("Hello "), bold("big"), run(" world"))),
    ],
    ids=[
        "utf-16",
        "byte order mark",
        "default namespace",
        "other prefix",
        "streamed",
        "zip64",
        "stub",
    ],
)
def test_every_spelling_is_read_and_written(data: bytes) -> None:
    units = extract(data).units
    assert sources(data) == ["Hello <1>big</1> world"]
    assert merge(data, {unit.unit_id: unit.source for unit in units}) == data
    result = merge(data, {unit.unit_id: pseudo(unit) for unit in units})
    assert sources(result) == ["Здммп <1>биж</1> чптмг"]
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(result)) as after:
        assert after.testzip() is None
        assert after.comment == before.comment
        assert [entry.compress_type for entry in after.infolist()] == [
            entry.compress_type for entry in before.infolist()
        ]
        assert after.read("word/document.xml")[:3] == before.read("word/document.xml")[:3]
