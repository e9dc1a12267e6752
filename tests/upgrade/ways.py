"""The two ways to run an installation of whatever version this interpreter imports, as the upgrade
tests need them.

Only what every version has is used: the command, the modules of the services, the settings, the
HTTP API.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

import httpx

from documents.wordml import document, paragraph, run
from dragoman_catalog import Catalog, Editor, Role
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine
from e2e.command_line import clean_environment
from e2e.installation import EVERY_SERVICE, Installation, service_settings
from servers.postgres import PostgresServer
from servers.process import wait_until
from servers.rabbitmq import RabbitMqServer

_COMMAND = (sys.executable, "-c", "from dragoman_standalone.command import main; main()")
_START_S, _JOB_S = 120, 600
_QUICK = {"DRAGOMAN_LEASE_S": "4", "DRAGOMAN_HEARTBEAT_S": "1", "DRAGOMAN_RECONCILE_EVERY_S": "2"}

Job = dict[str, Any]


class Way(Protocol):
    """One way to run, on a folder that holds what lasts."""

    name: str

    def running(self, folder: Path, environment: Mapping[str, str]) -> Any:
        """A client of the API while the installation runs; at the end of the block it is killed."""
        ...

    def stores(self, folder: Path) -> dict[str, str | Path | None]:
        """The settings of what lasts."""
        ...


@dataclass
class OneProcess:
    """`dragoman up` on a state folder."""

    name = "one_process"

    @contextmanager
    def running(self, folder: Path, environment: Mapping[str, str]) -> Generator[httpx.Client]:
        """A client of the API while the installation runs; at the end of the block it is killed."""
        log, record = folder / "up.log", folder / "state" / "server.json"
        record.unlink(missing_ok=True)
        with log.open("ab") as said:
            process = subprocess.Popen(
                [*_COMMAND, "up", "--state", folder / "state", "--port", "0"],
                env=clean_environment({**_QUICK, **environment}),
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        try:
            started = lambda: "Dragoman is at" in log.read_text() or process.poll() is not None  # noqa: E731
            wait_until(started, timeout_s=_START_S, what="dragoman up")
            server = json.loads(record.read_text())
            with client_of(server["url"], server["token"]) as client:
                yield client
        finally:
            process.kill()
            process.wait()
            log.unlink()

    def stores(self, folder: Path) -> dict[str, str | Path | None]:
        """The settings of the state folder."""
        return {"state_dir": folder / "state", "database_url": None, "objects_url": None}


@dataclass
class Services:
    """Every service and the relay, on private servers; objects in a folder."""

    postgres: PostgresServer
    rabbitmq: RabbitMqServer
    url: str
    name = "services"

    @contextmanager
    def running(self, folder: Path, environment: Mapping[str, str]) -> Generator[httpx.Client]:
        """A client of the API while the installation runs; at the end of the block it is killed."""
        settings = {
            **service_settings(self.url, self.rabbitmq.url, _objects(folder)),
            **environment,
        }
        (folder / "logs").mkdir(exist_ok=True)
        installation = Installation(folder / "logs", settings, EVERY_SERVICE)
        installation.start()
        address = f"http://127.0.0.1:{settings['DRAGOMAN_HTTP_PORT']}"
        try:
            with client_of(address, "none-yet") as client:
                until_ready(client)
                client.headers["Authorization"] = f"Bearer {asyncio.run(token(self.url))}"
                yield client
        except BaseException:
            print(installation.logs())
            raise
        finally:
            for process in installation.processes.values():
                process.kill()

    def stores(self, folder: Path) -> dict[str, str | Path | None]:
        """The settings of the database and the objects."""
        return {
            "state_dir": folder,
            "database_url": self.url,
            "objects_url": (folder / "objects").as_uri(),
        }


def submitted(client: httpx.Client, data: bytes, **fields: str) -> str:
    """The id of a new job on this document."""
    form = {
        "project_code": "default",
        "domain_pack_code": "general",
        "source_language": "en",
        "target_language": "ru",
    }
    answer = client.post("jobs", data=form | fields, files={"file": ("order.docx", data)})
    assert answer.status_code == 202, answer.text
    return cast("str", answer.json()["job_id"])


def until(client: httpx.Client, job_id: str, status: str) -> Job:
    """The job, once it has this status."""
    job: Job = {}

    def has_come() -> bool:
        job.update(client.get(f"jobs/{job_id}").raise_for_status().json())
        return bool(job["status"] == status)

    wait_until(has_come, timeout_s=_JOB_S, what=f"{job_id} to be {status}")
    return job


def result(client: httpx.Client, job_id: str) -> bytes:
    """The document that a finished job delivers."""
    artifacts = client.get(f"jobs/{job_id}").raise_for_status().json()["artifacts"]
    url = next(each["download_url"] for each in artifacts if each["kind"] == "final_docx")
    return client.get(client.base_url.join(url)).raise_for_status().content


def small_document(title: str, paragraphs: int) -> bytes:
    """A document of few bytes, like no other."""
    texts = [
        title,
        *(f"Part {number} of {title} is delivered within days." for number in range(1, paragraphs)),
    ]
    return document("".join(paragraph(run(text)) for text in texts))


def _objects(folder: Path) -> dict[str, str]:
    return {"DRAGOMAN_OBJECTS_URL": (folder / "objects").as_uri()}


def client_of(url: str, secret: str) -> httpx.Client:
    """A client of the API at a gateway's address, with this token."""
    client = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


def until_ready(client: httpx.Client) -> None:
    """Return when the gateway is ready."""
    wait_until(lambda: _is_ready(client), timeout_s=_START_S, what="the gateway to be ready")


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get(client.base_url.join("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def token(url: str) -> str:
    """A new token of the services' first admin."""
    engine, now = create_views_engine(sqlalchemy_url(url)), datetime.now(UTC)
    catalog = Catalog(engine)
    admin = await catalog.users.ensure_first_admin(now)
    made = await catalog.tokens.create(
        Editor(actor="test", actor_name="", source_address=""),
        now,
        user_id=admin.user_id,
        name="upgrade",
        role=Role.ADMIN,
        expires_at=now + timedelta(days=1),
    )
    await engine.dispose()
    return made.secret
