"""HTML into Markdown: what a page is about, without its menus and advertisements."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

import trafilatura

from dragoman_parsing import markdown
from dragoman_parsing.errors import ParseError, TooLargeError
from dragoman_parsing.pages import Method, Page

# It has no type stubs.
_html: Any = import_module("lxml.html")
_etree: Any = import_module("lxml.etree")

MOST_BYTES = 50 * 1024**2


def read_web(data: bytes) -> Page:
    """The page's main text; all of its text where it has none that stands out.

    Raises:
        ParseError: there is no text in it.
    """
    if len(data) > MOST_BYTES:
        raise TooLargeError(f"has more than {MOST_BYTES // 1024**2} MiB; split the page")
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    found = trafilatura.extract(
        data,
        output_format="markdown",
        include_comments=False,
        include_formatting=True,
        include_links=True,
        include_tables=True,
        favor_recall=True,
    )
    text = found or _all_text(data)
    if not text.strip():
        raise ParseError("has no text")
    return Page(1, Method.TEXT, text)


def _all_text(data: bytes) -> str:
    try:
        root: Any = _html.fromstring(data)
    except (ValueError, _etree.ParserError) as error:
        raise ParseError("is no HTML that can be read") from error
    for element in root.xpath("//script | //style | //template | //noscript"):
        element.drop_tree()
    lines = (" ".join(line.split()) for line in str(root.text_content()).splitlines())
    return "\n\n".join(markdown.paragraph(markdown.escaped(line)) for line in lines if line)
