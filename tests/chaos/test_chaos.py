"""The short form of the chaos run: everything that runs in earnest dies and goes wrong, and no job
notices.

The long form is `make chaos`; both print the seed that repeats what was left to chance.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from chaos.installation import Servers
from chaos.plan import plans
from chaos.report import table
from chaos.run import run
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_JOBS, _KILLS, _TIMEOUT_S = 30, 16, 900
_KINDS = (
    "rabbitmq wiped",
    "postgres stopped in immediate mode",
    "s3 server killed",
    "s3 full",
    "engine rate limited",
    "engine ids wrong",
    "every message again, shuffled",
    "poison in every queue",
    "clock jumps",
)


async def test_no_job_notices_that_everything_dies_and_goes_wrong(
    postgres: PostgresServer, rabbitmq: RabbitMqServer, s3: S3Server, tmp_path: Path
) -> None:
    seed = secrets.randbelow(1_000_000)
    plan = plans(seed, jobs=_JOBS, kills=_KILLS, rounds=1, kinds=_KINDS, times=1)

    async with asyncio.timeout(_TIMEOUT_S):
        rounds = [
            each
            async for each in run(plan, Servers(postgres, rabbitmq, s3), tmp_path, is_cold=False)
        ]

    afters, found = [after for after, _ in rounds], [findings for _, findings in rounds]
    shown = table(seed, afters, found)
    assert [each.wrong for each in found] == [{}], shown
    assert sum(len(after.kills) for after in afters) == _KILLS, shown
    assert set(afters[0].faults) == set(_KINDS), shown
    assert found[0].statuses["completed"] > _JOBS / 2, shown
