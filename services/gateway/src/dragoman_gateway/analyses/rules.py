"""The rules of analyses: the table as people and agencies read it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from dragoman_contracts.analysis import (
    Analysis,
    Band,
    CostRange,
    FileAnalysis,
    Reused,
    TokenRange,
)
from dragoman_contracts.events import UnitsAndWords
from dragoman_contracts.resources import EngineChoice
from dragoman_gateway.web.spreadsheets import harmless, money, written_csv

BAND_WORDS = {
    Band.PREVIOUS_VERSION: "Previous version",
    Band.DOUBLE_CONTEXT: "Double context (102)",
    Band.CONTEXT: "Context (101)",
    Band.EXACT: "Exact (100)",
    Band.REPETITION: "Repetitions",
    Band.CROSS_FILE_REPETITION: "Cross-file repetitions",
    Band.ALREADY_PAID: "Already paid",
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


def gave(made_by: EngineChoice | None, engine: EngineChoice) -> bool:
    """Whether answers of `made_by` count as those of the engine, as far as is known: it is the same
    one with the same model, or one of the two names none.
    """
    if made_by is None or made_by.engine != engine.engine:
        return False
    return made_by.model == engine.model or "" in (made_by.model, engine.model)


def reused_rows(reused: Reused) -> list[tuple[str, UnitsAndWords]]:
    """The units for which no engine would be asked, by where their translation is, with words for
    people; none where there is nothing.
    """
    rows = [
        ("Kept, people's", reused.from_people),
        ("Kept, an engine's", reused.from_engine),
        ("Answers on record", reused.on_record),
    ]
    return [(words, count) for words, count in rows if count.unit_count]


def count_text(number: Decimal) -> str:
    """Payable words as people read them: with one decimal where there is one."""
    rounded = number.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return format(rounded.to_integral() if rounded == rounded.to_integral() else rounded, ",f")


def analysis_csv(analysis: Analysis, costs: Sequence[CostRange], spared: TokenRange) -> str:
    """The table as agencies know it: a row for each file and one for the total, words by band. Below
    it are tokens and costs, and below these, where there is any, what is reused, about.

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
    rows = reused_rows(analysis.total.reused)
    if rows:
        table += [[], ["Reused, about", "Units", "Words"]]
        table += [[words, count.unit_count, count.word_count] for words, count in rows]
        table += [
            [],
            ["Not asked for, about", "Tokens in, least", "Tokens in, most", "Tokens out, least",
             "Tokens out, most"],
            ["", spared.input_low, spared.input_high, spared.output_low, spared.output_high],
        ]  # fmt: skip
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
