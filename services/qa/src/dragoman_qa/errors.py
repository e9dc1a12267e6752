"""Errors of qa."""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class NotTranslatedError(PermanentError):
    """Verification was asked of a job whose translation is not there;
    its stream is not one of ours.
    """

    default_code = "qa.not_translated"
