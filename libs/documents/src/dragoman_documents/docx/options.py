"""What of a document is translated: switches with the defaults a translator expects."""

from __future__ import annotations

from dragoman_contracts.model import Value


class ExtractOptions(Value):
    """Which text becomes units. Extraction and merge of one document must use the same options.

    `statistical_charts` are the newer kinds (waterfall, treemap, funnel): Word takes their labels from the workbook
    behind them when they are edited, so translating the copy in the document is off unless asked for.
    Names of styles are style ids as the document writes them; colours are RRGGBB or a highlight name such as `yellow`.
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
    properties: bool = True
    hidden_text: bool = False
    untranslated_styles: frozenset[str] = frozenset()
    untranslated_highlights: frozenset[str] = frozenset()
    untranslated_colours: frozenset[str] = frozenset()
