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
from uuid import UUID

from pydantic import Field

from dragoman_contracts.events import Count, UnitsAndWords
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value


class Band(StrEnum):
    """Where the words of a unit are counted: the best that is known of it before the run.

    `previous_version` keeps the translation of the version before. `102` to `50-74` are matches of
    the job's memories. The answer for `already_paid` is on record from an earlier job on the
    document. The internal ones are near to an earlier unit of the same documents. `mt` has no match
    and goes to the engine; `numbers_only` has nothing to translate.
    """

    PREVIOUS_VERSION = "previous_version"
    DOUBLE_CONTEXT = "102"
    CONTEXT = "101"
    EXACT = "100"
    REPETITION = "repetition"
    CROSS_FILE_REPETITION = "cross_file_repetition"
    ALREADY_PAID = "already_paid"
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
        Band.PREVIOUS_VERSION: 0,
        Band.DOUBLE_CONTEXT: 0,
        Band.CONTEXT: 0,
        Band.EXACT: 30,
        Band.REPETITION: 30,
        Band.CROSS_FILE_REPETITION: 30,
        Band.ALREADY_PAID: 0,
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


class Reused(Value):
    """Units for which a job would ask no engine, as far as is known before it runs: about so many.

    A person wrote or accepted the translations `from_people` in the previous version; those
    `from_engine` passed its checks. The answers for `on_record` are paid for. `load` is the text
    that an engine would be sent without them, once each.
    """

    from_people: UnitsAndWords = UnitsAndWords()
    from_engine: UnitsAndWords = UnitsAndWords()
    on_record: UnitsAndWords = UnitsAndWords()
    load: TextLoad = TextLoad()

    @property
    def units(self) -> UnitsAndWords:
        """All of them."""
        return self.from_people + self.from_engine + self.on_record

    def __add__(self, other: Reused) -> Reused:
        return Reused(
            from_people=self.from_people + other.from_people,
            from_engine=self.from_engine + other.from_engine,
            on_record=self.on_record + other.on_record,
            load=self.load + other.load,
        )


class FileAnalysis(Value):
    """The counts of one document, or of all together; every band is there, in its order.

    `previous_job_id` is the job on an earlier version, `previous_document_version`, whose
    translations a job would take over; None where there is none.
    """

    name: str
    unit_count: Count
    word_count: Count
    character_count: Count
    character_count_without_spaces: Count
    payable_words: Annotated[Decimal, Field(ge=0)]
    bands: tuple[BandCount, ...]
    load: TextLoad
    reused: Reused = Reused()
    previous_job_id: UUID | None = None
    previous_document_version: int | None = None


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
