"""The checks of `dragoman_linguistics`."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from dragoman_contracts.reports import UnitVerification
from dragoman_contracts.text import Unit, UnitTarget
from dragoman_linguistics import verify_units
from dragoman_qa.ports import Assignment, DocumentChecker


class BuiltInChecker(DocumentChecker):
    """Tags, numbers, placeholders, language, lengths, repeats, shifts, chat:
    by the job's profile.
    """

    @override
    def check(
        self, pairs: Sequence[tuple[Unit, UnitTarget]], assignment: Assignment
    ) -> tuple[UnitVerification, ...]:
        return verify_units(
            pairs,
            assignment.source_locale,
            assignment.target_locale,
            profile=assignment.profile,
            not_applicable=assignment.not_applicable,
            rules=assignment.rules,
            terms=assignment.terms,
        )
