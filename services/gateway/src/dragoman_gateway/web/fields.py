"""Types of fields in requests: texts that databases can keep, days, and times with their zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from dragoman_catalog.passwords import LEAST_CHARACTERS

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")

NUL_FREE = r"^[^\x00]*$"
"""The pattern of every text in a request: databases keep no NUL."""


def _written_out(value: object) -> object:
    """Seconds since 1970 are numbers that happen to parse, not times."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise ValueError("write it like 2026-11-22T08:30:00Z")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time is outside of the calendar in UTC") from error


UtcTime = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
"""A time with its zone, turned into UTC."""


def _written_as_day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("write it like 2026-11-22")


Day = Annotated[date, BeforeValidator(_written_as_day)]
"""A day of the calendar."""

Password = Annotated[
    str,
    Field(
        max_length=1000,
        description=f"At least {LEAST_CHARACTERS} characters, and no common word with digits around it.",
    ),
]
"""A password to set; the catalogue refuses those that are easily guessed."""
