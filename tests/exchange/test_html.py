"""The page for reading and printing."""

from __future__ import annotations

from html.parser import HTMLParser

from typing_extensions import override

from dragoman_exchange import ExchangeFormat, write_review
from exchange.reviews import COMMENT, FINDING, document, unit

HOSTILE = "<script>alert('x')</script> & \"quoted\""
REVIEW = document(
    unit("u1", (HOSTILE,), ("مرحبا",), findings=(FINDING,), comments=(COMMENT,)),
    unit("u2", ("Line",), ("سطر\nسطر",), findings=(FINDING,)),
    target="ar",
).model_copy(update={"title": HOSTILE})


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(data.decode())

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.texts.append(data)


PAGE = Page(write_review(ExchangeFormat.HTML, REVIEW))


def test_text_of_a_document_is_never_markup() -> None:
    names = {name for name, _ in PAGE.elements}
    assert "script" not in names
    assert PAGE.texts.count(HOSTILE) == 3  # the title twice, and the source


def test_the_page_needs_nothing_else() -> None:
    attributes = {key for _, found in PAGE.elements for key in found}
    assert not attributes & {"src", "href", "onclick", "onload"}
    style = next(text for text in PAGE.texts if "color-scheme" in text)
    assert "url(" not in style
    for condition in ("prefers-color-scheme:dark", "@media print"):
        assert condition in style


def test_texts_say_their_language_and_direction() -> None:
    texts = [found for name, found in PAGE.elements if name == "td" and "lang" in found]
    assert [(each["lang"], each["dir"]) for each in texts] == [("en", "ltr"), ("ar", "rtl")] * 2


def test_units_are_counted_by_stage_verdict_and_finding() -> None:
    text = " ".join(PAGE.texts)
    for counted in ("translated 2", "needs review 2", "numbers.missing 2"):
        assert counted in " ".join(text.split())


def test_findings_and_comments_stand_beside_their_unit() -> None:
    assert "Ana, 2026-03-04: Use <Sie> here & there." in PAGE.texts
    assert sum("12 is missing." in text for text in PAGE.texts) == 2
