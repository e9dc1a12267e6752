"""Packages that no program writes: two parts of one name, names that lead out,
records that contradict each other.
"""

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Sequence

from documents.wordml import document, paragraph, part, run

DOCTYPES = (
    "<!DOCTYPE w>",
    '<!DOCTYPE w SYSTEM "w.dtd">',
    '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    '<!DOCTYPE w [<!ENTITY % a "<!ELEMENT b ANY>"><!ENTITY % c "&#37;a;&#37;a;">%c;]>',
)
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-be",
    "iso-8859-1",
    "utf-7",
)
_MAIN = "word/document.xml"


def typed(doctype: str, encoding: str) -> bytes:
    """A document whose main part declares a document type, in an encoding."""
    stated = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    text = part(document(paragraph(run("one")))).replace("UTF-8", stated)
    start = text.index("?>") + 2
    return with_entries([(_MAIN, (text[:start] + doctype + text[start:]).encode(encoding))])


def with_entries(more: Sequence[tuple[str, bytes]], mode: int = 0) -> bytes:
    """A good document with further entries,
    which take the place of the main part where they have its name first.
    """
    output = io.BytesIO()
    names = [name for name, _ in more]
    with (
        zipfile.ZipFile(io.BytesIO(document(paragraph(run("one"))))) as source,
        zipfile.ZipFile(output, "w") as target,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there already
        for name in source.namelist():
            if name not in names:
                target.writestr(name, source.read(name))
        for name, content in more:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            target.writestr(info, content)
    return output.getvalue()


def doubled(name: str) -> bytes:
    """A good document with one more entry of a name, the main part in other words."""
    text = part(document(paragraph(run("two"))))
    return with_entries(
        [(_MAIN, part(document(paragraph(run("one")))).encode()), (name, text.encode())]
    )


def linked() -> bytes:
    """A document with a symbolic link."""
    return with_entries([("word/media/image1.png", b"/etc/passwd")], stat.S_IFLNK | 0o777)


def null_named() -> bytes:
    """A document with an entry whose name goes on after a NUL."""
    return with_entries([("word/xml?hidden.xml", b"<x/>")]).replace(b"xml?hidden", b"xml\0hidden")


def named_otherwise(local: bytes) -> bytes:
    """A document whose main part has another name in its own record than in the directory."""
    return (
        document(paragraph(run("one")))
        .replace(_MAIN.encode(), local, 2)
        .replace(local, _MAIN.encode(), 1)
    )


def patched(position: int, value: int, form: str = "<H", mark: bytes = b"PK\x05\x06") -> bytes:
    """A document with a field of its end record, or of another record, set."""
    data = bytearray(document(paragraph(run("one"))))
    struct.pack_into(form, data, data.rindex(mark) + position, value)
    return bytes(data)


def ended_twice() -> bytes:
    """A document whose comment is the end record of another directory:
    readers from either side see other files.
    """
    inner = document(paragraph(run("two")))
    data = bytearray(document(paragraph(run("one"))))
    comment = inner[inner.index(b"PK\x01\x02") :]
    struct.pack_into("<H", data, len(data) - 2, len(comment) + 4)
    return bytes(data) + comment + b"----"


def overlapping() -> bytes:
    """A document one of whose entries lies inside the content of another."""
    inner = document(paragraph(run("two")))
    data = bytearray(with_entries([("word/media/inner.docx", inner)]))
    start = data.index(b"word/media/inner.docx") + len("word/media/inner.docx")
    begin = data.index(b"PK\x01\x02", data.rindex(inner[-22:]))
    inside = data.index(b"PK\x03\x04", start)
    while bytes(data[begin + 46 : begin + 46 + len(_MAIN)]) != _MAIN.encode():
        begin = data.index(b"PK\x01\x02", begin + 4)
    at = inner.index(_MAIN.encode()) - 30
    struct.pack_into("<L", data, begin + 42, inside + at)
    for offset, place in ((16, 14), (20, 18), (24, 22)):
        data[begin + offset : begin + offset + 4] = inner[at + place : at + place + 4]
    data[begin + 10 : begin + 12] = inner[at + 8 : at + 10]
    return bytes(data)
