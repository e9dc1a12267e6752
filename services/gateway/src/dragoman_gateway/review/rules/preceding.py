"""The units of a job as a job on the next version of its document takes them over. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from dragoman_contracts.policy import Policy
from dragoman_contracts.previous import PreviousUnit, PreviousVersion
from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.review import ReviewState
from dragoman_contracts.text import Content, ResultSource, UnitTarget, plain_text
from dragoman_gateway.jobs.view.rows import VerificationState
from dragoman_gateway.review.rules.sheet import Sheet, UnitNow, unit_now
from dragoman_linguistics import CONTEXT_CHANGED
from dragoman_memory import context_digest


def previous_version(job_id: UUID, sheet: Sheet, state: ReviewState) -> PreviousVersion:
    """The job's translations that are worth keeping: those that people wrote or accepted, and those
    of the engine that QA let pass. Drafts are not, nor is what an approved memory gave: that is
    looked up again.
    """
    return PreviousVersion(job_id=job_id, units=tuple(_units(sheet, state)))


def _units(sheet: Sheet, state: ReviewState) -> Iterator[PreviousUnit]:
    places = [place for place, unit in enumerate(sheet.units) if unit.is_translatable]
    digests = [context_digest(sheet.units[place].source) for place in places]
    for number, place in enumerate(places):
        row = unit_now(sheet, place, state)
        made = sheet.targets.get(row.unit.unit_id)
        is_persons = _is_persons(row, made)
        if row.target is None or not plain_text(row.target).strip():
            continue
        if is_persons or _is_good(row, made):
            yield PreviousUnit(
                unit_id=row.unit.unit_id,
                source=row.unit.source,
                target=row.target,
                before=digests[number - 1] if number else 0,
                after=digests[number + 1] if number + 1 < len(digests) else 0,
                is_persons=is_persons,
                accepted=_codes(row) if is_persons else (),
            )


def _is_persons(row: UnitNow, made: UnitTarget | None) -> bool:
    """Whether a person stands for the translation: in this job, or in one that it was taken over
    from.
    """
    if row.reviewed is not None and row.reviewed.stage is not None:
        return row.reviewed.is_verified
    if made is None or made.result_source is ResultSource.REVIEW:
        return made is not None
    return made.taken_from is not None and made.taken_from.is_persons


def _is_good(row: UnitNow, made: UnitTarget | None) -> bool:
    is_engines = made is not None and made.result_source is ResultSource.ENGINE
    is_draft = row.reviewed is not None and row.reviewed.stage is ReviewStage.DRAFT
    return is_engines and not is_draft and row.state is VerificationState.PASSED


def _codes(row: UnitNow) -> tuple[str, ...]:
    """The findings of a translation that a person stands for. That of its neighbours is found anew."""
    codes = {each.code for each in row.findings} - {CONTEXT_CHANGED}
    return tuple(sorted(codes))


def engine_call(sheet: Sheet) -> str | None:
    """The sha256 of a call that the job's engine answered; None where it was asked for nothing."""
    return next((each.call for each in sheet.targets.values() if each.call), None)


def answered_sources(sheet: Sheet) -> tuple[Content, ...]:
    """The sources of the units whose text a recorded call gave."""
    return tuple(
        unit.source
        for unit in sheet.units
        if (made := sheet.targets.get(unit.unit_id)) is not None and made.call is not None
    )


def is_on_same_terms(earlier: Policy, policy: Policy) -> bool:
    """Whether an engine would be asked in the words in which it was asked for the earlier job: with
    the same terms, domain pack and redaction, and not anew.
    """
    return not policy.nonce and (earlier.terms, earlier.pack, earlier.redaction) == (
        policy.terms,
        policy.pack,
        policy.redaction,
    )
