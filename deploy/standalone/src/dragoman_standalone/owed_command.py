"""`dragoman owed` and `dragoman resume`: what jobs wait for, and letting them go on; one job, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.table import Table

from dragoman_contracts.vocabulary import LIVE, JobStatus
from dragoman_standalone.asking import Body, JsonOption, StateOption, UrlOption, ask, every, output, table
from dragoman_standalone.jobs_command import owed_text
from dragoman_standalone.outcome import ExitCode

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_OWING = sorted((*LIVE, JobStatus.CANCELLING))
_OneOrAll = Annotated[UUID | None, typer.Argument(metavar="[JOB]", help="Its id; without it, all jobs.")]


def owed(job: _OneOrAll = None, state: StateOption = None, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List the work that one job, or every live job, owes: who has it, and when it is due."""

    async def question(api: Api) -> Body:
        statuses = [each.value for each in _OWING]
        ids = [job] if job else [row["job_id"] for row in await every(api, "jobs", status=statuses)]
        found = [await api.get(f"jobs/{each}") for each in ids]
        return {"items": [{"job_id": each["job_id"], "status": each["status"], "owed": each["owed"]} for each in found]}

    output(ask(state, url, question), as_json, _owed_table)


def resume(
    job: _OneOrAll = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every interrupted job.")] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a failed or cancelled job, or with --all every one, go on from where it stopped.

    Exit status: 0 all go on, 1 one of them cannot.
    """
    if (job is None) is not is_all:
        raise typer.BadParameter("Name a job, or ask for --all.")

    async def question(api: Api) -> Body:
        if job:
            return {"items": [_told(await api.post(f"jobs/{job}/resume"))]}
        return {"items": [await _resumed(api, row["job_id"]) for row in await every(api, "jobs", interrupted="true")]}

    answer = ask(state, url, question)
    output(answer, as_json, _resumed_table)
    if any(each["refused"] for each in answer["items"]):
        raise typer.Exit(ExitCode.FAILED)


async def _resumed(api: Api, job_id: str) -> Body:
    from dragoman_standalone.client import ApiRefusedError  # slow to import

    try:
        return _told(await api.post(f"jobs/{job_id}/resume"))
    except ApiRefusedError as error:  # another job runs for the document, or somebody was faster
        return {"job_id": job_id, "status": None, "owed": [], "refused": error.message}


def _told(job: Body) -> Body:
    return {"job_id": job["job_id"], "status": job["status"], "owed": job["owed"], "refused": None}


def _owed_table(page: Body) -> Table:
    made = table("job", "status", "owed")
    for job in page["items"]:
        for work in job["owed"] or [None]:
            made.add_row(job["job_id"], job["status"], owed_text(work) if work else "nothing")
    return made


def _resumed_table(page: Body) -> Table:
    made = table("job", "status", "")
    for job in page["items"]:
        made.add_row(job["job_id"], job["status"] or "refused", job["refused"] or f"{len(job['owed'])} owed")
    return made
