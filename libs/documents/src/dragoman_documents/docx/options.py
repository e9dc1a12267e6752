"""The texts of a document that are translated, as switches with the defaults a translator expects.

With `ExtractOptions(comments=False)` the text of comments gives no units and comes back as it is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from dragoman_contracts.model import Value

StyleId = Annotated[str, StringConstraints(min_length=1)]
"""A style's id as the document writes it, which need not be the name that Word shows."""

Highlight = Literal[
    "black", "blue", "cyan", "darkBlue", "darkCyan", "darkGray", "darkGreen", "darkMagenta", "darkRed", "darkYellow",
    "green", "lightGray", "magenta", "red", "white", "yellow",
]  # fmt: skip
"""A highlighting colour (ECMA-376 Part 1, 17.18.40)."""

Colour = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{6}$", to_upper=True)]
"""A text colour: RRGGBB."""


class ExtractOptions(Value):
    """Which text becomes units. Extraction and merge of one document must use the same options.

    `statistical_charts` are the newer kinds (waterfall, treemap, funnel): Word takes their labels
    from the workbook behind them when somebody edits them, so that a translation of the copy in the
    document would be lost; the switch is off. `form_help` are the texts of old form fields on F1,
    in the status bar and before they are filled in; `numbering` are the words that lists put before
    their paragraphs.
    """

    headers: bool = True
    footers: bool = True
    footnotes: bool = True
    endnotes: bool = True
    comments: bool = True
    text_boxes: bool = True
    glossary: bool = True
    charts: bool = True
    statistical_charts: bool = False
    diagrams: bool = True
    word_art: bool = True
    alternative_text: bool = True
    tooltips: bool = True
    form_help: bool = True
    numbering: bool = True
    properties: bool = True
    hidden_text: bool = False
    untranslated_styles: frozenset[StyleId] = frozenset()
    untranslated_highlights: frozenset[Highlight] = frozenset()
    untranslated_colours: frozenset[Colour] = frozenset()
