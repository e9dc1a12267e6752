"""Fixtures of the end-to-end tests: both ways to run the platform, with a small document to run through it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document

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
    table.cell(0, 1).text = "1,250.00 EUR"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def service_environment(
    postgres: PostgresServer, postgres_url: str, rabbitmq: RabbitMqServer, s3: S3Server, s3_bucket: str
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
