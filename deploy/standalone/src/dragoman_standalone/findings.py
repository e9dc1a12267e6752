"""One thing that `dragoman doctor` looked at."""

from __future__ import annotations

from dragoman_contracts.model import Value


class Finding(Value):
    """One thing that was looked at. `message` says how it is, or what to do about it;
    `mark` is its sign if not ok.
    """

    name: str
    is_ok: bool
    is_required: bool
    message: str
    mark: str = "missing"
