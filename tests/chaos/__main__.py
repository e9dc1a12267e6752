"""The long run: `python -m chaos` from the folder of the tests.
It prints its seed first and its table at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from chaos import sabotage
from chaos.checks import Findings
from chaos.faults import OUTSIDE_KINDS
from chaos.installation import Aftermath, Servers
from chaos.plan import Plan, every_point, plans
from chaos.report import table
from chaos.run import own_servers, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 where something is wrong."""
    given = _parser().parse_args(arguments)
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # it tells of each outage that we make
    seed: int = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    for each in (signal.SIGINT, signal.SIGTERM):  # a shell's background job would ignore the first
        signal.signal(each, signal.default_int_handler)
    if given.sabotage:
        os.environ[sabotage.VARIABLE] = given.sabotage
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    chosen = plans(
        seed,
        jobs=given.jobs,
        kills=given.kills,
        rounds=given.rounds,
        kinds=given.only or OUTSIDE_KINDS,
        times=given.faults,
        only_at=given.at or (),
    )
    with (
        tempfile.TemporaryDirectory(prefix="dragoman-chaos-") as temporary,
        own_servers() as servers,
    ):
        rounds: list[tuple[Aftermath, Findings]] = []
        with suppress(KeyboardInterrupt):  # what was finished is told
            asyncio.run(
                _carry_out(chosen, servers, Path(given.keep or temporary), given.cold, rounds)
            )
    found = [findings for _, findings in rounds]
    sys.stdout.write(table(seed, [after for after, _ in rounds], found) + "\n")
    if len(rounds) < len(chosen):
        sys.stdout.write(f"\nINTERRUPTED after {len(rounds)} of {len(chosen)} rounds\n")
    if given.sabotage:
        finding = sabotage.SABOTAGES[given.sabotage].finding
        is_told = any(finding in each.wrong for each in found)
        sys.stdout.write(
            f"\n{given.sabotage}: {finding} {'tells' if is_told else 'DOES NOT TELL'}\n"
        )
        return 0 if is_told else 1
    return 1 if len(rounds) < len(chosen) or any(each.wrong for each in found) else 0


async def _carry_out(
    chosen: Sequence[Plan],
    servers: Servers,
    folder: Path,
    is_cold: bool,
    rounds: list[tuple[Aftermath, Findings]],
) -> None:
    async for each in run(chosen, servers, folder, is_cold=is_cold):
        rounds.append(each)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    points = sorted({point for _, point in every_point()})
    parser.add_argument(
        "--seed", type=int, help="of everything that is left to chance; printed, else a new one"
    )
    parser.add_argument("--jobs", type=int, default=2000, help="documents to translate under fire")
    parser.add_argument(
        "--kills", type=int, default=365, help="kills of services, over all 73 points alike"
    )
    parser.add_argument(
        "--faults", type=int, default=5, help="how often each kind of fault outside the services"
    )
    parser.add_argument(
        "--at", action="append", choices=points, help="this point of those kills; repeatable"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=OUTSIDE_KINDS,
        help="this kind of those faults; repeatable",
    )
    parser.add_argument("--rounds", type=int, default=6, help="installations, one after the other")
    parser.add_argument(
        "--cold", action="store_true", help="start each process anew instead of forking it"
    )
    parser.add_argument(
        "--sabotage",
        choices=[*sabotage.SABOTAGES],
        help="break this in the product, and see that the run tells of it",
    )
    parser.add_argument(
        "--keep", help="a new folder for the logs of the services, which else are deleted"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
