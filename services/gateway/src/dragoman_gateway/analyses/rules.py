"""The rules of analyses: the table as people and agencies read it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from dragoman_contracts.analysis import Analysis, Band, CostRange, FileAnalysis
from dragoman_gateway.web.spreadsheets import harmless, money, written_csv

BAND_WORDS = {
    Band.DOUBLE_CONTEXT: "Double context (102)",
    Band.CONTEXT: "Context (101)",
    Band.EXACT: "Exact (100)",
    Band.REPETITION: "Repetitions",
    Band.CROSS_FILE_REPETITION: "Cross-file repetitions",
    Band.NEAR_EXACT: "95-99",
    Band.FUZZY_85: "85-94",
    Band.FUZZY_75: "75-84",
    Band.FUZZY_50: "50-74",
    Band.INTERNAL_95: "Internal 95-99",
    Band.INTERNAL_85: "Internal 85-94",
    Band.INTERNAL_75: "Internal 75-84",
    Band.INTERNAL_50: "Internal 50-74",
    Band.NUMBERS_ONLY: "Numbers only",
    Band.MT: "Machine translation",
}


def count_text(number: Decimal) -> str:
    """Payable words as people read them: with one decimal where there is one."""
    rounded = number.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return format(rounded.to_integral() if rounded == rounded.to_integral() else rounded, ",f")


def analysis_csv(analysis: Analysis, costs: Sequence[CostRange]) -> str:
    """The table as agencies know it: a row for each file and one for the total, words by band.

    Begins with a byte order mark, without which spreadsheets guess the encoding. A text that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    pair = (analysis.source_locale, analysis.target_locale)
    table: list[Sequence[object]] = [
        [
            "File",
            "Source",
            "Target",
            *(BAND_WORDS[band] for band in Band),
            "Words",
            "Payable words",
            "Units",
            "Characters",
            "Characters without spaces",
        ]
    ]
    table += [[harmless(each.name), *pair, *_numbers(each)] for each in analysis.files]
    table += [["Total", *pair, *_numbers(analysis.total)], []]
    table.append(
        ["Engine", "Model", "Tokens in, least", "Tokens in, most", "Tokens out, least",
         "Tokens out, most", "Cost in USD, least", "Cost in USD, most"]
    )  # fmt: skip
    for cost in costs:
        tokens = cost.tokens
        table.append(
            [harmless(cost.engine), harmless(cost.model), tokens.input_low, tokens.input_high,
             tokens.output_low, tokens.output_high, money(cost.cost_low), money(cost.cost_high)]
        )  # fmt: skip
    return written_csv(table)


def _numbers(file: FileAnalysis) -> list[str]:
    words = {each.band: each.word_count for each in file.bands}
    payable = format(file.payable_words.quantize(Decimal("0.1"), ROUND_HALF_UP), "f")
    return [
        *(str(words.get(band, 0)) for band in Band),
        str(file.word_count),
        payable,
        str(file.unit_count),
        str(file.character_count),
        str(file.character_count_without_spaces),
    ]
