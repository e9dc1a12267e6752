"""Translation by a server: files are submitted over the API, followed, and their results fetched.

It keeps to the terms of a run on a state folder (`translating`): the same file, languages and
policy are the same job, whose id both sides know from its idempotency key. A job that runs is not
left over here: the server works on it, and it is followed.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Protocol
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.errors import DragomanError, RetryableError
from dragoman_contracts.identity import job_id_for_key, project_id
from dragoman_contracts.reports import PreflightReport, Severity
from dragoman_contracts.vocabulary import RESTING, RESUMABLE, JobStatus
from dragoman_gateway.web.uploads import Upload
from dragoman_standalone.client import Api, ApiRefusedError
from dragoman_standalone.delivery import blocked_text, units_text, write
from dragoman_standalone.inputs import Input
from dragoman_standalone.outcome import FileOutcome
from dragoman_standalone.progress import Moved, RunProgress
from dragoman_standalone.retries import Retry
from dragoman_standalone.review_report import report_of_units, units_of_answer
from dragoman_standalone.translating import (
    MAX_REFERENCE,
    Order,
    UnfinishedJobError,
    key_of,
    refused,
    undelivered,
)
from dragoman_standalone.translation_options import Unfinished

Body = dict[str, Any]
Deliver = Callable[[Api, Input, Body, FileOutcome], Awaitable[FileOutcome]]
"""Writes what a job gave, and says so in its file's outcome."""

_LOOK_S = 0.5
_OUTAGE_PATIENCE_S = 120.0
_FINAL = "final_docx"


class Terms(Protocol):
    """The terms of a run, the same for each of its files."""

    @property
    def unfinished(self) -> Unfinished:
        """The choice of how to treat jobs that an earlier run left."""
        ...

    def key(self, name: str, upload: Upload, count: int) -> str:
        """The idempotency key of the file's job number `count`."""
        ...

    @property
    def project(self) -> str:
        """The code of the project that the job becomes one of."""
        ...

    def fields(self, name: str) -> dict[str, str]:
        """The fields that are sent with the file."""
        ...


@dataclass(frozen=True, slots=True)
class TranslationTerms(Terms):
    """A translation, as a run on a state folder has it."""

    order: Order

    @property
    @override
    def unfinished(self) -> Unfinished:
        return self.order.unfinished

    @property
    @override
    def project(self) -> str:
        return self.order.project

    @override
    def key(self, name: str, upload: Upload, count: int) -> str:
        return key_of(name, upload, self.order, count)

    @override
    def fields(self, name: str) -> dict[str, str]:
        return fields_of(name, self.order)


