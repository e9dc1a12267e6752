"""One-shot translation: submit each file, follow the log until all rest, write what came of them.

The idempotency key of a file is made of its bytes, its name, the locales and the policy. So a later
run finds the jobs of an earlier one: a finished job gives its result again, an unfinished one goes
on with `--resume`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from pydantic import JsonValue, SecretStr, ValidationError

from dragoman_catalog import PolicyOverrides
from dragoman_contracts.errors import DragomanError, PermanentError
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.under_way import WorkUnderWay, remaining_s, translated_count
from dragoman_contracts.vocabulary import RESTING, RESUMABLE, JobStatus
from dragoman_documents import NO_PACKAGE_CODES
from dragoman_gateway.jobs.detail.answers import under_way_view
from dragoman_gateway.jobs.detail.work_words import lines_of
from dragoman_gateway.jobs.rules import OnUnfinished, is_running
from dragoman_gateway.submissions.rules import (
    NO_VERSION,
    SubmissionRequest,
    engine_choices,
    job_or_document,
    registered_model,
)
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.receiving import received
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.eventstore import LiveLease
from dragoman_runtime.telemetry import current_traceparent, span
from dragoman_runtime.under_way import work_under_way
from dragoman_standalone.delivery import deliver
from dragoman_standalone.inputs import Input
from dragoman_standalone.outcome import FileOutcome
from dragoman_standalone.platform import Platform
from dragoman_standalone.progress import Moved, RunProgress
from dragoman_standalone.retries import retries_of
from dragoman_standalone.translation_options import DEFAULT_PROJECT, Unfinished
from dragoman_translate.app import engine_names

_LOOK_S = 0.05
_ASK_S = 1.0
DOMAIN_PACK = "general"
_MANY = 20
MAX_REFERENCE = 500


_ON_UNFINISHED = {
    Unfinished.REFUSE: OnUnfinished.KEEP,
    Unfinished.RESUME: OnUnfinished.KEEP,
    Unfinished.FRESH: OnUnfinished.FRESH,
}
"""The key finds the job of the same terms; what else was interrupted,
with another engine say, can still go on.
"""


class UnfinishedJobError(PermanentError):
    """An earlier run left jobs unfinished, and nobody said whether to go on with them."""

    default_code = "usage.unfinished"

    @classmethod
    def of(cls, names: Sequence[str]) -> UnfinishedJobError:
        """The error that names the first of these files."""
        first = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        return cls(
            f"An earlier run left {len(names)} of these files unfinished ({first}). "
            "Add --resume to go on where it stopped, or --fresh to begin anew."
        )


class ChoiceRefusedError(PermanentError):
    """The engine or the model that was chosen is none."""

    default_code = "usage.choice"


@dataclass(frozen=True, slots=True)
class Order:
    """The request to a run, the same for all of its files; `password` opens the encrypted files."""

    source: Locale
    target: Locale
    overrides: PolicyOverrides
    unfinished: Unfinished = Unfinished.REFUSE
    password: SecretStr | None = None
    project: str = DEFAULT_PROJECT
    domain_pack: str = DOMAIN_PACK
    new_version_of: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it is submitted, its latest job, and how many jobs it had under these terms."""

    upload: Upload
    job: Job | None
    job_count: int

    @property
    def is_left(self) -> bool:
        """Whether an earlier run left it unfinished."""
        if self.job is None or self.is_given_up:
            return False
        return self.job.status not in RESTING or self.job.status in RESUMABLE

    @property
    def is_given_up(self) -> bool:
        """Whether a person discarded what the latest job had done,
        so that only a new one can follow.
        """
        return self.job is not None and self.job.is_checkpoint_discarded


@dataclass(frozen=True, slots=True)
class _Opened:
    file: Input
    number: int
    job: Job
    started: float


def overrides_of(
    engine: str | None,
    model: str | None,
    extraction: dict[str, JsonValue] | None = None,
    memories: Sequence[str] | None = None,
    fallbacks: Sequence[str] | None = None,
    cost_cap: str | None = None,
) -> PolicyOverrides:
    """The choices of the command line; None where the settings choose.

    Raises:
        ChoiceRefusedError: there is no such engine, no model can have this name, a switch is none,
            or the cap is no amount.
    """
    others = engine_choices(fallbacks or ())
    first = EngineChoice(engine=engine or "", model=model or "")
    for choice in (first, *others) if engine is not None else others:
        if choice.engine not in engine_names() and registered_model(choice) is None:
            known = ", ".join(engine_names())
            message = f"There is no engine {choice.engine!r}; choose from {known}, or the id of a registered model."
            raise ChoiceRefusedError(message)
    asked = {
        "engine": engine,
        "model": model,
        "extraction": extraction or None,
        "memories": tuple(memories) if memories else None,
        "fallbacks": others or None,
        "cost_cap": cost_cap,
    }
    try:
        return PolicyOverrides.model_validate(asked)
    except ValidationError as error:
        if any("memories" in each["loc"] for each in error.errors()):
            raise ChoiceRefusedError("A memory cannot have such a name.") from error
        if any("cost_cap" in each["loc"] for each in error.errors()):
            message = f"{cost_cap!r} is no amount in US dollars; write it like 2.50."
            raise ChoiceRefusedError(message) from error
        if any("extraction" in each["loc"] for each in error.errors()):
            faults = "; ".join(
                str(each["msg"]).removeprefix("Value error, ") for each in error.errors()
            )
            raise ChoiceRefusedError(f"{faults}.") from error
        raise ChoiceRefusedError(f"{model!r} cannot be the name of a model.") from error


