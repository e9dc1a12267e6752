"""The command line's token: for the bound address only, and gone with its server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.catalogs import opened as opened_catalog
from dragoman_catalog import Catalog, Role
from dragoman_runtime.clock import SystemClock
from dragoman_standalone.cli import app
from dragoman_standalone.client import api
from dragoman_standalone.local_access import LOCAL, LocalAccess, announced
from dragoman_standalone.server_record import ServerRecord, record_path
from dragoman_standalone.serving import serve
from dragoman_standalone.settings import ClientSettings, StandaloneSettings


class _Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def now(self) -> datetime:
        """The time, moved."""
        return SystemClock().now() + self.moved


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with opened_catalog(f"sqlite:///{tmp_path}/catalog.db") as each:
        yield each


def _record(folder: Path) -> ServerRecord:
    return ServerRecord.model_validate_json(record_path(folder).read_text(encoding="utf-8"))


async def test_where_nobody_reads_along_the_link_is_asked_for(tmp_path: Path) -> None:
    settings = StandaloneSettings(state_dir=tmp_path, http_port=0)
    told = asyncio.get_running_loop().create_future()
    server = asyncio.ensure_future(serve(settings, told.set_result, tells_link=False))
    async with asyncio.timeout(30):
        text = await told
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)
    assert "link=" not in text
    assert f"`dragoman sign-in-link --state {tmp_path}`" in text


async def test_with_a_public_address_the_command_line_still_asks_the_bound_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which is not asked either
    settings = StandaloneSettings(
        state_dir=tmp_path, http_port=0, public_url="https://dragoman.example/"
    )
    told = asyncio.get_running_loop().create_future()
    server = asyncio.ensure_future(serve(settings, told.set_result))
    async with asyncio.timeout(30):
        text = await told
    assert "https://dragoman.example/console/sign-in?link=" in text
    assert _record(tmp_path).url.startswith("http://127.0.0.1:")
    assert record_path(tmp_path).stat().st_mode & 0o077 == 0
    async with api(settings, ClientSettings()) as asked:
        assert (await asked.get("session"))["role"] == "admin"
        held = await asked.get("tokens")
        assert [each["name"] for each in held["items"]] == ["command line"]
    ask = partial(CliRunner().invoke, app)
    made = await asyncio.to_thread(ask, ["sign-in-link", "--state", str(tmp_path)])
    assert made.stdout.startswith("https://dragoman.example/console/sign-in?link=drl_")
    audit = await asyncio.to_thread(ask, ["audit", "export", "--state", str(tmp_path)])
    actions = [json.loads(line)["action"] for line in audit.stdout.splitlines()]
    assert {"token.created", "sign_in_link.created"} <= set(actions)
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)
    assert not record_path(tmp_path).exists()
    none = await asyncio.to_thread(ask, ["sign-in-link", "--state", str(tmp_path)])
    assert none.exit_code == 1
    assert "Start `dragoman up`" in none.output
    async with api(settings, ClientSettings()) as asked:  # a token of its own, as long as it lasts
        assert len((await asked.get("tokens"))["items"]) == 1
    async with opened_catalog(f"sqlite:///{tmp_path}/catalog.db") as catalog:
        assert await catalog.tokens.all() == []


def test_a_token_that_a_person_made_outlives_the_next_start(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["token", "create", "--state", str(tmp_path)])
    assert made.exit_code == 0, made.output

    async def start() -> object:
        async with opened_catalog(f"sqlite:///{tmp_path}/catalog.db") as catalog:
            async with announced(catalog, tmp_path, "http://127.0.0.1:1"):
                pass
            return await catalog.tokens.use(made.stdout.strip(), SystemClock().now())

    assert asyncio.run(start()) is not None


async def test_a_token_is_renewed_before_it_ends_and_those_left_behind_are_removed(
    tmp_path: Path, catalog: Catalog
) -> None:
    clock, now = _Clock(), SystemClock().now()
    admin = await catalog.users.ensure_first_admin(now)
    for name, life in (("command line", 30), ("command line", 90), ("CI", 30)):
        await catalog.tokens.create(
            LOCAL,
            now,
            user_id=admin.user_id,
            name=name,
            role=Role.ADMIN,
            expires_at=now + timedelta(days=life),
        )
    async with announced(catalog, tmp_path, "http://127.0.0.1:1", clock):
        assert len(await catalog.tokens.all()) == 3
        assert await catalog.tokens.use(_record(tmp_path).token, clock.now()) is not None
    assert [each.name for each in await catalog.tokens.all()] == ["CI", "command line"]
    access = LocalAccess(catalog, clock)
    first = await access.make()
    assert not access.is_due()
    clock.moved = timedelta(hours=13)
    assert access.is_due()
    second = await access.make()
    for each in (first, second):
        assert await catalog.tokens.use(each.secret, clock.now()) is not None
    await access.make()
    assert await catalog.tokens.use(first.secret, clock.now()) is None
