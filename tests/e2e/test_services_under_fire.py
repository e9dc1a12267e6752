"""A power cut for every service in the middle of its work: no document is lost, stuck or different for it.

The long form, of a hundred real documents, is `python -m e2e.under_fire --documents 100` in the folder of the tests.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from e2e.documents import some_documents
from e2e.installation import EVERY_SERVICE
from e2e.under_fire import services_under_fire

_TIMEOUT_S = 240


async def test_documents_survive_the_death_of_every_service_byte_by_byte(
    tmp_path: Path, service_environment: dict[str, str]
) -> None:
    async with asyncio.timeout(_TIMEOUT_S):
        seen = await services_under_fire(service_environment, tmp_path, some_documents(own=8, corpus=8))

    assert sorted(kill.service for kill in seen.kills) == sorted(EVERY_SERVICE)
    assert all(kill.at_work_on for kill in seen.kills)
    assert seen.differing == []
    assert len(seen.completed) == len(seen.ends)
    assert not seen.failures, "a killed worker's work is not a failed attempt"
