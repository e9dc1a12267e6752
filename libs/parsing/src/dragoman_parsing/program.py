"""`dragoman-parse --input FILE --output DIR`: a document into Markdown.

It is run by a pipeline as any command is. Exit status: 0 done, 1 the document cannot be parsed (one
line on stderr says why), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from dragoman_contracts.release import release
from dragoman_parsing.errors import ParseError, TooLargeError
from dragoman_parsing.pages import Method, Output, Page, Pictures
from dragoman_parsing.recognition import ModelReader, OcrReader, PictureReader

KEY_VARIABLE = "DRAGOMAN_MODEL_API_KEY"
"""The variable that holds the key of the vision model's API."""

_MOST_BYTES = 512 * 1024**2
_MEMORY_BYTES = 8 * 1024**3
_WORD_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")
_PICTURE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_HTML_SUFFIXES = (".html", ".htm", ".xhtml")
_TEXT_SUFFIXES = (".txt", ".md", ".markdown")

_Pages = Iterator[tuple[Page, int]]
"""Pages, each with how many there are."""


def main() -> None:
    """Run as this process's program, which then has at most so much memory."""
    _limit_memory()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Parse the document; the exit status."""
    given = _parser().parse_args(arguments)
    if bool(given.vlm_url) != bool(given.model):
        return _fail("--vlm-url and --model belong together; give both, or neither", 2)
    path = Path(given.input)
    try:
        data = _read(path)
        pictures, output = Pictures(), Output(Path(given.output))
        reader: PictureReader = (
            ModelReader(given.vlm_url, given.model, os.environ.get(KEY_VARIABLE, ""))
            if given.vlm_url
            else OcrReader()
        )
        for done, (page, count) in enumerate(_pages(path, data, pictures, reader), 1):
            output.add(page)
            sys.stdout.write(f"dragoman-progress: {done}/{count}\n")
            sys.stdout.flush()
        output.write(pictures)
    except ParseError as error:
        return _fail(f"{path.name} {error}", 1)
    except MemoryError:
        return _fail(f"{path.name} needs more memory than there is; split it", 1)
    except OSError as error:
        name = Path(error.filename).name if error.filename else given.output
        return _fail(f"{name} cannot be written or read: {error.strerror}", 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dragoman-parse",
        description="Parse DOCX, HTML, PDF, a picture or text into document.md, pages.json and pictures.",
    )
    parser.add_argument("--input", required=True, metavar="FILE")
    parser.add_argument("--output", required=True, metavar="DIR")
    parser.add_argument(
        "--vlm-url", default="", metavar="URL", help="OpenAI-compatible API of a vision model"
    )
    parser.add_argument("--model", default="", metavar="NAME", help="the vision model's name")
    parser.add_argument("--version", action="version", version=release())
    return parser


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise TooLargeError(f"has more than {_MOST_BYTES // 1024**2} MiB; split it")
        data = path.read_bytes()
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror}") from error
    if not data:
        raise ParseError("is empty")
    return data


def _pages(path: Path, data: bytes, pictures: Pictures, reader: PictureReader) -> _Pages:
    """The pages, by what the bytes are; the suffix decides where they do not say."""
    suffix, start = path.suffix.lower(), data[:1024]
    # Each format's libraries are slow to import, and one is needed.
    if start.startswith(_WORD_SIGNATURES):
        return _of_word(data, pictures)
    if b"%PDF-" in start:
        return _of_pdf(data, pictures, reader)
    if start.startswith(_PICTURE_SIGNATURES) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return _of_picture(data, reader)
    if suffix in _HTML_SUFFIXES or b"<html" in start.lower() or b"<!doctype html" in start.lower():
        return _of_web(data)
    if suffix in _TEXT_SUFFIXES:
        return _of_text(data)
    kinds = {".pdf": "PDF", ".docx": "Word document", ".png": "PNG", ".jpg": "JPEG"}
    if suffix in kinds:
        raise ParseError(f"is no {kinds[suffix]}; it may be damaged or cut off")
    raise ParseError("is of no kind that is parsed: DOCX, HTML, PDF, PNG, JPEG, TIFF, WebP, text")


def _of_word(data: bytes, pictures: Pictures) -> _Pages:
    from dragoman_parsing.word import read_word

    yield read_word(data, pictures), 1


def _of_web(data: bytes) -> _Pages:
    from dragoman_parsing.web import read_web

    yield read_web(data), 1


def _of_text(data: bytes) -> _Pages:
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    yield Page(1, Method.TEXT, text), 1


def _of_pdf(data: bytes, pictures: Pictures, reader: PictureReader) -> _Pages:
    from dragoman_parsing.pdf import opened

    with opened(data) as pdf:
        for number in range(1, pdf.page_count + 1):
            page = pdf.read(number, pictures, reader.read)
            yield page, pdf.page_count


def _of_picture(data: bytes, reader: PictureReader) -> _Pages:
    from dragoman_parsing.images import ImageFile

    file = ImageFile(data)
    for number, image in enumerate(file, 1):
        yield reader.read(image, number), file.page_count


def _limit_memory() -> None:
    with suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, most))


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"dragoman-parse: {' '.join(message.split())}\n")
    return status