@dataclass(frozen=True, slots=True)
class Followed:
    """A job that is followed, and the file it is of."""

    file: Input
    job_id: UUID


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it is sent, its latest job on the server, and how many it had on these terms."""

    upload: Upload
    job: Body | None
    job_count: int


async def submit(
    api: Api, files: Sequence[Input], terms: Terms
) -> tuple[list[Followed], dict[str, FileOutcome]]:
    """Submit each file; the jobs they became, and the outcomes of files that became none.

    Raises:
        UnfinishedJobError: earlier jobs of some files failed or were cancelled, and `terms` do
            not say what to do with them.
        ApiRefusedError, RetryableError: the server refuses all, or cannot be reached.
    """
    read: dict[str, _Read] = {}
    refusals: dict[str, FileOutcome] = {}
    for file in files:
        try:
            read[file.name] = await _read(api, file, terms)
        except OSError as error:
            refusals[file.name] = refused(file, error)
    left = [
        name
        for name, each in read.items()
        if each.job is not None
        and not each.job["is_checkpoint_discarded"]
        and each.job["status"] in RESUMABLE
    ]
    if left and terms.unfinished is Unfinished.REFUSE:
        raise UnfinishedJobError.of(left)
    followed: list[Followed] = []
    for file in files:
        if file.name in refusals:
            continue
        try:
            job = await _submit(api, file, read[file.name], terms)
        except ApiRefusedError as error:
            refusals[file.name] = refused(file, error)
        else:
            followed.append(Followed(file, UUID(job["job_id"])))
    return followed, refusals


async def follow(
    api: Api,
    jobs: Sequence[Followed],
    progress: RunProgress,
    *,
    delivers: bool = True,
    deliver: Deliver | None = None,
) -> list[FileOutcome]:
    """Follow the jobs until each rests, and write what came of it where it `delivers`; one outcome
    for each, in their order.

    Raises:
        RetryableError: the server cannot be reached for two minutes.
    """
    outcomes: dict[UUID, FileOutcome] = {}
    started = time.monotonic()
    waiting = list(enumerate(jobs, 1))
    while waiting:
        for number, each in list(waiting):
            job = await _patiently(api, f"jobs/{each.job_id}")
            if job["status"] not in RESTING and not job["is_waiting_for_start"]:
                progress.moved(_moved(each.file.name, (number, len(jobs)), job))
                continue
            duration_s = time.monotonic() - started
            how = (deliver or _translation) if delivers else None
            outcome = await _outcome(api, each, job, duration_s, how)
            outcomes[each.job_id] = outcome
            progress.finished(outcome)
            waiting.remove((number, each))
        if waiting:
            await asyncio.sleep(_LOOK_S)
    return [outcomes[each.job_id] for each in jobs]


async def translate_remotely(
    api: Api, files: Sequence[Input], order: Order, progress: RunProgress
) -> list[FileOutcome]:
    """Translate the files on the server; one outcome for each, in their order."""
    return await run_remotely(api, files, TranslationTerms(order), progress)


async def run_remotely(
    api: Api,
    files: Sequence[Input],
    terms: Terms,
    progress: RunProgress,
    deliver: Deliver | None = None,
) -> list[FileOutcome]:
    """Submit the files on these terms, follow their jobs and deliver what they gave; one outcome
    for each, in their order. Else than by `deliver` a translation is delivered.
    """
    followed, refusals = await submit(api, files, terms)
    for outcome in refusals.values():
        progress.finished(outcome)
    done = await follow(api, followed, progress, deliver=deliver)
    by_name = refusals | {
        each.file.name: outcome for each, outcome in zip(followed, done, strict=True)
    }
    return [by_name[each.name] for each in files]


async def fetch(api: Api, job: Body, out: Path) -> list[Path]:
    """Write the job's document into the folder: the result, or the draft where there is one, with
    the report where a person must decide. The files that were written.

    Raises:
        ApiRefusedError: the job has no document yet.
        OSError: a file cannot be written.
    """
    written: list[Path] = []
    name = PurePath(file_name_of(job))
    if _is_for_review(job):
        path = out / f"{name.stem}.draft{name.suffix or '.docx'}"
        write(path, await _draft(api, job))
        written.append(path)
        path = out / f"{name.stem}.report.json"
        await _write_report(api, name.stem, job, path)
        written.append(path)
    elif (final := _final(job)) is not None:
        path = out / PurePath(str(final["file_name"])).name
        write(path, await api.download(str(final["download_url"])))
        written.append(path)
    if not written:
        status = job["status"]
        raise ApiRefusedError(
            f"Job {job['job_id']} is {status} and has no document to download. "
            "`dragoman watch JOB` waits for it.",
            code="job.no_document",
        )
    return written


async def _read(api: Api, file: Input, terms: Terms) -> _Read:
    content = await asyncio.to_thread(file.path.read_bytes)
    upload, job, count = Upload(file.path.name, content), None, 0
    while found := await api.find(f"jobs/{_job_id(terms, file.name, upload, count)}"):
        job, count = found, count + 1
    return _Read(upload, job, count)


def _job_id(terms: Terms, name: str, upload: Upload, count: int) -> UUID:
    return job_id_for_key(project_id(terms.project), terms.key(name, upload, count))


async def _submit(api: Api, file: Input, read: _Read, terms: Terms) -> Body:
    job = read.job
    is_fresh = terms.unfinished is Unfinished.FRESH
    if job is not None and is_fresh and job["status"] not in RESTING:
        job = await api.post(f"jobs/{job['job_id']}/cancel")
    while job is not None and job["status"] == JobStatus.CANCELLING:
        await asyncio.sleep(_LOOK_S)
        job = await api.get(f"jobs/{job['job_id']}")
    is_new = job is None or is_fresh or job["is_checkpoint_discarded"]
    count = read.job_count if is_new else max(0, read.job_count - 1)
    opened = await api.post_file(
        "jobs",
        terms.fields(file.name),
        (read.upload.file_name, read.upload.content),
        terms.key(file.name, read.upload, count),
    )
    if opened["status"] in RESUMABLE:
        return await api.post(f"jobs/{opened['job_id']}/resume")
    return opened


def reference_of(name: str) -> str:
    """The external reference of a file of this name: its document is found again by it."""
    return name[-MAX_REFERENCE:]


def fields_of(name: str, order: Order) -> dict[str, str]:
    """The form's fields for a file of this name."""
    asked = order.overrides.as_asked()
    fields = {
        "project_code": order.project,
        "domain_pack_code": order.domain_pack,
        "source_language": str(order.source),
        "target_language": str(order.target),
        "external_reference": reference_of(name),
        "auto_start": "true",
    }
    fields |= {key: str(asked[key]) for key in ("engine", "model", "cost_cap") if asked.get(key)}
    if order.overrides.glossaries:
        fields["glossaries"] = ",".join(map(str, order.overrides.glossaries))
    if order.overrides.fallbacks:
        names = (f"{each.engine}/{each.model}" for each in order.overrides.fallbacks)
        fields["fallbacks"] = ",".join(name.rstrip("/") for name in names)
    if asked.get("extraction"):
        fields["extraction"] = json.dumps(asked["extraction"])
    if asked.get("memories") is not None:
        fields["memories"] = json.dumps(asked["memories"], ensure_ascii=False)
    if order.password is not None:
        fields["document_password"] = order.password.get_secret_value()
    if order.new_version_of is not None:
        fields["new_version_of"] = order.new_version_of
    if order.unfinished is not Unfinished.REFUSE:
        fields["on_unfinished"] = order.unfinished.value
    return fields


