"""Errors of index. Refusals of files come from `dragoman_exchange`, codes `exchange.…`, unchanged."""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class ForeignMemoryError(PermanentError):
    """The phase names a memory that is not of the job's project."""

    default_code = "memory.foreign"
