"""The refusal of a whole file, with the codes that say why.

exchange.other_job      the file was exported from job 25e85430-…; import it there
"""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class ExchangeRefusedError(PermanentError):
    """A file is refused as a whole: nothing of it was taken. The message names the cure."""

    default_code = "exchange.unreadable"
