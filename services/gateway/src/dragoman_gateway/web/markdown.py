"""Markdown that a model or a program wrote, as HTML that may stand on a page.

Models write tables and superscripts as HTML, so HTML is read, and all but a few harmless elements
is taken out of it. Pictures go too: pages load nothing from elsewhere.
"""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code"),
    *("ul", "ol", "li", "dl", "dt", "dd", "strong", "b", "em", "i", "s", "del", "sup", "sub"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "a"),
}
_ATTRIBUTES = {
    "a": {"href"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
}
_SCHEMES = {"http", "https", "mailto"}
_MOST_CHARS = 200_000
_parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def rendered_markdown(text: str) -> Markup:
    """The text as safe HTML; what is longer than 200,000 characters is cut."""
    html = _parser.render(text[:_MOST_CHARS])
    safe = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(safe)  # noqa: S704 - nh3 left harmless elements alone