async def _patiently(api: Api, path: str) -> Body:
    """The answer, also of a server that restarts meanwhile."""
    deadline = time.monotonic() + _OUTAGE_PATIENCE_S
    while True:
        try:
            return await api.get(path)
        except RetryableError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(_LOOK_S * 4)


def _moved(file: str, place: tuple[int, int], job: Body) -> Moved:
    now, counts = datetime.now(UTC), job["counts"]
    retries = [
        Retry(each["code"], each["attempt"], datetime.fromisoformat(each["retry_at"]))
        for each in job["troubles"]
        if each["retry_at"]
    ]
    work: list[Body] = job["work_under_way"]
    return Moved(
        file=file,
        number=place[0],
        count=place[1],
        stage=job["stage"],
        progress_pct=job["progress_pct"],
        units_done=counts["translated_units"],
        units=counts["planned_units"],
        remaining_s=job["remaining_s"],
        lines=(*(each["text"] for each in work), *(each.text(now) for each in retries)),
        said=tuple(work),
        retries=tuple(each.said(now) for each in retries),
    )


async def _outcome(
    api: Api, followed: Followed, job: Body, duration_s: float, deliver: Deliver | None
) -> FileOutcome:
    file, counts = followed.file, job["counts"]
    code, message = await _preflight_reason(api, job) or reason_of(job)
    outcome = FileOutcome(
        file=file.name,
        status=JobStatus(job["status"]),
        job_id=followed.job_id,
        code=code,
        message=message,
        unit_count=counts["units"] or 0,
        savings=job.get("savings"),
        duration_s=round(duration_s, 3),
    )
    return outcome if deliver is None else await deliver(api, file, job, outcome)


