"""What qa needs from outside: somebody who checks a unit. The built-in checks are one; LanguageTool can be another."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from dragoman_contracts.reports import UnitVerification
from dragoman_contracts.text import Unit, UnitTarget


class UnitChecker(Protocol):
    """Checks one unit's target. Pure and CPU-bound: the handler runs it beside the event loop."""

    def check(self, unit: Unit, target: UnitTarget, not_applicable: Collection[str]) -> UnitVerification:
        """The findings and the verdict; codes in `not_applicable` say nothing about the engine that was used."""
        ...
