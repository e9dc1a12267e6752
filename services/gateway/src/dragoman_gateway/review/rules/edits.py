"""The edits that an act of a person makes, and whether a job takes any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.job import Job
from dragoman_contracts.reports import QaFinding, ReviewStage
from dragoman_contracts.review import (
    EditOrigin,
    ReviewState,
    UnitEdit,
    before_last,
    standing_edits,
)
from dragoman_contracts.text import Content, Unit, plain_text
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.review.rules.errors import (
    NothingToUndoError,
    UnitEmptyError,
    UnitTagsError,
)
from dragoman_gateway.review.rules.sheet import Sheet, UnitNow, key_of, unit_now
from dragoman_gateway.web.errors import JobStateError
from dragoman_linguistics import align_tags, parse

Check = Callable[[Unit, Content], tuple[QaFinding, ...]]
"""QA's findings on a target of a unit."""


def is_open(job: Job) -> bool:
    """Whether people may work on the units: the job waits for them."""
    return job.verification is not None and job.is_review_owed and not job.is_stopped


def require_open(job: Job) -> None:
    """Refuse edits of a job that does not wait for people.

    Raises:
        JobStateError: it does not; the message says what opens it.
    """
    if is_open(job):
        return
    if job.verification is None:
        cure = "its translation is not checked yet"
    elif job.status is JobStatus.COMPLETED:
        cure = "open its review first"
    else:
        cure = f"it is {job.status}"
    raise JobStateError(
        f"Job {job.job_id} is not in review: {cure}.",
        code="review.not_open",
    )


def may_open(job: Job) -> bool:
    """Whether a review can be opened on a job that needs none: it is completed."""
    return job.status is JobStatus.COMPLETED and job.verification is not None


def read_target(unit: Unit, text: str, stage: ReviewStage | None) -> Content:
    """The target that a person wrote for a unit.

    A draft may be empty and may lack tags; what a person confirms may not.

    Raises:
        UnitTagsError: a tag is unknown, lost, crossed or may not stand where it does.
        UnitEmptyError: nothing is there, though the source has text.
    """
    content = parse(text, key_of(unit))
    report = align_tags(unit.source, content, unit.tags)
    if report.added or report.crossed:
        raise UnitTagsError(_tag_words(unit, report.added, report.crossed))
    if stage is ReviewStage.DRAFT:
        return content
    require_whole(unit, content)
    return content


def require_whole(unit: Unit, content: Content) -> None:
    """Refuse a target that cannot stand in the document.

    Raises:
        UnitTagsError, UnitEmptyError: as `read_target`.
    """
    if plain_text(unit.source).strip() and not plain_text(content).strip():
        raise UnitEmptyError("The translation is empty; write it, or save it as a draft.")
    report = align_tags(unit.source, content, unit.tags)
    if report.missing or report.moved:
        lost = ", ".join(sorted({str(tag) for tag in report.missing}))
        told = f"Tags {lost} are lost" if lost else "Tags stand in another order than they must"
        raise UnitTagsError(f"{told}; put them back where they belong.")
    if report.added or report.crossed:
        raise UnitTagsError(_tag_words(unit, report.added, report.crossed))


def _tag_words(unit: Unit, added: Sequence[object], crossed: Sequence[int]) -> str:
    if added:
        known = ", ".join(dict.fromkeys(f"<{number}>" for number, _ in key_of(unit).ids)) or "none"
        unknown = ", ".join(dict.fromkeys(map(str, added)))
        return f"Tags {unknown} are too many or unknown; the source's tags are {known}."
    numbers = ", ".join(map(str, crossed))
    return f"Tags {numbers} do not enclose each other; close the inner one first."


def is_version(unit_id: str, state: ReviewState, version: int) -> bool:
    """Whether the unit's last edit is the one that a person read."""
    unit = state.units.get(unit_id)
    return (unit.version if unit else 0) == version


def typed(
    sheet: Sheet,
    state: ReviewState,
    unit: Unit,
    target: Content | None,
    stage: ReviewStage | None,
    check: Check,
    *,
    origin: EditOrigin = EditOrigin.TYPED,
    propagates: bool = False,
) -> list[UnitEdit]:
    """The edits that a target and a stage make of a unit, and of its repetitions that nobody has
    confirmed; none where all of it was so already.

    A changed target without a stage counts as reviewed (E: changed → human_verified).
    """
    now = unit_now(sheet, sheet.places[unit.unit_id], state)
    is_changed = target is not None and target != now.target
    wanted = stage or (ReviewStage.REVIEWED if is_changed else None)
    is_staged = wanted is not None and (now.reviewed is None or now.reviewed.stage is not wanted)
    if not is_changed and not is_staged:
        return []
    edit = UnitEdit(
        unit_id=unit.unit_id,
        origin=origin,
        target=target if is_changed else None,
        stage=wanted,
        findings=check(unit, target) if is_changed and target is not None else None,
    )
    final = target if target is not None else now.target
    if not propagates or final is None or wanted is ReviewStage.DRAFT:
        return [edit]
    return [edit, *_propagated(sheet, state, unit, final, wanted, edit.findings)]


def _propagated(
    sheet: Sheet,
    state: ReviewState,
    unit: Unit,
    target: Content,
    stage: ReviewStage | None,
    findings: tuple[QaFinding, ...] | None,
) -> Iterator[UnitEdit]:
    for unit_id in sheet.repeats.get(unit.content_key, ()):
        other = state.units.get(unit_id)
        if unit_id == unit.unit_id or (other and other.is_verified):
            continue
        now = unit_now(sheet, sheet.places[unit_id], state)
        is_same = now.target == target
        yield UnitEdit(
            unit_id=unit_id,
            origin=EditOrigin.PROPAGATED,
            target=None if is_same else target,
            stage=stage,
            findings=None if is_same else findings,
        )


def undone(sheet: Sheet, state: ReviewState, unit: Unit) -> UnitEdit:
    """The edit that takes the last one of a unit back.

    Raises:
        NothingToUndoError: there is none.
    """
    reviewed = state.units.get(unit.unit_id)
    standing = standing_edits(reviewed) if reviewed else []
    if reviewed is None or not standing:
        raise NothingToUndoError("Nobody has changed this unit; there is nothing to take back.")
    target, stage = before_last(reviewed)
    return UnitEdit(
        unit_id=unit.unit_id,
        origin=EditOrigin.UNDONE,
        target=target,
        stage=stage,
        undoes=standing[-1].version,
    )


@dataclass(frozen=True, slots=True)
class Accepted:
    """The edits that accept translations as they are, and the ids of units that cannot be: they
    are empty, or their tags do not fit.
    """

    edits: list[UnitEdit]
    skipped: list[str]


def accepted(sheet: Sheet, state: ReviewState, chosen: Iterable[UnitNow]) -> Accepted:
    """Accept these units as they are; those that a person stands for already stay."""
    result = Accepted([], [])
    for row in chosen:
        if row.reviewed is not None and row.reviewed.is_verified:
            continue
        try:
            require_whole(row.unit, row.target or ())
        except PermanentError:
            result.skipped.append(row.unit.unit_id)
            continue
        result.edits.append(
            UnitEdit(
                unit_id=row.unit.unit_id, origin=EditOrigin.ACCEPTED, stage=ReviewStage.REVIEWED
            )
        )
    return result
