"""The console over a real store, and browsers at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from dragoman_catalog import Role
from services.gateway.browser import sign_in
from services.gateway.console_site import EDITOR, PASSWORD, Site, console_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path) as site:
        yield site


@pytest.fixture
async def stranger(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A browser nobody has signed in with."""
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        yield client


@pytest.fixture
async def ada(site: Site, stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser that Ada has signed in with."""
    answer = await sign_in(stranger, link=await site.link())
    assert answer.status_code == 303
    return stranger


@pytest.fixture
async def grace(site: Site, stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser that Grace, an admin, has signed in with."""
    await site.catalog.users.create(
        EDITOR,
        datetime.now(UTC),
        name="grace",
        display_name="Grace Hopper",
        role=Role.ADMIN,
        password=PASSWORD,
    )
    await sign_in(stranger, name="grace", password=PASSWORD)
    return stranger
