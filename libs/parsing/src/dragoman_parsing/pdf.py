"""PDF, page by page: the text it holds, or a picture of the page where it holds none."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from ctypes import byref, c_double
from importlib import import_module
from typing import Any, cast

from PIL import Image

from dragoman_parsing.errors import ParseError, TooLargeError
from dragoman_parsing.lines import HYPHEN, Line, as_markdown
from dragoman_parsing.pages import Box, Method, Page, Pictures

# It has no type stubs.
pypdfium2: Any = import_module("pypdfium2")
pdfium: Any = import_module("pypdfium2.raw")
_PdfiumError = cast("type[Exception]", pypdfium2.PdfiumError)

MOST_PAGES = 2_000
FEWEST_CHARACTERS = 20
"""A page with fewer characters of text is read from its picture."""

_DPI = 150
_MOST_PIXELS = 25_000_000
_MOST_CHARACTERS = 2_000_000  # of a page
_SMALLEST_PICTURE = 40  # pixels; smaller ones are rules, bullets and backgrounds
_MOST_PICTURES = 50  # of a page
_NO_CHARACTERS = {0xFFFE, 0xFFFF, 0}

ReadPicture = Callable[[Image.Image, int], Page]
"""Reads the picture of the page with a number."""


class Pdf:
    """An open PDF; close it."""

    def __init__(self, data: bytes) -> None:
        """Open it.

        Raises:
            ParseError: it is encrypted, damaged, or none.
            TooLargeError: it has too many pages.
        """
        try:
            self._document: Any = pypdfium2.PdfDocument(data)
        except _PdfiumError as error:
            raise _refusal(error) from error
        self.page_count = len(self._document)
        if not self.page_count:
            raise ParseError("has no pages")
        if self.page_count > MOST_PAGES:
            raise TooLargeError(
                f"has {self.page_count:,} pages, and {MOST_PAGES:,} are read at most; split it"
            )

    def close(self) -> None:
        """Close it."""
        self._document.close()

    def read(self, number: int, pictures: Pictures, read_picture: ReadPicture) -> Page:
        """The page with this number, from 1.

        Raises:
            ParseError: the page cannot be read.
        """
        try:
            with closing(self._document[number - 1]) as page:
                width, height = page.get_size()
                lines = _lines(page, height)
                if sum(len("".join(line.text.split())) for line in lines) < FEWEST_CHARACTERS:
                    return read_picture(_rendered(page, width, height), number)
                text = as_markdown(lines)
                names = _pictures_of(page, number, pictures)
        except _PdfiumError as error:
            raise ParseError(f"has a damaged page {number}; print it into a new PDF") from error
        shown = "\n\n".join([text, *(f"![](pictures/{name})" for name in names)])
        boxes = tuple(Box(line.text.replace(HYPHEN, "-"), line.place) for line in lines)
        return Page(number, Method.TEXT, shown, round(width, 1), round(height, 1), boxes)


def _refusal(error: Exception) -> ParseError:
    match getattr(error, "err_code", None):
        case pdfium.FPDF_ERR_PASSWORD:
            return ParseError("is encrypted; save it without a password")
        case pdfium.FPDF_ERR_SECURITY:
            return ParseError("is encrypted in a way that is not known; print it into a new PDF")
        case _:
            return ParseError("is no PDF that can be read; it may be damaged or cut off")


def _lines(page: Any, height: float) -> list[Line]:
    """The lines of the page's text in the order in which the page draws them."""
    with closing(page.get_textpage()) as text_page:
        raw = text_page.raw
        count = min(max(int(pdfium.FPDFText_CountChars(raw)), 0), _MOST_CHARACTERS)
        codes: list[int] = [pdfium.FPDFText_GetUnicode(raw, index) for index in range(count)]
        return [
            line
            for start, end in _spans(codes)
            if (line := _line(raw, codes, start, end, height)) is not None
        ]


def _spans(codes: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for index, code in enumerate([*codes, 10]):
        if code in (10, 13):
            if index > start:
                yield start, index
            start = index + 1


def _line(raw: Any, codes: list[int], start: int, end: int, height: float) -> Line | None:
    text = "".join(chr(code) for code in codes[start:end] if code not in _NO_CHARACTERS)
    # pdfium gives characters beyond the first plane as two halves.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not text.strip():
        return None
    left, top, right, bottom = c_double(), c_double(), c_double(), c_double()
    places: list[tuple[float, float, float, float]] = []
    for index in range(pdfium.FPDFText_CountRects(raw, start, end - start)):
        if pdfium.FPDFText_GetRect(
            raw, index, byref(left), byref(top), byref(right), byref(bottom)
        ):
            places.append((left.value, height - top.value, right.value, height - bottom.value))
    if not places:
        places = [(0, 0, 0, 0)]
    place = (
        round(min(each[0] for each in places), 1),
        round(min(each[1] for each in places), 1),
        round(max(each[2] for each in places), 1),
        round(max(each[3] for each in places), 1),
    )
    return Line(text, place, round(pdfium.FPDFText_GetFontSize(raw, start), 1))


def _rendered(page: Any, width: float, height: float) -> Image.Image:
    scale = _DPI / 72
    pixels = width * height * scale**2
    if pixels > _MOST_PIXELS:
        scale *= (_MOST_PIXELS / pixels) ** 0.5
    return page.render(scale=scale).to_pil().convert("RGB")


def _pictures_of(page: Any, number: int, pictures: Pictures) -> list[str]:
    names: list[str] = []
    found = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=5)
    for place, each in enumerate(found, 1):
        if place > _MOST_PICTURES:
            break
        # A picture that cannot be read is not worth the page's text.
        with suppress(_PdfiumError, ValueError, RuntimeError, OSError):
            width, height = each.get_px_size()
            if min(width, height) < _SMALLEST_PICTURE or width * height > _MOST_PIXELS:
                continue
            buffer = io.BytesIO()
            each.get_bitmap().to_pil().convert("RGB").save(buffer, "PNG")
            name = pictures.add(f"p{number}-{place}.png", buffer.getvalue())
            if name and name not in names:
                names.append(name)
    return names


@contextmanager
def opened(data: bytes) -> Generator[Pdf]:
    """The PDF, open for the block."""
    pdf = Pdf(data)
    try:
        yield pdf
    finally:
        pdf.close()
