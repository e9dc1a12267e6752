"""Fixtures of the end-to-end tests: both ways to run the platform, a small document,
a browser for the console.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest
from docx import Document
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from e2e.browsing import WAIT_MS, Server
from e2e.installation import WORKERS, Installation, object_settings, service_settings
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server


@pytest.fixture
def small_docx() -> bytes:
    """A document of two paragraphs, one with a bold word, and a table."""
    document = Document()
    document.add_heading("Terms of delivery", level=1)
    paragraph = document.add_paragraph("The goods are delivered within ")
    paragraph.add_run("14 days").bold = True
    paragraph.add_run(" of the order.")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "Price"
    table.cell(0, 1).text = "1,250.00 euros"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def service_environment(
    postgres: PostgresServer,
    postgres_url: str,
    rabbitmq: RabbitMqServer,
    s3: S3Server,
    s3_bucket: str,
) -> dict[str, str]:
    """The environment that points services to this test's private servers."""
    assert postgres.is_running
    assert rabbitmq.is_running
    objects = object_settings(s3.url, s3_bucket, s3.access_key, s3.secret_key)
    return service_settings(postgres_url, rabbitmq.url, objects)


@pytest.fixture
def installation(
    tmp_path: Path, service_environment: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """The five worker services and a relay, running."""
    running = Installation(tmp_path, service_environment, ["relay", *WORKERS])
    running.start()
    yield running
    running.stop()
    request.node.add_report_section("teardown", "services", running.logs())


def _driver_starts() -> bool:
    """Whether the program that drives the browser finds its libraries."""
    program = Path(playwright.__path__[0]) / "driver" / "node"
    return subprocess.run([program, "--version"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; the test is skipped, saying so, where it or its driver is not to be had,
    and fails where CI is set.
    """
    path = shutil.which("chromium") or shutil.which("google-chrome")
    package = "chromium" if path is None else "libatomic1" if not _driver_starts() else None
    if package is not None:
        message = f"the console was not driven: apt-get install --no-install-recommends {package}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=WAIT_MS)  # its own five seconds are too few beside other tests
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=path, headless=True, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with the pseudo engine, which must end cleanly."""
    server = Server(tmp_path / "state")
    yield server
    assert server.stop() == 0, server.said


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page that has signed in with the link; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/console/sign-in?link={server.link}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    yield page
    refused_form = "error: Failed to load resource: the server responded with a status of 422"
    assert [
        each for each in complaints if not each.startswith(("log:", "info:", refused_form))
    ] == []
