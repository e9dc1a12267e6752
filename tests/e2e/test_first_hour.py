"""The first hour of the page: from empty servers to a signed-in admin, a token and a document."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from docs.pages import ROOT
from e2e.documents import own_document
from servers.postgres import PostgresServer
from servers.process import free_port, wait_until
from servers.rabbitmq import RabbitMqServer

_PAGE = ROOT / "docs" / "operate" / "run-as-services.md"
_MOST_COMMANDS = 8


def commands() -> list[str]:
    """The commands of the page's section, each in one line."""
    section = _PAGE.read_text(encoding="utf-8").partition("### The first hour")[2]
    block = re.search(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1].replace("\\\n", " ").splitlines()


def test_the_commands_of_the_page_lead_from_nothing_to_a_document_that_is_done(
    postgres: PostgresServer, postgres_url: str, rabbitmq: RabbitMqServer, tmp_path: Path
) -> None:
    assert postgres.is_running
    port = free_port()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "DRAGOMAN_DATABASE_URL": postgres_url,
        "DRAGOMAN_AMQP_URL": rabbitmq.url,
        "DRAGOMAN_OBJECTS_URL": f"file://{tmp_path}/objects",
        "DRAGOMAN_SIGNING_KEY": "s" * 32,
        "DRAGOMAN_ENCRYPTION_KEY": "e" * 32,
        "DRAGOMAN_HTTP_PORT": str(port),
        "DRAGOMAN_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    (tmp_path / "contract.docx").write_bytes(own_document(1, paragraphs=3))
    doctor, worker, admin, token, submit, done = commands()
    assert len(commands()) <= _MOST_COMMANDS

    # Without an engine of its own, doctor names the one cure that is left; the servers answer.
    said = _shell(f"{doctor} || true", environment, tmp_path)
    for server in ("PostgreSQL", "RabbitMQ"):
        assert server in said
    with (tmp_path / "services.log").open("wb") as log:
        services = subprocess.Popen(
            worker.partition("#")[0].split(), env=environment, cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        log_of = tmp_path / "services.log"
        wait_until(
            lambda: log_of.read_text().count("service.started") == 2, timeout_s=180, what="services"
        )
        link = _shell(admin, environment, tmp_path).strip()
        assert _signs_in(link), link
        told = _shell(f"{token}\n{submit}\necho; env | grep ^DRAGOMAN_TOKEN", environment, tmp_path)
        secret = told.strip().rpartition("=")[2]
        asked = {
            **environment,
            "DRAGOMAN_URL": f"http://127.0.0.1:{port}",
            "DRAGOMAN_TOKEN": secret,
        }
        wait_until(
            lambda: "completed" in _shell(done, asked, tmp_path), timeout_s=180, what="the document"
        )
    finally:
        services.send_signal(signal.SIGTERM)
        services.wait(60)


def _shell(line: str, environment: Mapping[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _signs_in(link: str) -> bool:
    """Whether the link signs an admin in, as its page's button does."""
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(link)
        fields = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', page.text))
        origin = link.partition("/console")[0]
        answer = browser.post(f"{origin}/console/sign-in", data=fields, headers={"Origin": origin})
        return "Jobs" in answer.text and answer.status_code == 200
