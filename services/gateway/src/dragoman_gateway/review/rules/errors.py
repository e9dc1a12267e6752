"""The refusals of a review."""

from __future__ import annotations

from dragoman_contracts.errors import ConflictError, PermanentError


class UnitMissingError(PermanentError):
    """The job has no such unit."""

    default_code = "unit.missing"

    def __init__(self, unit_id: str) -> None:
        super().__init__(
            f"There is no unit {unit_id!r} with text to translate; GET …/units lists them."
        )


class RetranslationMissingError(PermanentError):
    """Nobody asked for a retranslation of this number."""

    default_code = "retranslation.missing"

    def __init__(self, index: int) -> None:
        super().__init__(
            f"The job has no retranslation {index}; POST …/units/retranslate gives one."
        )


class UnitTagsError(PermanentError):
    """The target's tags do not fit the unit; the message says which."""

    default_code = "review.tags"


class UnitEmptyError(PermanentError):
    """A unit with text cannot be left without a translation."""

    default_code = "review.empty"


class NothingToUndoError(ConflictError):
    """Nobody worked on the unit, or all of it was taken back."""

    default_code = "review.nothing_to_undo"