async def _translation(api: Api, file: Input, job: Body, outcome: FileOutcome) -> FileOutcome:
    """The outcome with what a translation gave, written under the file's names."""
    try:
        return outcome.model_copy(update=await _delivered(api, file, job))
    except (DragomanError, OSError) as error:
        return undelivered(file, UUID(job["job_id"]), error)


async def _preflight_reason(api: Api, job: Body) -> tuple[str, str] | None:
    """The code and the sentences of preflight's refusal; None where something else stopped the job,
    or its report is gone.
    """
    report = next((each for each in job["artifacts"] if each["kind"] == "preflight_report"), None)
    if job["status"] != JobStatus.BLOCKED or job["qa_verdict"] is not None or report is None:
        return None
    found = PreflightReport.model_validate_json(await api.download(report["download_url"]))
    blockers = [each for each in found.findings if each.severity is Severity.BLOCKER]
    return (blockers[0].code, " ".join(each.message for each in blockers)) if blockers else None


async def _delivered(api: Api, file: Input, job: Body) -> dict[str, str]:
    """Write what the job gave under the file's names; the paths by their field."""
    if _is_for_review(job):
        report, draft = file.beside(".report.json"), file.beside(f".draft{file.output.suffix}")
        write(draft, await _draft(api, job))
        await _write_report(api, file.name, job, report)
        return {"draft": str(draft), "report": str(report)}
    final = _final(job)
    if final is None:
        return {}
    write(file.output, await api.download(str(final["download_url"])))
    return {"output": str(file.output)}


def file_name_of(job: Body) -> str:
    """The name of the job's file; its id where the record of the file was erased."""
    intake: Body = job["intake"] or {}
    return str(intake.get("file_name") or job["job_id"])


def _final(job: Body) -> Body | None:
    """The newest result of the job."""
    found = [each for each in job["artifacts"] if each["kind"] == _FINAL]
    return found[-1] if found else None


async def _draft(api: Api, job: Body) -> bytes:
    return await api.download(f"/api/v1/jobs/{job['job_id']}/draft")


def _is_for_review(job: Body) -> bool:
    is_judged = job["qa_verdict"] is not None
    return is_judged and job["status"] in {JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED}


async def _write_report(api: Api, name: str, job: Body, path: Path) -> None:
    units = units_of_answer(await _units(api, job["job_id"]))
    report = report_of_units(name, UUID(job["job_id"]), job["status"], units)
    write(path, report.model_dump_json(indent=2).encode() + b"\n")


async def _units(api: Api, job_id: str) -> list[Body]:
    page = await api.get(f"jobs/{job_id}/units", limit=200)
    items: list[Body] = page["items"]
    while page["next_cursor"] is not None:
        page = await api.get(f"jobs/{job_id}/units", limit=200, cursor=page["next_cursor"])
        items += page["items"]
    return items


def reason_of(job: Body) -> tuple[str, str]:
    """The code and the sentence of why the job does not go on; empty where all is well."""
    counts, parked = job["counts"], [each for each in job["troubles"] if each["is_parked"]]
    match job["status"]:
        case JobStatus.COMPLETED:
            return "", ""
        case JobStatus.NEEDS_REVIEW:
            count = counts["review_pending_units"] or 0
            return "qa.needs_review", f"{units_text(count)} See the report."
        case JobStatus.BLOCKED if job["qa_verdict"] is not None:
            return "qa.blocked", f"{blocked_text(counts['blocked_units'] or 0)} See the report."
        case JobStatus.BLOCKED:
            code = next(iter(job["preflight_findings"]), "preflight.blocked")
            return code, "Preflight blocked the document; `dragoman preflight FILE` says the cure."
        case JobStatus.CANCELLED:
            return "job.cancelled", "The job was cancelled; --resume goes on with it."
        case _ if parked:
            reason = parked[0]["reason"] or "The work failed; --resume tries it again."
            return parked[0]["code"], str(reason)
        case JobStatus.FAILED:
            return "job.failed", "The job failed; --resume tries it again."
        case _:
            return "", "The job waits to be started."
