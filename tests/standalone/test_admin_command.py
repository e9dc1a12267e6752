"""The first hour of an installation: tables, an admin, a token, and a role with few rights."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from docs.pages import ROOT, Page
from dragoman_catalog import Catalog, Role
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.postgres_url import StoreRefusedError
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.projection import create_views_engine
from dragoman_standalone.cli import app
from servers.postgres import PostgresServer

_PAGE = Page(ROOT / "docs/operate/run-as-services.md")


def run(*arguments: str, **environment: str) -> str:
    """What the command prints."""
    done = CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


async def _catalog_says(url: str, link: str, token: str) -> tuple[str, Role]:
    """The user that the link signs in, and the role of the token."""
    engine = create_views_engine(sqlalchemy_url(url))
    catalog, now = Catalog(engine), datetime.now(UTC)
    try:
        user = await catalog.sign_in_links.redeem(link, now)
        credential = await catalog.tokens.use(token, now)
    finally:
        await engine.dispose()
    assert user is not None
    assert credential is not None
    return user.name, credential.token.role


@pytest.fixture
def url(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database that the environment names."""
    monkeypatch.setenv("DRAGOMAN_DATABASE_URL", postgres_url)
    monkeypatch.setenv("DRAGOMAN_PUBLIC_URL", "https://dragoman.example")
    return postgres_url


@pytest.fixture
def role(postgres: PostgresServer) -> Iterator[str]:
    """The role of the page, which owns nothing."""
    postgres.execute("CREATE ROLE dragoman_work LOGIN PASSWORD 'work'")
    yield "dragoman_work"
    postgres.execute("DROP ROLE dragoman_work")


async def test_an_empty_database_gets_an_admin_with_a_link_and_a_token(url: str) -> None:
    address, _, link = (await asyncio.to_thread(run, "admin", "create")).partition("?link=")
    token = await asyncio.to_thread(run, "token", "create", "--operator")

    assert address == "https://dragoman.example/console/sign-in"
    assert await _catalog_says(url, link, token) == ("admin", Role.OPERATOR)
    _, _, other = (await asyncio.to_thread(run, "admin", "create", "--user", "ada")).partition("=")
    assert (await _catalog_says(url, other, token))[0] == "ada"


def test_a_state_folder_gets_an_admin_too(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    assert "/console/sign-in?link=" in run("admin", "create", "--state", str(tmp_path / "state"))


async def test_workers_need_no_more_than_the_grants_of_the_page(
    url: str, role: str, postgres: PostgresServer
) -> None:
    parts = urlsplit(url)
    few = f"postgresql://{role}:work@{parts.netloc.rpartition('@')[2]}{parts.path}"
    with pytest.raises(StoreRefusedError, match="dragoman migrate"):
        await migrate_events(few)

    assert await asyncio.to_thread(run, "migrate") == "The tables are up to date."
    grants = [words for words in _PAGE.shell_lines if words[0] == "psql"]
    for words in grants:
        command = shlex.join(words).replace("'$DRAGOMAN_DATABASE_URL'", url)
        await asyncio.to_thread(
            subprocess.run, shlex.split(command), check=True, capture_output=True
        )

    await migrate_events(few)
    store = await PostgresEventStore.connect(few)
    try:
        async with store.lock_position("relay") as position:
            assert position is not None
            await position.advance(0)
        assert await PostgresLiveJobs(store).claim(datetime.now(UTC), datetime.now(UTC)) == []
        assert await store.head_position() == 0
    finally:
        await store.aclose()
    postgres.execute(f"DROP OWNED BY {role}", database=parts.path[1:])


def test_a_program_gets_the_answer_or_the_problem_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    link = json.loads(run("admin", "create", "--json", "--state", str(state)))
    token = json.loads(run("token", "create", "--json", "--state", str(state)))
    assert "?link=" in link["link"]
    assert token["token"].startswith("drg_")
    run("token", "create", "--operator", "--state", str(state))

    monkeypatch.delenv("DRAGOMAN_DATABASE_URL", raising=False)
    for command in (
        ["migrate"],
        ["admin", "create", "--state", str(tmp_path / "file" / "below")],
    ):
        (tmp_path / "file").write_text("no folder")
        done = CliRunner().invoke(app, [*command, "--json"], catch_exceptions=False)
        problem = json.loads(done.stdout)
        assert done.exit_code == problem["exit_code"] == 2
        assert problem["code"]
        assert problem["detail"] in done.stderr.replace("\n", " ")
