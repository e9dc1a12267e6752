"""The texts that a project lets no provider see, as an admin enters them.

redaction = {"kinds": ["mail", "iban"], "patterns": [{"name": "case", "pattern": "AZ-[0-9]{6}"}]}
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from dragoman_catalog.quality import is_stored
from dragoman_contracts.redaction import Redaction
from dragoman_linguistics import require_usable_pattern


def _usable(rules: Redaction, info: ValidationInfo) -> Redaction:
    """The rules, each pattern of which was tried out; stored ones were when they were entered."""
    if is_stored(info):
        return rules
    names = [each.name for each in rules.patterns]
    if len(set(names)) < len(names):
        raise ValueError("two patterns have one name")
    for each in rules.patterns:
        try:
            require_usable_pattern(each.pattern)
        except ValueError as error:
            raise ValueError(f"pattern {each.name!r}: {error}") from error
    return rules


RedactionChoices = Annotated[Redaction, AfterValidator(_usable)]
"""Rules of redaction whose patterns compile and are quick."""
