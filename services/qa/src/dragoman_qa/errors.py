"""Errors of qa."""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class NotTranslatedError(PermanentError):
    """Verification was asked of a job whose translation is not there;
    its stream is not one of ours.
    """

    default_code = "qa.not_translated"


class JudgeUnreadableError(PermanentError):
    """The model that judges declined, or answered twice with no JSON of the form that was asked for;
    its units have no advice. Choose another model, or shorter units.
    """

    default_code = "judge.unreadable"


class JudgeMissingError(PermanentError):
    """The policy names a model as judge that cannot be asked; name another in `qa.judge`."""

    default_code = "judge.not_found"
