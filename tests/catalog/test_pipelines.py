"""Pipelines in the catalogue: every version stays, edits name the version they were made on,
the built-in ones rest.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.catalogs import ADA, NOW
from dragoman_catalog import (
    Catalog,
    EntryExistsError,
    EntryMissingError,
    PipelineRefusedError,
    StaleEditError,
)
from dragoman_contracts.phases import TRANSLATE_DOCX, Phase

COUNTING = TRANSLATE_DOCX.phases[:2]


both_databases = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)


@both_databases
async def test_an_edit_is_a_new_version_and_the_old_one_stays(catalog: Catalog) -> None:
    first = await catalog.pipelines.create(ADA, NOW, "count", COUNTING)
    longer = TRANSLATE_DOCX.phases[:4]
    second = await catalog.pipelines.edit(
        ADA, NOW + timedelta(days=1), "count", version=1, phases=longer
    )
    assert (first.version, second.version) == (1, 2)
    assert await catalog.pipelines.find("count") == second
    assert await catalog.pipelines.find("count", 1) == first
    assert await catalog.pipelines.versions("count") == [second, first]
    assert [(each.name, each.version) for each in await catalog.pipelines.all()] == [
        ("translate-docx", 1),
        ("document-parse", 1),
        ("count", 2),
        ("paddleocr-document-parse", 1),
    ]
    assert [(row.action, row.entity_id) for row in await catalog.audit()] == [
        ("pipeline.edited", "count"),
        ("pipeline.created", "count"),
    ]


async def test_a_retired_pipeline_keeps_its_phases_and_can_come_back(catalog: Catalog) -> None:
    await catalog.pipelines.create(ADA, NOW, "count", COUNTING)
    retired = await catalog.pipelines.edit(ADA, NOW, "count", version=1, is_retired=True)
    assert (retired.is_retired, retired.phases) == (True, COUNTING)
    back = await catalog.pipelines.edit(ADA, NOW, "count", version=2)
    assert (back.version, back.is_retired) == (3, False)


async def test_an_edit_on_an_older_version_is_refused(catalog: Catalog) -> None:
    await catalog.pipelines.create(ADA, NOW, "count", COUNTING)
    await catalog.pipelines.edit(ADA, NOW, "count", version=1, phases=TRANSLATE_DOCX.phases)
    with pytest.raises(StaleEditError):
        await catalog.pipelines.edit(ADA, NOW, "count", version=1, phases=COUNTING)


async def test_a_name_is_given_once_and_never_a_built_in_one(catalog: Catalog) -> None:
    await catalog.pipelines.create(ADA, NOW, "count", COUNTING)
    for name in ("count", TRANSLATE_DOCX.name):
        with pytest.raises(EntryExistsError):
            await catalog.pipelines.create(ADA, NOW, name, COUNTING)
    for name in ("nothing", TRANSLATE_DOCX.name):
        with pytest.raises(EntryMissingError):
            await catalog.pipelines.edit(ADA, NOW, name, version=1, phases=COUNTING)


async def test_a_pipeline_that_cannot_run_is_not_saved(catalog: Catalog) -> None:
    with pytest.raises(PipelineRefusedError, match=r"phases\.0\.kind") as caught:
        await catalog.pipelines.create(ADA, NOW, "odd", [Phase(name="a", kind="fold_laundry")])
    assert [fault.place for fault in caught.value.faults] == [("phases", 0, "kind")]
    assert await catalog.pipelines.find("odd") is None


async def test_phases_that_make_no_pipeline_are_refused(catalog: Catalog) -> None:
    check, count = COUNTING
    for phases, message in (
        ([check, check], "same name"),
        ([check, check.model_copy(update={"name": "again"})], "of one kind"),
        ([each.model_copy(update={"weight": 0}) for each in (check, count)], "sum to zero"),
    ):
        with pytest.raises(PipelineRefusedError, match=message):
            await catalog.pipelines.create(ADA, NOW, "odd", phases)
