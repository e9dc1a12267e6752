"""The events of a job as its page lists them: in words, filtered, searched,
a page at a time. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dragoman_contracts import events as e
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.job import Job, WorkKey, fold
from dragoman_contracts.vocabulary import Stage
from dragoman_gateway.jobs.detail.words import ARTIFACTS, PROBLEM_EVENTS, event_text, stage_text

PAGE = 100
_BEHIND_THE_SHOWN = 20
"""How many later events are listed above the one whose state is shown."""

_NO_MILESTONES = frozenset({"translation.batch_translated", "phase.started", "work.failed"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One event in the list. `phase` is that of the pipeline it belongs to."""

    version: int
    occurred_at: datetime
    name: str
    text: str
    detail: str
    actor: str
    phase: str
    is_problem: bool
    is_by_person: bool
    searched: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which events to list. `kind` is all, milestones, problems or an event's name;
    the empty rest lets all through.
    """

    kind: str = "all"
    phase: str = ""
    actor: str = ""
    text: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return self != Chosen()

    def lets_through(self, moment: Moment) -> bool:
        """Whether this event is listed."""
        if self.phase and moment.phase != self.phase:
            return False
        if self.actor and moment.is_by_person != (self.actor == "people"):
            return False
        return self._is_of_kind(moment) and self.text.casefold() in moment.searched

    def _is_of_kind(self, moment: Moment) -> bool:
        match self.kind:
            case "all":
                return True
            case "problems":
                return moment.is_problem
            case "milestones":
                return moment.name not in _NO_MILESTONES
            case name:
                return moment.name == name


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, the newest first;
    `newer` and `older` are the `before` of the pages beside it.
    """

    moments: tuple[Moment, ...]
    count: int
    newer: int | None
    older: int | None


def moments_of(recorded: Sequence[RecordedEvent], names: Mapping[str, str]) -> list[Moment]:
    """Every event of a job, the oldest first;
    `names` are people's names by the digest of their record.
    """
    moments: list[Moment] = []
    job: Job | None = None
    for each in recorded:
        moments.append(_moment(each, job, names))
        job = fold([each], job)
    return moments


def listed(
    moments: Sequence[Moment], chosen: Chosen, *, before: int | None = None, shown: int = 0
) -> Listed:
    """The chosen events before version `before`; without it,
    from a little behind the `shown` version, or the end.
    """
    found = [moment for moment in reversed(moments) if chosen.lets_through(moment)]
    if before is None:
        later = sum(moment.version > shown for moment in found)
        begin = max(later - _BEHIND_THE_SHOWN, 0) if shown else 0
    else:
        begin = sum(moment.version >= before for moment in found)
    page = tuple(found[begin : begin + PAGE])
    above = found[max(begin - PAGE, 0)].version + 1 if begin else None
    below = page[-1].version if page and begin + PAGE < len(found) else None
    return Listed(page, len(found), above, below)


def actor_records(recorded: Iterable[RecordedEvent]) -> set[str]:
    """The digests of the records of the people who acted."""
    return {each.origin.actor_record for each in recorded if each.origin.actor_record}


def _moment(recorded: RecordedEvent, before: Job | None, names: Mapping[str, str]) -> Moment:
    actor = recorded.origin.actor
    kind, _, name = actor.partition(":")
    is_service = kind == "service"
    text, detail = event_text(recorded.type), _event_detail(recorded.data)
    actor_text = name if is_service else names.get(recorded.origin.actor_record or "", "") or actor
    data = recorded.data.model_dump_json()
    return Moment(
        version=recorded.version,
        occurred_at=recorded.occurred_at,
        name=recorded.type,
        text=text,
        detail=detail,
        actor=actor_text,
        phase=_phase_of(recorded.data, before),
        is_problem=recorded.type in PROBLEM_EVENTS,
        is_by_person=not is_service,
        searched=" ".join((text, detail, recorded.type, actor_text, data)).casefold(),
    )


def _phase_of(event: e.Event, before: Job | None) -> str:
    """The phase an event is about: it says so itself, or it is the one the job stood in."""
    if before is None:
        return Stage.INTAKE
    match event:
        case e.PhaseStarted(phase=phase):
            return phase
        case e.WorkFailed() | e.WorkParked():
            phase = before.phase_of(WorkKey(event.kind, event.index, event.phase))
            return phase.name if phase else before.stage
        case e.JobCompleted():
            return Stage.DELIVERY
        case _:
            return before.stage


def _units(count: int) -> str:
    return f"{count:,} unit{'' if count == 1 else 's'}"


def _event_detail(event: e.Event) -> str:
    match event:
        case e.PhaseStarted(phase=phase):
            return stage_text(phase)
        case e.PreflightPassed(finding_codes=codes) | e.PreflightBlocked(finding_codes=codes):
            return ", ".join(codes)
        case e.DocumentExtracted(unit_count=units, word_count=words):
            return f"{_units(units)}, {words:,} word{'s' if words != 1 else ''}"
        case e.TranslationPlanned(batch_count=batches, unit_count=units):
            return f"{_units(units)} in {batches:,} batch{'es' if batches != 1 else ''}"
        case e.BatchTranslated(index=index, unit_count=units, usage=usage, reused_count=reused):
            tokens = usage.prompt_tokens + usage.response_tokens
            kept = event.savings.previous_version.unit_count if event.savings else 0
            found = f", {kept:,} from the previous version" if kept else ""
            found += f", {reused:,} from earlier calls" if reused else ""
            return f"batch {index + 1}, {_units(units)}{found}" + (
                f", {tokens:,} tokens" if tokens else ""
            )
        case e.TranslationVerified(passed_count=passed, review_count=review, blocked_count=blocked):
            return f"{passed:,} passed, {review:,} to review, {blocked:,} blocked"
        case e.UnitsReviewed(unit_count=units, pending_count=pending):
            return f"{_units(units)}, {pending:,} left"
        case e.RetranslationRequested(unit_count=units):
            return _units(units)
        case e.UnitsRetranslated(unit_count=units, failed_count=failed, pending_count=pending):
            in_vain = f", {failed:,} in vain" if failed else ""
            return f"{_units(units)}{in_vain}, {pending:,} left"
        case e.ReviewExported(unit_count=units, format=name):
            return f"{_units(units)}, {name}"
        case e.ReviewClosed(unit_count=units, taken_count=taken):
            return f"{_units(units)} changed" + (f", {taken:,} taken as they are" if taken else "")
        case e.ReviewImported(changed_count=changed, pending_count=pending):
            return f"{changed:,} changed, {pending:,} left"
        case e.WorkFailed(code=code, attempt=attempt):
            return f"{code}, attempt {attempt}"
        case e.WorkParked(code=code, attempt=attempt):
            return f"{code}, after {attempt} attempt{'s' if attempt > 1 else ''}"
        case e.ArtifactErased(kind=kind):
            return ARTIFACTS.get(kind, kind)
        case _:
            return ""
