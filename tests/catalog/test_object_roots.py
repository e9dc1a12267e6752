"""Objects that catalogue entries name are told to maintenance,
whatever the table and however deep in its JSON.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import JSON, Boolean, DateTime, Integer, LargeBinary, Table, Uuid, insert

from catalog.catalogs import NOW, opened
from dragoman_catalog import Catalog, tables
from dragoman_catalog.errors import CatalogUnavailableError
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

_DIGEST = "ab" * 32
_REFERENCE = {"digest": _DIGEST, "size_bytes": 3, "media_type": "text/plain"}
_WITH_JSON = [
    table
    for table in tables.metadata.sorted_tables
    if any(isinstance(c.type, JSON) for c in table.columns)
]


def _row(table: Table, project_id: UUID) -> dict[str, object]:
    """A row whose JSON columns hold a reference; other columns something of their type."""
    values: dict[type, object] = {JSON: {"files": [{"name": "prompt", "object": _REFERENCE}]}}
    values |= {Uuid: project_id, Boolean: True, Integer: 1, LargeBinary: b"sealed"}
    values |= dict.fromkeys((DateTime, tables.UtcDateTime), NOW)
    row: dict[str, object] = {}
    for column in table.columns:
        kind = next((each for each in values if isinstance(column.type, each)), None)
        row[column.name] = values[kind] if kind else column.name[:20]
    return row


@pytest.mark.parametrize("table", _WITH_JSON, ids=lambda table: table.name)
async def test_an_object_that_an_entry_names_is_a_root(tmp_path: Path, table: Table) -> None:
    url, project_id = f"sqlite:///{tmp_path / 'catalog.db'}", uuid4()
    async with opened(url) as catalog:
        before = await catalog.object_roots()
        engine = create_views_engine(sqlalchemy_url(url))
        async with engine.execution_options(is_writing=True).begin() as connection:
            await connection.execute(insert(table).values(_row(table, project_id)))
        await engine.dispose()
        found = [each for each in await catalog.object_roots() if each not in before]
    assert set(found) == {(project_id if "project_id" in table.columns else None, _DIGEST)}


async def test_a_catalogue_of_another_schema_keeps_maintenance_waiting(tmp_path: Path) -> None:
    engine = create_views_engine(sqlalchemy_url(f"sqlite:///{tmp_path / 'empty.db'}"))
    with pytest.raises(CatalogUnavailableError, match="start the gateway"):
        await Catalog(engine).object_roots()
    await engine.dispose()
