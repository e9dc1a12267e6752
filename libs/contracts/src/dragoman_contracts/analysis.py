"""An analysis of documents before they are translated: words by band of match, as agencies count
them, and how much of each band is paid.

The unit that is counted is the paragraph, since that is what a job looks up and translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from dragoman_contracts.events import Count
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value


class Band(StrEnum):
    """Where the words of a unit are counted: the best that is known of it before the run.

    `102` to `50-74` are matches of the job's memories. The internal ones are near to an earlier
    unit of the same documents. `mt` has no match and goes to the engine; `numbers_only` has nothing
    to translate.
    """

    DOUBLE_CONTEXT = "102"
    CONTEXT = "101"
    EXACT = "100"
    REPETITION = "repetition"
    CROSS_FILE_REPETITION = "cross_file_repetition"
    NEAR_EXACT = "95-99"
    FUZZY_85 = "85-94"
    FUZZY_75 = "75-84"
    FUZZY_50 = "50-74"
    INTERNAL_95 = "internal_95-99"
    INTERNAL_85 = "internal_85-94"
    INTERNAL_75 = "internal_75-84"
    INTERNAL_50 = "internal_50-74"
    NUMBERS_ONLY = "numbers_only"
    MT = "mt"


USUAL_PAYABLE_PCT: Mapping[Band, int] = MappingProxyType(
    {
        Band.DOUBLE_CONTEXT: 0,
        Band.CONTEXT: 0,
        Band.EXACT: 30,
        Band.REPETITION: 30,
        Band.CROSS_FILE_REPETITION: 30,
        Band.NEAR_EXACT: 60,
        Band.FUZZY_85: 60,
        Band.FUZZY_75: 60,
        Band.FUZZY_50: 100,
        Band.INTERNAL_95: 60,
        Band.INTERNAL_85: 60,
        Band.INTERNAL_75: 60,
        Band.INTERNAL_50: 100,
        Band.NUMBERS_ONLY: 0,
        Band.MT: 72,
    }
)
"""The share of a word's rate that is paid by band, where a project says nothing else."""

Share = Annotated[int, Field(ge=0, le=100, strict=True)]
PayableShares = Annotated[
    dict[Band, Share], Field(description="Percent of a word's rate by band; others are the usual.")
]


class BandCount(Value):
    """The units of one band, their words and characters, and the share that is paid for them."""

    band: Band
    unit_count: Count = 0
    word_count: Count = 0
    character_count: Count = 0
    payable_pct: Share = 100
    payable_words: Annotated[Decimal, Field(ge=0)] = Decimal(0)


class TextLoad(Value):
    """The text that an engine has to be sent, once each.

    Characters are counted by how many make a token: `plain` ones of Latin script, `middling` ones
    of other alphabets, and `dense` ones of scripts without alphabet.
    """

    unit_count: Count = 0
    plain: Count = 0
    middling: Count = 0
    dense: Count = 0

    def __add__(self, other: TextLoad) -> TextLoad:
        return TextLoad(
            unit_count=self.unit_count + other.unit_count,
            plain=self.plain + other.plain,
            middling=self.middling + other.middling,
            dense=self.dense + other.dense,
        )


class FileAnalysis(Value):
    """The counts of one document, or of all together; every band is there, in its order."""

    name: str
    unit_count: Count
    word_count: Count
    character_count: Count
    character_count_without_spaces: Count
    payable_words: Annotated[Decimal, Field(ge=0)]
    bands: tuple[BandCount, ...]
    load: TextLoad


class TokenRange(Value):
    """Tokens that a model will be sent and will write: at least, and at most.

    `input_cached_low` are those of `input_low` that a provider's cache may hold.
    """

    input_low: Count
    input_high: Count
    input_cached_low: Count
    output_low: Count
    output_high: Count


class CostRange(Value):
    """The tokens of an engine, and their cost in US dollars; None where no price is known."""

    engine: str
    model: str
    tokens: TokenRange
    cost_low: Decimal | None
    cost_high: Decimal | None


class Analysis(Value):
    """Documents analysed together: each with its repetitions of those before it, and their sum."""

    source_locale: Locale
    target_locale: Locale
    files: tuple[FileAnalysis, ...]
    total: FileAnalysis
