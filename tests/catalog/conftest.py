from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalog.catalogs import opened
from dragoman_catalog import Catalog


@pytest.fixture
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if getattr(request, "param", "sqlite") == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/catalog.db"


@pytest.fixture
async def catalog(catalog_url: str) -> AsyncIterator[Catalog]:
    async with opened(catalog_url) as each:
        yield each
