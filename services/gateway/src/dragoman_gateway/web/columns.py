"""Times as the columns of the views hold them: whole microseconds since 1970 in UTC,
which every database keeps.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """A time as a column holds it."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The time a column holds."""
    return _EPOCH + timedelta(microseconds=micros)
