"""The private servers of a test session: started when the first test asks, the same for all, gone
at the end.

A test that kills, stops or wipes one of them leaves it running again. Property tests are not timed:
the machine that runs them may be busy with others.
"""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeVar, cast

import pytest
import structlog
from hypothesis import HealthCheck, settings

from servers.otlp import OtlpServer
from servers.postgres import PostgresServer
from servers.process import ServerProcess
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_running: list[ServerProcess] = []
_AnyServer = TypeVar("_AnyServer", bound=ServerProcess)


@contextmanager
def _serving(server: _AnyServer) -> Generator[_AnyServer]:
    _running.append(server)
    try:
        server.start()
        yield server
    finally:
        _running.remove(server)
        server.close()


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Generator[None]:
    """Undo what a test configured that ran a command in this process:
    its lines go to a stream that is closed then.
    """
    yield
    structlog.reset_defaults()
    for handler in logging.root.handlers[:]:
        stream = cast("TextIO | None", getattr(handler, "stream", None))
        if stream is not None and stream.closed:
            logging.root.removeHandler(handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print what the servers wrote last under a test that failed while they were in use."""
    report = yield
    if report.failed:
        fixtures: list[str] = getattr(item, "fixturenames", [])
        report.sections += [
            (f"{server.name} log", server.log_tail())
            for server in _running
            if server.name in fixtures
        ]
    return report


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMqServer]:
    """A running RabbitMQ of the session's own."""
    with _serving(RabbitMqServer()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL cluster of the session's own."""
    with _serving(PostgresServer()) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database for one test."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A running S3 server of the session's own."""
    with _serving(S3Server()) as server:
        yield server


@pytest.fixture
def s3_bucket(s3: S3Server) -> str:
    """The name of an empty bucket for one test."""
    return s3.create_bucket()


@pytest.fixture(scope="session")
def _otlp_of_session() -> Iterator[OtlpServer]:
    server = OtlpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def otlp(_otlp_of_session: OtlpServer) -> OtlpServer:
    """A listening OTLP receiver that has no spans yet."""
    _otlp_of_session.wipe()
    return _otlp_of_session
