"""`dragoman what-if`: a finished job's units under another engine or model, compared with the job."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from dragoman_contracts.vocabulary import RESTING
from dragoman_standalone.asking import Body, JsonOption, StateOption, UrlOption, ask
from dragoman_standalone.job_reference import JobArgument, job_id_of
from dragoman_standalone.process import run_to_end, settings_of, telemetry_for

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman_standalone.client import Api

_LOOK_S = 0.2
_SHOWN = 20


def what_if(
    job: JobArgument,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="Engine to try; the job's without it.")
    ] = "",
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Model to try.")] = "",
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample", min=1, metavar="N", help="So many units, always the same; else all."
        ),
    ] = None,
    state: StateOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Translate a job's units with another engine or model, and say how text, checks, cost and time
    compare. The job stays as it is.
    """  # fmt: skip
    wanted: Body = {"engine": engine, "model": model, "sample": sample}

    async def opened(api: Api) -> Body:
        job_id = await job_id_of(api, job)
        made = await api.post(f"jobs/{job_id}/what-if", wanted)
        while api.is_served and made["status"] not in RESTING:
            await asyncio.sleep(_LOOK_S)
            made = await api.get(f"jobs/{made['job_id']}")
        return made

    made = ask(state, url, opened)
    if made["status"] not in RESTING:  # no server: this process does the work
        run_to_end(_worked(state, UUID(made["job_id"])), telemetry_for(settings_of(state)))
    told = ask(state, url, lambda api: api.get(f"jobs/{made['job_id']}/comparison"))
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(told)


async def _worked(state: Path | None, job_id: UUID) -> None:
    """Return when the job rests."""
    from dragoman_gateway.web.principals import local_principal
    from dragoman_standalone.platform import running

    async with running(settings_of(state)) as platform:
        while True:
            found = await platform.desks.jobs.control.find(job_id, local_principal())
            if found.status in RESTING:
                return
            await asyncio.sleep(_LOOK_S)


def _print(told: Body) -> None:
    console = Console(highlight=False, markup=False)
    shown = Table(box=None, pad_edge=False)
    for column in ("", "job", "what if"):
        shown.add_column(column)
    first, trial = told["first"], told["trial"]

    def row(name: str, key: str) -> None:
        shown.add_row(name, *(_text(side[key]) for side in (first, trial)))

    row("engine", "engine")
    row("model", "model")
    row("units with findings", "unit_count_with_findings")
    row("tokens in", "tokens_in")
    row("tokens out", "tokens_out")
    row("USD", "cost")
    row("time of calls, ms", "time_ms")
    console.print(shown)
    counted = f"{told['unit_count']:,} units, {told['equal_count']:,} with equal text"
    console.print(f"{counted}; {told['status']}, job {told['what_if_job_id']}", soft_wrap=True)
    differing: list[Body] = [each for each in told["units"] if not each["is_equal"]]
    for each in differing[:_SHOWN]:
        console.print(f"\n{each['position'] + 1}  {each['source']}", soft_wrap=True)
        for name, side in (("job", each["first"]), ("what if", each["trial"])):
            found = f"  ({', '.join(side['findings'])})" if side["findings"] else ""
            console.print(f"   {name:<8}{side['target']}{found}", soft_wrap=True)
    if differing[_SHOWN:]:
        console.print(f"\n… and {len(differing) - _SHOWN:,} more: --json lists them")


def _text(value: Any) -> str:
    return "not known" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
