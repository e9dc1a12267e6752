"""Errors of translate; the codes of the engines' errors are listed in `ports`."""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class NotExtractedError(PermanentError):
    """Translation was asked of a job whose units are not there; its stream is not one of ours."""

    default_code = "translate.not_extracted"


class NotRecordedError(PermanentError):
    """A replay asked the engine a question that is not on record."""

    default_code = "engine.not_recorded"
