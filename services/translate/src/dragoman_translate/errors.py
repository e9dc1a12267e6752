"""Errors of translate; those of the engines are listed in `ports`."""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class NotExtractedError(PermanentError):
    """Translation was asked of a job whose units are not there; its stream is not one of ours."""

    default_code = "translate.not_extracted"


class ContextExceededError(PermanentError):
    """Prompt and answer do not fit the model's context: the same units must be asked in smaller parts."""

    default_code = "engine.context_exceeded"
