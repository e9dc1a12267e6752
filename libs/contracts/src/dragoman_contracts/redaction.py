"""The texts of a document that a project lets no provider see, as a job's policy names them.

Redaction(kinds=(MAIL, IBAN), patterns=(("case", "AZ-[0-9]{6}"),), terms=("Project Falcon",))
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from dragoman_contracts.model import Value


class RedactionKind(StrEnum):
    """A kind of text that is found without a pattern of one's own."""

    MAIL = "mail"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"


class RedactionPattern(Value):
    """A regular expression of a project, and the name under which its finds are counted."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
    pattern: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class Redaction(Value):
    """The texts that a placeholder replaces before a provider is asked.

    `terms` are found as whole words, in any case.
    """

    kinds: Annotated[tuple[RedactionKind, ...], Field(max_length=len(RedactionKind))] = ()
    patterns: Annotated[tuple[RedactionPattern, ...], Field(max_length=50)] = ()
    terms: Annotated[
        tuple[
            Annotated[str, Field(min_length=2, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")],
            ...,
        ],
        Field(max_length=1000),
    ] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be replaced."""
        return not (self.kinds or self.patterns or self.terms)
