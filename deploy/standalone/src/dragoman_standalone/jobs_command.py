"""`dragoman jobs`: list, show, follow and cancel, over the API."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.detail.work_words import remaining_text
from dragoman_standalone.asking import Body, JsonOption, StateOption, UrlOption, ask, output, table, work_text

jobs_app = typer.Typer(no_args_is_help=True, help="Look at jobs, and act on them.")


@jobs_app.command("list")
def list_jobs(
    status: Annotated[list[JobStatus] | None, typer.Option("--status", help="Only these.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the newest first."""
    wanted = [each.value for each in status or []]
    page = ask(state, url, lambda api: api.get("jobs", status=wanted, limit=limit))
    output(page, as_json, _job_table)


@jobs_app.command()
def show(
    job_id: UUID,
    at: Annotated[int | None, typer.Option("--at", min=1, help="As of this event, not as of now.")] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one job: where it stands, its phases, what is wrong and what is owed; or as it was after an event."""
    query = {} if at is None else {"at": at}
    output(ask(state, url, lambda api: api.get(f"jobs/{job_id}", **query)), as_json, _job_card)


@jobs_app.command()
def history(job_id: UUID, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List every event of one job with where the job stood after it; `show --at` gives the whole state."""

    async def whole(api: Any) -> Body:
        page: Body = await api.get(f"jobs/{job_id}/history")
        items: list[Body] = page["items"]
        while page["next_after"] is not None:
            page = await api.get(f"jobs/{job_id}/history", after=page["next_after"])
            items += page["items"]
        return {"items": items}

    output(ask(state, url, whole), as_json, _history_table)


@jobs_app.command()
def events(job_id: UUID, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List the events of one job, the oldest first."""
    output(ask(state, url, lambda api: api.get(f"jobs/{job_id}/events")), as_json, _event_table)


@jobs_app.command()
def cancel(job_id: UUID, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Cancel a job; what is done is kept, and `resume` goes on with it."""
    output(ask(state, url, lambda api: api.post(f"jobs/{job_id}/cancel")), as_json, _job_card)


@jobs_app.command()
def resume(job_id: UUID, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Let a failed or cancelled job go on from where it stopped."""
    output(ask(state, url, lambda api: api.post(f"jobs/{job_id}/resume")), as_json, _job_card)


@jobs_app.command()
def interrupted(state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List the newest failed and cancelled jobs that can go on from where they stopped."""
    output(ask(state, url, lambda api: api.get("jobs", interrupted="true", limit=200)), as_json, _job_table)


@jobs_app.command()
def retry(job_id: UUID, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Let a failed job go on from where it stopped."""
    output(ask(state, url, lambda api: api.post(f"jobs/{job_id}/retry")), as_json, _job_card)


@jobs_app.command()
def rerun(
    job_id: UUID,
    refresh: Annotated[bool, typer.Option("--refresh", help="Make, and pay, every model call anew.")] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a new job on the same document, under the project's policy of now."""
    asked = {"refresh": refresh}
    output(ask(state, url, lambda api: api.post(f"jobs/{job_id}/rerun", asked)), as_json, _job_card)


@jobs_app.command("mark-failed")
def mark_failed(job_id: UUID, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Declare a job failed that moves no more; `retry` goes on with it."""
    output(ask(state, url, lambda api: api.post(f"jobs/{job_id}/mark-failed")), as_json, _job_card)


@jobs_app.command()
def discard(job_id: UUID, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Discard what a failed or cancelled job has done: only a rerun is left."""
    output(ask(state, url, lambda api: api.delete(f"jobs/{job_id}/checkpoint")), as_json, _job_card)


def _job_table(page: Body) -> Table:
    made = table("job", "status", "stage", "%", "languages", "file")
    for job in page["items"]:
        languages = f"{job['source_language']} → {job['target_language']}"
        row = (job["job_id"], job["status"], job["stage"], f"{job['progress_pct']:.0f}", languages, job["file_name"])
        made.add_row(*row)
    return made


def _job_card(job: Body) -> Table:
    made = table("", "")
    made.show_header = False
    if job["is_past"]:
        made.add_row("as of", f"event {job['version']} of {job['latest_version']}, {job['updated_at']}")
    for name in ("job_id", "status", "stage", "progress_pct", "source_language", "target_language", "engine"):
        made.add_row(name, str(job.get(name, "")))
    intake: Body = job.get("intake") or {}
    made.add_row("file_name", str(intake.get("file_name", "")))
    for phase in job.get("phases", []):
        seconds = phase.get("duration_s")
        made.add_row(f"  {phase['name']}", phase["state"] + ("" if seconds is None else f"  {seconds:.1f} s"))
    for work in job.get("work_under_way", []):
        made.add_row("under way", work["text"])
    if job.get("remaining_s"):
        made.add_row("translation", remaining_text(job["remaining_s"]))
    for trouble in job.get("troubles", []):
        made.add_row("trouble", f"{trouble['code']}: {trouble['reason'] or ''}")
    for work in job.get("owed", []):
        made.add_row("owed", owed_text(work))
    return made


def owed_text(work: Body) -> str:
    """A piece of owed work in a line."""
    holds = f", a worker has it until {work['held_until']}" if work["is_held"] else ""
    return work_text(work) + (f", due {work['due_at']}" if work["due_at"] else "") + holds


def _history_table(page: Body) -> Table:
    made = table("version", "when", "event", "actor", "status", "stage", "%", "owed")
    for each in page["items"]:
        event, job = each["event"], each["job"]
        about = (str(event["version"]), event["occurred_at"], event["type"], event["actor"])
        made.add_row(*about, job["status"], job["stage"], f"{job['progress_pct']:g}", str(job["owed_count"]))
    return made


def _event_table(page: Body) -> Table:
    made = table("version", "when", "event", "actor")
    for event in page["items"]:
        made.add_row(str(event["version"]), event["occurred_at"], event["type"], event["actor"])
    return made
