"""The checks of `dragoman_linguistics`."""

from __future__ import annotations

from collections.abc import Collection

from typing_extensions import override

from dragoman_contracts.reports import UnitVerification
from dragoman_contracts.text import Unit, UnitTarget
from dragoman_linguistics import verify_unit
from dragoman_qa.ports import UnitChecker


class BuiltInChecker(UnitChecker):
    """Tags, numbers, empty, untranslated, white space: by the default profile."""

    @override
    def check(self, unit: Unit, target: UnitTarget, not_applicable: Collection[str]) -> UnitVerification:
        return verify_unit(unit, target, not_applicable=not_applicable)
