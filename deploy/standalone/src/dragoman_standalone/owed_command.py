"""`dragoman owed` and `dragoman resume`: what jobs wait for,
and letting them go on; one job, or all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.vocabulary import LIVE, JobStatus
from dragoman_standalone.asking import (
    Body,
    JsonOption,
    StateOption,
    UrlOption,
    ask,
    every,
    output,
    table,
)
from dragoman_standalone.job_reference import job_id_of
from dragoman_standalone.jobs_command import owed_text
from dragoman_standalone.outcome import ExitCode

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

_OWING = sorted((*LIVE, JobStatus.CANCELLING))
_OneOrAll = Annotated[
    str | None,
    typer.Argument(metavar="[JOB]", help="Its id, or file; without it, all jobs."),
]


def owed(
    job: _OneOrAll = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the work that one job, or every live job, owes: who has it, and when it is due."""

    async def question(api: Api) -> Body:
        statuses = [each.value for each in _OWING]
        ids = (
            [await job_id_of(api, job)]
            if job
            else [row["job_id"] for row in await every(api, "jobs", status=statuses)]
        )
        found = [await _job(api, each) for each in ids]
        return {
            "items": [
                {"job_id": each["job_id"], "status": each["status"], "owed": each["owed"]}
                for each in found
            ]
        }

    output(ask(state, url, question), as_json, _owed_table)


def resume(
    job: _OneOrAll = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every failed or cancelled job.")] = False,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a failed or cancelled job, or with --all every one, go on from where it stopped.

    Jobs whose checkpoint was discarded are left out of --all.

    Exit status: 0 all go on, 1 one of them cannot.
    """
    if (job is None) is not is_all:
        raise typer.BadParameter("Name a job, or ask for --all.")

    async def question(api: Api) -> Body:
        if job:
            return {"items": [_told(await api.post(f"jobs/{await job_id_of(api, job)}/resume"))]}
        rows = await every(api, "jobs", status=[JobStatus.CANCELLED.value, JobStatus.FAILED.value])
        found = [await _resumed(api, row["job_id"]) for row in rows]
        return {"items": [each for each in found if each is not None]}

    answer = ask(state, url, question)
    output(answer, as_json, _resumed_table)
    refused = sum(1 for each in answer["items"] if each["refused"])
    if is_all:
        said = f"{len(answer['items']) - refused} of {len(answer['items'])} jobs go on."
        Console(stderr=True).print(said, highlight=False)
    if refused:
        raise typer.Exit(ExitCode.FAILED)


async def _job(api: Api, job_id: str) -> Body:
    from dragoman_standalone.client import ApiRefusedError  # slow to import

    try:
        return await api.get(f"jobs/{job_id}")
    except ApiRefusedError as error:
        if error.code != "event.damaged":
            raise
        Console(stderr=True).print(error.message, style="red", highlight=False, markup=False)
        return {"job_id": job_id, "status": "damaged", "owed": []}


async def _resumed(api: Api, job_id: str) -> Body | None:
    """The job that goes on, or why it does not; None where its checkpoint was discarded."""
    from dragoman_standalone.client import ApiRefusedError  # slow to import

    try:
        return _told(await api.post(f"jobs/{job_id}/resume"))
    except ApiRefusedError as error:  # another job runs for the document, or somebody was faster
        if error.code == "job.not_resumable":
            return None
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
        made.add_row(
            job["job_id"], job["status"] or "refused", job["refused"] or f"{len(job['owed'])} owed"
        )
    return made
