"""A job as a person names it: by its id, by the beginning of its id, or by its file's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.phases import WHAT_IF
from dragoman_standalone.asking import Body, short_ids
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import when_text

if TYPE_CHECKING:
    from dragoman_standalone.client import Api

JobArgument = Annotated[
    str,
    typer.Argument(metavar="JOB", help="Its id, the beginning of its id, or the name of its file."),
]

JobsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="JOB…", help="Ids, beginnings of ids, or names of files.", show_default=False
    ),
]

_BEGINNING = re.compile(r"[0-9a-f]{4}[0-9a-f-]{0,31}", re.ASCII)
_MOST_PAGES = 50
_NAMED = 5


class JobNotNamedError(PermanentError):
    """No job has this name, or several have."""

    default_code = "usage.job"
    exit_status = ExitCode.FAILED


async def job_id_of(api: Api, named: str) -> str:
    """The id of the job that is named.

    Raises:
        JobNotNamedError: there is none, or several, which the message lists.
    """
    try:
        return str(UUID(named))
    except ValueError:
        found = await _begun(api, named.lower()) or await _of_file(api, named)
    if not found:
        raise JobNotNamedError(
            f"No job has an id that begins with {named!r}, or a file of this name. "
            "`dragoman jobs list` shows them."
        )
    if len(found) > 1:
        raise JobNotNamedError(_ambiguous(named, found))
    return str(found[0]["job_id"])


def _ambiguous(named: str, found: list[Body]) -> str:
    short = short_ids([job["job_id"] for job in found])
    listed = "; ".join(
        f"{short[job['job_id']]} ({job['status']}, {job['file_name']}, "
        f"{job['source_language']} → {job['target_language']}, {when_text(job['submitted_at'])})"
        for job in found[:_NAMED]
    )
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{named!r} names {len(found)} jobs: {listed}{more}. Name one by its id."


async def _begun(api: Api, beginning: str) -> list[Body]:
    """The newest jobs whose ids begin so; none where no id could."""
    if not _BEGINNING.fullmatch(beginning):
        return []
    page = await api.get("jobs", limit=200)
    found = _those(page, beginning)
    for _ in range(_MOST_PAGES):
        if page["next_cursor"] is None:
            break
        page = await api.get("jobs", limit=200, cursor=page["next_cursor"])
        found += _those(page, beginning)
    return found


def _those(page: Body, beginning: str) -> list[Body]:
    items: list[Body] = page["items"]
    return [job for job in items if job["job_id"].startswith(beginning)]


async def _of_file(api: Api, name: str) -> list[Body]:
    page = await api.get("jobs", limit=200, q=name[:200])
    items: list[Body] = page["items"]
    found = [job for job in items if job["file_name"] == name]
    # A what-if has the file of its job, which is the one that is meant.
    return [job for job in found if job["pipeline"] != WHAT_IF.name] or found
