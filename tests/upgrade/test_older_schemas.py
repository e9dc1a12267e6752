"""An installation of an older schema is started with the code of today: its jobs go on, and what it
had stays.

The fixtures were killed in the middle of their work: `tests/develop/write_schema_fixture.py` made
them.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from dragoman_runtime.eventstore.archive import RawEvent
from dragoman_standalone.job_replay import replay_job
from dragoman_standalone.log_checking import checked_log
from dragoman_standalone.replaying import Order, replay
from dragoman_standalone.settings import StoreSettings
from dragoman_standalone.stores import archive_of
from e2e.slow_model import slow_model
from servers.model_protocol import question_in, units_in
from servers.postgres import PostgresServer
from servers.process import wait_until
from servers.rabbitmq import RabbitMqServer
from upgrade.ways import OneProcess, Services, Way, result, small_document, submitted, until

_SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.tar.xz"))
_LIVE_BATCHES = 3


@pytest.fixture(params=_SCHEMAS, ids=lambda path: path.name.removesuffix(".tar.xz"))
def fixture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a fixture, unpacked: one folder in it for each way to run."""
    unpack(request.param, tmp_path)
    return tmp_path


def unpack(packed: Path, folder: Path) -> None:
    """Write the folders and files of an archive;
    `extractall` is no way that all Pythons take without a warning.
    """
    with tarfile.open(packed) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None:
                (folder / member.name).mkdir()
            else:
                (folder / member.name).write_bytes(content.read())


@pytest.fixture(params=["one_process", "services"])
def way(request: pytest.FixtureRequest, fixture: Path) -> Iterator[Way]:
    """A way to run; of the services the database is restored on a cluster,
    beside an empty broker.
    """
    if request.param == "one_process":
        yield OneProcess()
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    rabbitmq: RabbitMqServer = request.getfixturevalue("rabbitmq")
    rabbitmq.wipe()
    url = postgres.create_database()
    command = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", url]
    subprocess.run(
        command,
        input=(fixture / "services" / "dump.sql").read_bytes(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    yield Services(postgres, rabbitmq, url)
    postgres.drop_database(url)


def _asked_units(bodies: list[bytes]) -> set[str]:
    """The ids of the units in these requests to a model."""
    return {number for body in bodies for number, _ in units_in(question_in(body))}


def test_jobs_of_an_older_schema_go_on_and_what_was_done_stays(fixture: Path, way: Way) -> None:
    folder = fixture / way.name
    jobs = cast("dict[str, str]", json.loads((folder / "jobs.json").read_text()))
    before = asyncio.run(log_of(way, folder))
    with slow_model() as model, way.running(folder, model.settings) as client:
        until(client, jobs["live"], "completed")
        planned = client.get(f"jobs/{jobs['live']}").json()["counts"]["planned_units"]
        assert (
            0 < len(_asked_units(model.asked)) <= planned * (_LIVE_BATCHES - 1) / _LIVE_BATCHES + 1
        ), "what was answered is on record"
        assert sha256(result(client, jobs["finished"])).hexdigest() == jobs["sha256"]
        assert client.post(f"jobs/{jobs['stopped']}/resume").is_success
        (waiting,) = client.get("parked").json()["items"]
        assert (waiting["job_id"], waiting["code"]) == (jobs["parked"], "engine.unauthorised")
        assert client.post(
            f"jobs/{jobs['parked']}/parked/{waiting['kind']}/{waiting['index']}/redrive"
        ).is_success
        new = submitted(client, small_document("new", 3), engine="pseudo")
        for job_id in (jobs["stopped"], jobs["parked"], new):
            until(client, job_id, "completed")
        wait_until(
            lambda: len(client.get("jobs").json()["items"]) == 5,
            timeout_s=10,
            what="the view to follow the log",
        )
        old = client.get(f"jobs/{jobs['live']}", params={"at": 1}).json()
        assert (old["status"], old["is_past"]) == ("queued", True)

    after = asyncio.run(log_of(way, folder))
    assert after[: len(before)] == before, "no event of the older version was touched"
    asyncio.run(check_what_lasts(way, folder, jobs))


async def check_what_lasts(way: Way, folder: Path, jobs: dict[str, str]) -> None:
    """Views, log and objects are whole,
    and finished jobs are made again byte for byte without any engine.
    """
    settings = StoreSettings.model_validate(way.stores(folder))
    report = await replay(
        settings, Order(is_verify=True, processes=1), lambda step, done, total: None
    )
    assert {view.differing_rows for view in report.views} == {0}
    assert (
        await checked_log(settings, lambda step, done, total: None, is_with_objects=True)
    ).faults == ()
    for name in ("finished", "live"):
        made, _ = await replay_job(settings, UUID(jobs[name]))
        assert made.is_equal, made


async def log_of(way: Way, folder: Path) -> list[RawEvent]:
    """Every event of the log, in its order."""
    async with archive_of(StoreSettings.model_validate(way.stores(folder))) as archive:
        return await archive.tail(0)
