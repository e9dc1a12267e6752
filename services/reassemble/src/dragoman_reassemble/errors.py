"""Errors of reassemble. Refusals by the formats come from `dragoman_documents`,
codes `document.…`, unchanged.
"""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class NotTextOnlyError(PermanentError):
    """The result differs from its source in more than text;
    the message names kinds of differences and parts.
    """

    default_code = "reassemble.not_text_only"
