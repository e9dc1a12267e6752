"""Tables as files that spreadsheets open: amounts of money, and texts that are no formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CENTS = Decimal("0.01")


def money(amount: Decimal | None) -> str:
    """The amount as people read it: cents, or four decimals below one cent; empty where unknown."""
    if amount is None:
        return ""
    is_small = 0 < amount < _CENTS
    places = Decimal("0.0001") if is_small else _CENTS
    return format(amount.quantize(places, ROUND_HALF_UP), "f")


def harmless(text: str) -> str:
    """The text so that a spreadsheet takes it for no formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith("\n") else text


def written_csv(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV (RFC 4180); begins with a byte order mark, without which spreadsheets guess the
    encoding.
    """
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return "\ufeff" + written.getvalue()
