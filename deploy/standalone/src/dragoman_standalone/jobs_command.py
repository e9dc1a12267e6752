"""`dragoman jobs`: list, show, follow and cancel, over the API."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.detail.work_words import remaining_text
from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    cut,
    output,
    table,
    work_text,
)
from dragoman_standalone.job_reference import JobArgument, job_id_of
from dragoman_standalone.printing import when_text
from dragoman_standalone.standing import standing_of

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_STOPPED = frozenset({JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.BLOCKED})

jobs_app = typer.Typer(no_args_is_help=True, help="Look at jobs, and act on them.")


@jobs_app.command("list")
def list_jobs(
    status: Annotated[
        list[JobStatus] | None,
        typer.Option("--status", metavar="STATUS", help="Only these: failed, needs_review …"),
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", help="Only those that are at this stage.")
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", help="Only of the project with this code.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--q", help="Only those with this in file name, title, reference.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    cursor: Annotated[
        str | None, typer.Option("--cursor", help="Go on where an earlier list ended.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the newest first.

    Elsewhere than on a terminal each is a line of values with tabs between them: file, status,
    stage, percent, languages, whole id.
    """
    wanted = [each.value for each in status or []]
    given = {"stage": stage, "project": project, "q": text, "cursor": cursor}
    query = {name: value for name, value in given.items() if value is not None}
    page = ask(state, url, lambda api: api.get("jobs", status=wanted, limit=limit, **query))
    output(page, as_json, job_table)
    if page["next_cursor"] and sys.stdout.isatty() and not as_json:
        Console(stderr=True).print(
            f"There are more: --cursor {page['next_cursor']}", highlight=False, soft_wrap=True
        )


