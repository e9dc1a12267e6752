"""The pages of operation, followed: start the services, enter the first admin, back up,
restore, rebuild the views.
"""

import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from docs.pages import ROOT, Page
from servers.postgres import PostgresServer
from servers.process import free_port, require_binary, wait_until, watched
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

_BIN = Path(sys.executable).parent
_SERVICES = Page(ROOT / "docs/operate/run-as-services.md")
_BACKUP = Page(ROOT / "docs/operate/backup.md")
_SAMPLE = ROOT / "deploy/standalone/src/dragoman_standalone/samples/contract.docx"
_START_S = 180
_JOB_S = 180


@pytest.fixture
def environment(
    postgres: PostgresServer,
    postgres_url: str,
    rabbitmq: RabbitMqServer,
    s3: S3Server,
    s3_bucket: str,
) -> dict[str, str]:
    """The variables that the page exports, with private servers."""
    assert postgres.is_running
    port = free_port()
    return {
        "DRAGOMAN_DATABASE_URL": postgres_url,
        "DRAGOMAN_AMQP_URL": rabbitmq.url,
        "DRAGOMAN_OBJECTS_URL": f"{s3.url.replace('http://', 's3+http://')}/{s3_bucket}",
        "DRAGOMAN_S3_ACCESS_KEY": s3.access_key,
        "DRAGOMAN_S3_SECRET_KEY": s3.secret_key,
        "DRAGOMAN_SIGNING_KEY": secrets.token_urlsafe(32),
        "DRAGOMAN_HTTP_HOST": "127.0.0.1",
        "DRAGOMAN_HTTP_PORT": str(port),
        "DRAGOMAN_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


@contextmanager
def _services(
    environment: Mapping[str, str], log: Path, *, without: str = ""
) -> Generator[httpx.Client]:
    """The services, started by the page's own line,
    and a client of their gateway once it is ready.
    """
    command = next(words for words in _SERVICES.shell_lines if words[:2] == ["dragoman", "worker"])
    with log.open("ab") as file:
        process = subprocess.Popen(
            watched(
                "dragoman worker",
                [_BIN / "dragoman", *(word for word in command[1:] if word != without)],
            ),
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        with httpx.Client(base_url=environment["DRAGOMAN_PUBLIC_URL"], timeout=30) as client:
            wait_until(
                lambda: _is_ready(client), timeout_s=_START_S, what="the gateway to be ready"
            )
            yield client
    finally:
        process.terminate()
        process.wait(timeout=60)
        if process.stdin is not None:
            process.stdin.close()


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def _sign_in(client: httpx.Client, environment: Mapping[str, str]) -> dict[str, str]:
    """Enter the first admin as the page says, and sign in with the link;
    the headers of requests that change.
    """
    words = next(words for words in _SERVICES.shell_lines if words[:2] == ["dragoman", "admin"])
    done = subprocess.run(
        [_BIN / "dragoman", *words[1:]],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    address, _, link = done.stdout.strip().partition("?link=")
    assert address == f"{environment['DRAGOMAN_PUBLIC_URL']}/console/sign-in"
    answer = client.post("/api/v1/session", json={"link": link})
    return {"X-CSRF-Token": str(answer.raise_for_status().json()["csrf_token"])}


def _submit(client: httpx.Client, headers: Mapping[str, str], *, target: str = "de") -> str:
    """Submit the sample; the job's id."""
    form = {"project_code": "default", "domain_pack_code": "general", "engine": "pseudo"}
    form |= {"source_language": "en", "target_language": target}
    files = {"file": ("contract.docx", _SAMPLE.read_bytes())}
    return str(
        client.post("/api/v1/jobs", data=form, files=files, headers=headers)
        .raise_for_status()
        .json()["job_id"]
    )


def _translate(client: httpx.Client, headers: Mapping[str, str]) -> str:
    """Submit the sample and wait for it; the job's id."""
    job_id = _submit(client, headers)
    wait_until(
        lambda: _job(client, job_id)["status"] == "completed",
        timeout_s=_JOB_S,
        what="the job to be completed",
    )
    return job_id


def _job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    return cast("dict[str, Any]", client.get(f"/api/v1/jobs/{job_id}").raise_for_status().json())


def _result(client: httpx.Client, job_id: str) -> bytes:
    url = next(
        each["download_url"]
        for each in _job(client, job_id)["artifacts"]
        if each["kind"] == "final_docx"
    )
    return client.get(url).raise_for_status().content


def _dumped(environment: Mapping[str, str], folder: Path) -> Path:
    """The dump that the page's line makes."""
    words = next(words for words in _BACKUP.shell_lines if words[0] == "pg_dump")
    filled = [
        word.replace("$DRAGOMAN_DATABASE_URL", environment["DRAGOMAN_DATABASE_URL"])
        for word in words
    ]
    subprocess.run(filled, cwd=folder, check=True)
    return folder / "dragoman.dump"


def _restored(postgres: PostgresServer, dump: Path) -> str:
    """The address of a database of this cluster that holds the dump, without any view."""
    url = postgres.create_database()
    subprocess.run(["pg_restore", "--no-owner", "--dbname", url, dump], check=True)
    name = url.rpartition("/")[2]
    views = postgres.execute(
        "SELECT tablename FROM pg_tables WHERE tablename LIKE 'view\\_%'", database=name
    ).split()
    assert len(views) == 6
    for view in views:
        postgres.execute(f'DROP TABLE "{view}"', database=name)
    return url


def _replayed(environment: Mapping[str, str], *options: str) -> dict[str, Any]:
    """The report of the page's command."""
    words = next(words for words in _BACKUP.shell_lines if words[:2] == ["dragoman", "replay"])
    done = subprocess.run(
        [_BIN / "dragoman", *words[1:], *options, "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return cast("dict[str, Any]", json.loads(done.stdout))


@pytest.mark.slow
def test_a_backup_taken_at_work_goes_on_in_a_new_cluster_with_an_empty_broker(
    environment: dict[str, str], rabbitmq: RabbitMqServer, tmp_path: Path
) -> None:
    with _services(environment, tmp_path / "before.log") as client:
        finished = _translate(client, _sign_in(client, environment))
        result = _result(client, finished)
    with _services(environment, tmp_path / "halted.log", without="translate") as client:
        live = _submit(client, _sign_in(client, environment), target="fr")
        wait_until(
            lambda: _job(client, live)["stage"] == "translation",
            timeout_s=_JOB_S,
            what="work for translate",
        )
        dump = _dumped(environment, tmp_path)

    rabbitmq.wipe()
    another = PostgresServer()
    try:
        another.start()
        there = {**environment, "DRAGOMAN_DATABASE_URL": _restored(another, dump)}
        assert _replayed(there)["event_count"] > 0
        assert {view["differing_rows"] for view in _replayed(there, "--verify")["views"]} == {0}
        with _services(there, tmp_path / "after.log") as client:
            headers = _sign_in(client, there)
            assert {each["job_id"] for each in client.get("/api/v1/jobs").json()["items"]} == {
                finished,
                live,
            }
            assert _result(client, finished) == result
            wait_until(
                lambda: _job(client, live)["status"] == "completed",
                timeout_s=_JOB_S,
                what="the live job to end",
            )
            _translate(client, headers)
        assert {view["differing_rows"] for view in _replayed(there, "--verify")["views"]} == {0}
    finally:
        another.close()


def test_a_state_folder_is_backed_up_and_restored_as_the_page_says(tmp_path: Path) -> None:
    require_binary(["sqlite3"], "sqlite3")

    def run(command: str) -> str:
        words = [
            str(_BIN / "dragoman") if word == "dragoman" else word for word in shlex.split(command)
        ]
        return subprocess.run(
            words, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    run(
        f"dragoman translate {_SAMPLE} -o out --source en --target de --engine pseudo --state state"
    )
    (tmp_path / "backup").mkdir()
    for words in _BACKUP.shell_lines:
        if words[0] in {"sqlite3", "cp"}:
            subprocess.run(words, cwd=tmp_path, check=True)
    assert '"status": "completed"' in run("dragoman jobs list --json --state backup")

    run(
        f"dragoman translate {_SAMPLE} -o again --source en --target de --engine pseudo --state backup"
    )
    assert (tmp_path / "again/contract.docx").read_bytes() == (
        tmp_path / "out/contract.docx"
    ).read_bytes()
