"""One codec makes the cursors of every list, and takes back only those of its own list."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import AwareDatetime

from dragoman_gateway.web.cursors import CursorCodec, InvalidCursorError

ID = UUID("25e85430-cf0e-5ba5-9969-16a578c762e0")
AT = datetime(2026, 11, 29, 12, 0, 0, 123_456, tzinfo=UTC)
JOBS = CursorCodec("jobs", tuple[int, UUID])
AUDIT = CursorCodec("audit", tuple[AwareDatetime, UUID])


def written(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def test_a_key_comes_back_as_it_was_to_the_microsecond() -> None:
    assert JOBS.key(JOBS.cursor((7, ID))) == (7, ID)
    assert AUDIT.key(AUDIT.cursor((AT, ID))) == (AT, ID)
    elsewhere = AT.astimezone(timezone(timedelta(hours=5)))
    assert AUDIT.key(AUDIT.cursor((elsewhere, ID))) == (AT, ID)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "e30",
        "nonsense",
        "é",
        written(),
        written("jobs"),
        written("jobs", 7),
        written("jobs", 7, str(ID), "more"),
        written("jobs", "7", str(ID)),
        written("jobs", True, str(ID)),
        written("jobs", 7, "no id"),
        written("units", 7, str(ID)),
    ],
)
def test_a_cursor_that_the_list_did_not_give_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError, match="list of jobs; begin without a cursor"):
        JOBS.key(cursor)


def test_a_time_without_a_zone_is_none_of_ours() -> None:
    with pytest.raises(InvalidCursorError):
        AUDIT.key(written("audit", "2026-11-29T12:00:00", str(ID)))