def with_earlier(order: Order, said: str | None) -> Order:
    """The order with the job or document whose translations are taken over.

    Raises:
        ChoiceRefusedError: it is no id, and not `none`.
    """
    try:
        return order if said is None else replace(order, new_version_of=job_or_document(said))
    except ValueError as error:
        message = f"{said!r} is no id of a job or document, and not {NO_VERSION!r}; `dragoman jobs list` shows the ids."
        raise ChoiceRefusedError(message) from error


async def settle_leftovers(platform: Platform, inputs: Sequence[Input], order: Order) -> None:
    """Decide, before anything is at work, what becomes of the jobs an earlier run left: fresh ones
    replace them. Where a file needs a new job, its terms are looked at too.

    Once the platform is at work these jobs go on by themselves, and would be paid for.

    Raises:
        UnfinishedJobError: some of these files are unfinished, and `order` does not say what to do
            with them.
        FieldRefusedError: no job can be opened on these terms, since the engine cannot translate
            the pair, for example.
    """
    left, running = list[str](), list[UUID]()
    is_new = False
    for file in inputs:
        try:
            read = await _read(platform, file, order)
        except (DragomanError, OSError):
            continue  # it is said of the file when it is submitted
        is_new |= read.job is None or read.is_given_up or order.unfinished is Unfinished.FRESH
        if order.unfinished is Unfinished.REFUSE and read.is_left:
            left.append(file.name)
        if order.unfinished is Unfinished.FRESH and read.job is not None and is_running(read.job):
            running.append(read.job.job_id)
    if left:
        raise UnfinishedJobError.of(left)
    if is_new:
        await platform.desks.submissions.require_acceptable(
            _request(order, "any", None), local_principal()
        )
    for job_id in running:
        await platform.desks.jobs.control.cancel(job_id, local_principal())


async def translate(
    platform: Platform, inputs: Sequence[Input], order: Order, progress: RunProgress
) -> list[FileOutcome]:
    """Translate the files on a platform at work; one outcome for each, in their order."""
    outcomes: dict[str, FileOutcome] = {}
    waiting: dict[UUID, _Opened] = {}
    for number, each in enumerate(inputs, 1):
        try:
            job = await _submit(platform, each, order)
        except (DragomanError, OSError) as error:
            outcomes[each.name] = refused(each, error)
            progress.finished(outcomes[each.name])
        else:
            waiting[job.job_id] = _Opened(each, number, job, time.monotonic())
    leases: Mapping[UUID, LiveLease] = {}
    asked_at = time.monotonic()  # nothing is said of work in its first second
    while waiting:
        if time.monotonic() - asked_at >= _ASK_S:
            leases, asked_at = await platform.store.live_leases(*waiting), time.monotonic()
        for opened in list(waiting.values()):
            job = await platform.desks.jobs.control.find(opened.job.job_id, local_principal())
            if job.status not in RESTING:
                under_way = work_under_way(job, leases)
                progress.moved(
                    moved(opened.file.name, (opened.number, len(inputs)), job, under_way)
                )
                continue
            outcome = await _delivered(platform, opened, job)
            outcomes[opened.file.name] = outcome
            progress.finished(outcome)
            del waiting[job.job_id]
        await asyncio.sleep(_LOOK_S if len(waiting) < _MANY else _LOOK_S * 10)
    return [outcomes[each.name] for each in inputs]


async def _delivered(platform: Platform, opened: _Opened, job: Job) -> FileOutcome:
    """The outcome of the file; where its result cannot be had, the job stays done."""
    duration_s = time.monotonic() - opened.started
    try:
        return await deliver(platform, opened.file, job, duration_s)
    except (DragomanError, OSError) as error:
        return undelivered(opened.file, job.job_id, error)


