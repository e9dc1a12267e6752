"""How a service's process starts: with a line that says so, or with one that names the cure."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dragoman_runtime.service import ServicePart, ServiceSettings, run_services
from dragoman_runtime.settings import PREFIX, SettingsError, load
from dragoman_runtime.starting import start
from servers.process import wait_until
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server


@pytest.fixture
def given(
    monkeypatch: pytest.MonkeyPatch,
    postgres_url: str,
    rabbitmq: RabbitMqServer,
    s3: S3Server,
    s3_bucket: str,
) -> Mapping[str, str]:
    """The variables of a service on servers of its own, in the environment."""
    variables = {
        "DATABASE_URL": postgres_url,
        "AMQP_URL": rabbitmq.url,
        "OBJECTS_URL": f"s3+{s3.url}/{s3_bucket}",
        "S3_ACCESS_KEY": s3.access_key,
        "S3_SECRET_KEY": s3.secret_key,
        "LOG_FORMAT": "json",
    }
    for name, value in variables.items():
        monkeypatch.setenv(PREFIX + name, value)
    return variables


async def _once(settings: ServiceSettings) -> None:
    """A service that is told to stop as soon as it runs."""

    async def stop(shared: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)

    await run_services([ServicePart("qa", companions=[stop])], settings)


def _lines(said: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in said.splitlines()]


def test_a_start_says_what_runs_and_where(
    given: Mapping[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    start(ServiceSettings, _once)

    (line,) = [
        each for each in _lines(capfd.readouterr().err) if each["event"] != "service.waiting"
    ]
    assert (line["event"], line["services"], line["queues"]) == ("service.started", "qa", "")
    assert line["version"]


@pytest.mark.parametrize(
    ("variable", "code", "said"),
    [
        ("no such database", "store.refused", "create it"),
        ("no such role", "store.refused", "role nobody, database"),
        ("wrong AMQP password", "bus.unauthorised", "user guest, virtual host /: user or password"),
        ("no such virtual host", "bus.unauthorised", "virtual host none: there is no such"),
        ("no right to queues", "bus.unauthorised", "the user needs the rights to configure"),
        ("wrong S3 key", "storage.unauthorised", "check its access key"),
        ("metrics port taken", "port.taken", "DRAGOMAN_METRICS_PORT"),
    ],
)
def test_a_start_that_cannot_succeed_is_one_line_with_the_cure(
    given: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    rabbitmq: RabbitMqServer,
    variable: str,
    code: str,
    said: str,
) -> None:
    database, taken = urlsplit(given["DATABASE_URL"]), socket.create_server(("127.0.0.1", 0))
    amqp = f"127.0.0.1:{rabbitmq.port}"
    wrong = {
        "no such database": {"DATABASE_URL": given["DATABASE_URL"] + "_none"},
        "no such role": {
            "DATABASE_URL": f"postgresql://nobody:secret-word@{database.netloc.rpartition('@')[2]}/postgres"
        },
        "wrong AMQP password": {"AMQP_URL": f"amqp://guest:secret-word@{amqp}/"},
        "no such virtual host": {"AMQP_URL": f"amqp://guest:guest@{amqp}/none"},
        "no right to queues": {"AMQP_URL": f"amqp://guest:guest@{amqp}/bare"},
        "wrong S3 key": {"S3_SECRET_KEY": "secret-word"},
        "metrics port taken": {"METRICS_PORT": str(taken.getsockname()[1])},
    }[variable]
    if variable == "no right to queues":
        rabbitmq.ctl(
            "eval",
            'rabbit_vhost:add(<<"bare">>, <<"test">>), rabbit_auth_backend_internal:set_permissions('
            '<<"guest">>, <<"bare">>, <<>>, <<>>, <<>>, <<"test">>).',
        )
    for name, value in wrong.items():
        monkeypatch.setenv(PREFIX + name, value)

    with pytest.raises(SystemExit) as ended:
        start(ServiceSettings, _once)
    taken.close()

    err = capfd.readouterr().err
    last = _lines(err)[-1]
    assert ended.value.code == 1
    assert (last["event"], last["error_code"]) == ("service.failed", code)
    assert said in last["error_message"]
    assert "secret-word" not in err


def test_a_wrong_setting_is_a_line_without_a_stack(
    given: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRAGOMAN_DATABASE_URL", "mysql://there")
    with pytest.raises(SystemExit):
        start(ServiceSettings, _once)
    assert capfd.readouterr().err == (
        "DRAGOMAN_DATABASE_URL: begin with postgresql:// or postgres://\n"
    )


def test_a_secret_comes_from_a_file(
    given: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("postgres://dragoman:word@db/dragoman\n")
    monkeypatch.delenv("DRAGOMAN_DATABASE_URL")
    monkeypatch.setenv("DRAGOMAN_DATABASE_URL_FILE", str(file))
    assert load(ServiceSettings).postgres_url == "postgresql://dragoman:word@db/dragoman"

    monkeypatch.setenv("DRAGOMAN_DATABASE_URL", "postgresql://other/one")
    with pytest.raises(SettingsError, match="set one of them"):
        load(ServiceSettings)
    monkeypatch.delenv("DRAGOMAN_DATABASE_URL")
    file.unlink()
    with pytest.raises(SettingsError, match="DRAGOMAN_DATABASE_URL_FILE: its file cannot be read"):
        load(ServiceSettings)


_SUPERVISOR = """
import asyncio, sys
from dragoman_standalone.supervisor import supervise
words = [word.split("|") for word in sys.argv[1:]]
raise SystemExit(asyncio.run(supervise([[sys.executable, "-c", *word] for word in words])))
"""


@pytest.mark.parametrize(
    ("end", "status"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_worker_command_ends_with_the_status_of_the_service_that_ended_first(
    end: str, status: int
) -> None:
    sleeping = "import time; time.sleep(60)"
    done = subprocess.run(
        [sys.executable, "-c", _SUPERVISOR, sleeping, end], check=False, timeout=30
    )
    assert done.returncode == status


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_services_end_with_a_worker_command_that_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    sleeping = f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", _SUPERVISOR, sleeping]) as parent:
        wait_until(
            lambda: file.exists() and file.read_text() != "", timeout_s=20, what="the service"
        )
        child = int(file.read_text())
        parent.kill()
    wait_until(lambda: _is_gone(child), timeout_s=10, what="the service to end")


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True