@jobs_app.command()
def show(
    job: JobArgument,
    at: Annotated[
        int | None, typer.Option("--at", min=1, help="As of this event, not as of now.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one job: where it stands, its phases, what is wrong, what to do next and what is owed;
    or as it was after an event.
    """
    query = {} if at is None else {"at": at}
    findings: dict[str, int] = {}

    async def question(api: Api) -> Body:
        body: Body = await api.get(f"jobs/{await job_id_of(api, job)}", **query)
        if not as_json:
            findings.update(await _findings(api, body))
        return body

    body = ask(state, url, question)
    output(body, as_json, lambda body: job_card(body, findings))


async def _findings(api: Api, job: Body) -> dict[str, int]:
    """How often each check spoke, of a job whose report of quality checks says so."""
    report = next((each for each in job["artifacts"] if each["kind"] == "qa_report"), None)
    if report is None or job["status"] not in {JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED}:
        return {}
    found: dict[str, int] = json.loads(await api.download(report["download_url"]))[
        "findings_by_code"
    ]
    return found


@jobs_app.command()
def history(
    job: JobArgument, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """List every event of one job with where the job stood after it;
    `show --at` gives the whole state.
    """

    async def whole(api: Api) -> Body:
        job_id = await job_id_of(api, job)
        page: Body = await api.get(f"jobs/{job_id}/history")
        items: list[Body] = page["items"]
        while page["next_after"] is not None:
            page = await api.get(f"jobs/{job_id}/history", after=page["next_after"])
            items += page["items"]
        return {"items": items}

    output(ask(state, url, whole), as_json, _history_table)


@jobs_app.command()
def events(
    job: JobArgument, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """List the events of one job, the oldest first."""
    output(_asked(state, url, job, "get", "/events"), as_json, _event_table)


@jobs_app.command()
def cancel(
    job: JobArgument, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Cancel a job; what is done is kept, and `resume` goes on with it."""
    output(_asked(state, url, job, "post", "/cancel"), as_json, job_card)


@jobs_app.command()
def resume(
    job: JobArgument, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Let a failed or cancelled job go on from where it stopped."""
    output(_asked(state, url, job, "post", "/resume"), as_json, job_card)


@jobs_app.command()
def interrupted(
    state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """List the newest failed and cancelled jobs that can go on from where they stopped."""
    output(
        ask(state, url, lambda api: api.get("jobs", interrupted="true", limit=200)),
        as_json,
        job_table,
    )


@jobs_app.command()
def retry(
    job: JobArgument, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Let a failed job go on from where it stopped."""
    output(_asked(state, url, job, "post", "/retry"), as_json, job_card)


@jobs_app.command()
def rerun(
    job: JobArgument,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Make, and pay, every model call anew.")
    ] = False,
    engine: Annotated[
        str | None, typer.Option("--engine", help="Another engine than the first time.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Another model than the first time.")
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a new job on the same document, under the project's policy of now."""
    asked = {"refresh": refresh, "engine": engine, "model": model}

    async def question(api: Api) -> Body:
        return await api.post(f"jobs/{await job_id_of(api, job)}/rerun", asked)

    output(ask(state, url, question), as_json, job_card)


@jobs_app.command("mark-failed")
def mark_failed(
    job: JobArgument, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Declare a job failed that moves no more; `retry` goes on with it."""
    output(_asked(state, url, job, "post", "/mark-failed"), as_json, job_card)


@jobs_app.command()
def discard(
    job: JobArgument, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Discard what a failed or cancelled job has done: only a rerun is left."""
    output(_asked(state, url, job, "delete", "/checkpoint"), as_json, job_card)


def _asked(state: Path | None, url: str | None, job: str, verb: str, path: str) -> Body:
    """The answer to this verb about a part of the job that is named."""

    async def question(api: Api) -> Body:
        address = f"jobs/{await job_id_of(api, job)}{path}"
        match verb:
            case "post":
                return await api.post(address)
            case "delete":
                return await api.delete(address)
            case _:
                return await api.get(address)

    return ask(state, url, question)


def job_table(page: Body) -> Table:
    """A list of jobs, the file first."""
    made = table("file", "status", "stage", "%", "languages", "job")
    for job in page["items"]:
        has_languages = job["source_language"] and job["target_language"]
        languages = f"{job['source_language']} → {job['target_language']}" if has_languages else ""
        row = (job["status"], job["stage"], f"{job['progress_pct']:.0f}", languages, job["job_id"])
        made.add_row(cut(job["file_name"]), *row)
    return made


def job_card(job: Body, findings: Mapping[str, int] | None = None) -> Table:
    """One job; `findings` counts what quality checks found, by code."""
    made = table("", "")
    made.show_header = False
    if job["is_past"]:
        made.add_row(
            "as of",
            f"event {job['version']} of {job['latest_version']}, {when_text(job['updated_at'])}",
        )
    intake: Body = job.get("intake") or {}
    made.add_row("file_name", str(intake.get("file_name", "")))
    for name in (
        "job_id",
        "status",
        "stage",
        "progress_pct",
        "source_language",
        "target_language",
        "engine",
    ):
        made.add_row(name, str(job[name] if job.get(name) is not None else ""))
    for name, value in _phase_rows(job):
        made.add_row(name, value)
    for work in job.get("work_under_way", []):
        made.add_row("under way", work["text"])
    if job.get("remaining_s"):
        made.add_row("translation", remaining_text(job["remaining_s"]))
    parked = [each for each in job["troubles"] if each["is_parked"]]
    for trouble in parked or job["troubles"]:
        retry = f" (tried again at {when_text(trouble['retry_at'])})" if trouble["retry_at"] else ""
        made.add_row("cause", f"{trouble['code']}: {trouble['reason'] or ''}".strip(": ") + retry)
    for name, value in standing_of(job, findings or {}):
        made.add_row(name, value)
    for work in job.get("owed", []):
        made.add_row("owed", owed_text(work))
    return made


def _phase_rows(job: Body) -> Iterator[tuple[str, str]]:
    """Each phase and how far it is; the one at which the job stopped has the job's status."""
    stopped: str | None = job["status"] if job["status"] in _STOPPED else None
    for phase in job["phases"]:
        state, seconds = phase["state"], phase["duration_s"]
        if stopped is not None and state not in {"done", "skipped"}:
            state, stopped = stopped, None
        yield f"  {phase['name']}", state + ("" if seconds is None else f"  {seconds:.1f} s")


def owed_text(work: Body) -> str:
    """A piece of owed work in a line."""
    holds = f", a worker has it until {when_text(work['held_until'])}" if work["is_held"] else ""
    return (
        work_text(work) + (f", due {when_text(work['due_at'])}" if work["due_at"] else "") + holds
    )


def _history_table(page: Body) -> Table:
    made = table("version", "when", "event", "actor", "status", "stage", "%", "owed")
    for each in page["items"]:
        event, job = each["event"], each["job"]
        about = (
            str(event["version"]),
            when_text(event["occurred_at"]),
            event["type"],
            event["actor"],
        )
        made.add_row(
            *about, job["status"], job["stage"], f"{job['progress_pct']:g}", str(job["owed_count"])
        )
    return made


def _event_table(page: Body) -> Table:
    made = table("version", "when", "event", "actor")
    for event in page["items"]:
        when = when_text(event["occurred_at"])
        made.add_row(str(event["version"]), when, event["type"], event["actor"])
    return made