def moved(file: str, place: tuple[int, int], job: Job, under_way: Sequence[WorkUnderWay]) -> Moved:
    """How far the job of a file is; `place` is the file's number and how many there are."""
    now, plan = datetime.now(UTC), job.plan
    under_way_work = {each.key for each in under_way}
    retries = [each for key, each in retries_of(job).items() if key not in under_way_work]
    return Moved(
        file=file,
        number=place[0],
        count=place[1],
        stage=job.stage,
        progress_pct=progress_pct(job, under_way),
        units_done=translated_count(job, under_way) if plan else None,
        units=plan.item_count if plan else None,
        remaining_s=remaining_s(job, under_way),
        lines=(*lines_of(under_way, now), *(each.text(now) for each in retries)),
        said=tuple(under_way_view(each, now).model_dump(mode="json") for each in under_way),
        retries=tuple(each.said(now) for each in retries),
    )


async def _submit(platform: Platform, file: Input, order: Order) -> Job:
    """The file's job: that of an earlier run, told to go on where it had stopped, or a new one."""
    read = await _read(platform, file, order)
    principal = local_principal()
    is_fresh = order.unfinished is Unfinished.FRESH or read.is_given_up
    if is_fresh and read.job is not None:
        await _until_rested(platform, read.job)
    elif read.job is not None and read.job.status is JobStatus.CANCELLING:
        await _until_rested(platform, read.job)  # cancelled while nothing was at work
    count = read.job_count if is_fresh else max(0, read.job_count - 1)
    request = _request(order, file.name, key_of(file.name, read.upload, order, count))
    with span("translate") as root:
        submitted = await platform.desks.submissions.submit(
            request,
            read.upload,
            principal,
            on_unfinished=_ON_UNFINISHED[order.unfinished],
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(submitted.job.job_id), is_new=submitted.is_new)
    if submitted.job.status in RESUMABLE:
        return (await platform.desks.jobs.control.resume(submitted.job.job_id, principal)).job
    return submitted.job


def _request(order: Order, name: str, key: str | None) -> SubmissionRequest:
    return SubmissionRequest(
        project_code=order.project,
        domain_pack_code=order.domain_pack,
        source_language=order.source,
        target_language=order.target,
        external_reference=name[-MAX_REFERENCE:],
        idempotency_key=key,
        overrides=order.overrides,
        is_auto_start=True,
        new_version_of=order.new_version_of,
    )


async def _read(platform: Platform, file: Input, order: Order) -> _Read:
    content = await asyncio.to_thread(file.path.read_bytes)
    upload = await received(file.path.name, content, order.password)
    job, count = None, 0
    while found := await platform.desks.submissions.find(
        order.project, key_of(file.name, upload, order, count)
    ):
        job, count = found, count + 1
    return _Read(upload, job, count)


async def _until_rested(platform: Platform, job: Job) -> None:
    """Return when nothing of a job that was cancelled is under way any more."""
    while job.status not in RESTING:
        await asyncio.sleep(_LOOK_S)
        job = await platform.desks.jobs.control.find(job.job_id, local_principal())


def key_of(name: str, upload: Upload, order: Order, count: int) -> str:
    """The idempotency key of the file's job number `count` under these terms."""
    digest, overrides = hashlib.sha256(upload.content).hexdigest(), order.overrides.as_asked()
    encryption = ["was_encrypted"] if upload.was_encrypted else []
    pack = [] if order.domain_pack == DOMAIN_PACK else [{"domain_pack": order.domain_pack}]
    earlier = [] if order.new_version_of is None else [{"new_version_of": order.new_version_of}]
    asked = json.dumps(
        [digest, name, order.source, order.target, overrides, count, *encryption, *pack, *earlier]
    )
    return "cli-" + hashlib.sha256(asked.encode()).hexdigest()


def undelivered(file: Input, job_id: UUID, error: DragomanError | OSError) -> FileOutcome:
    """The outcome of a job whose result could not be read or written."""
    status = JobStatus.FAILED
    if isinstance(error, DragomanError):
        message = f"{error.message} --fresh translates the file again."
        return FileOutcome(
            file=file.name, status=status, job_id=job_id, code=error.code, message=message
        )
    message = (
        f"{error.filename or file.output} cannot be written: {error.strerror}. The translation is "
        "kept: put that right and ask again, nothing is paid twice."
    )
    return FileOutcome(
        file=file.name, status=status, job_id=job_id, code="output.unwritable", message=message
    )


def refused(file: Input, error: DragomanError | OSError) -> FileOutcome:
    """The outcome of a file that became no job."""
    if isinstance(error, DragomanError):
        # The check of preflight's that needs no job: it ends as preflight does.
        is_no_word = error.code in NO_PACKAGE_CODES
        status = JobStatus.BLOCKED if is_no_word else JobStatus.FAILED
        return FileOutcome(file=file.name, status=status, code=error.code, message=error.message)
    message = f"The file cannot be read: {error.strerror}."
    return FileOutcome(
        file=file.name, status=JobStatus.FAILED, code="input.unreadable", message=message
    )
