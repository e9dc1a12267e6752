"""A whole run: installations one after the other,
each checked against an undisturbed run of its documents.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from chaos.checks import Findings, checked
from chaos.installation import Aftermath, Servers, under_fire
from chaos.model import ChaosModel
from chaos.plan import Plan
from chaos.processes import Nursery
from chaos.undisturbed import undisturbed_streams
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_NUMBERS_A_ROUND = 10_000


async def run(
    plans: Sequence[Plan], servers: Servers, folder: Path, *, is_cold: bool
) -> AsyncGenerator[tuple[Aftermath, Findings]]:
    """Carry out the plans in turn. `is_cold`:
    every process is started as an operator would, not forked.
    """
    for number, plan in enumerate(plans):
        after, findings = await _round(number, plan, servers, folder / f"round-{number}", is_cold)
        sys.stdout.write(f"round {number + 1} of {len(plans)}: {_said(after, findings)}\n")
        sys.stdout.flush()
        yield after, findings


def _said(after: Aftermath, findings: Findings) -> str:
    wrong = ", ".join(findings.wrong) or "all well"
    return f"{len(after.names)} jobs, {len(after.kills)} kills in {after.duration_s:.0f} s; {wrong}"


async def _round(
    number: int, plan: Plan, servers: Servers, folder: Path, is_cold: bool
) -> tuple[Aftermath, Findings]:
    await asyncio.to_thread(folder.mkdir, parents=True)
    await asyncio.to_thread(servers.rabbitmq.wipe)
    model, undisturbed_model = ChaosModel(plan.seed), ChaosModel(plan.seed)
    nursery = None if is_cold else Nursery(folder)
    first = number * _NUMBERS_A_ROUND
    try:
        model.start()
        undisturbed_model.start()
        after = await under_fire(
            plan, range(first, first + plan.jobs), servers, model, folder, nursery
        )
        undisturbed = await undisturbed_streams(
            folder / "undisturbed", after.names.values(), undisturbed_model
        )
        return after, await checked(after, servers, model, undisturbed)
    finally:
        model.stop()
        undisturbed_model.stop()
        if nursery is not None:
            nursery.close()


@contextmanager
def own_servers() -> Generator[Servers]:
    """Private servers for the block."""
    servers = Servers(PostgresServer(), RabbitMqServer(), S3Server())
    every = (servers.postgres, servers.rabbitmq, servers.s3)
    try:
        for each in every:
            each.start()
        yield servers
    finally:
        for each in every:
            each.close()
