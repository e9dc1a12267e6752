"""Budgets over HTTP: caps of projects and jobs, what was spent, and work that goes on when a cap is
raised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_catalog import PaidCall
from dragoman_contracts.identity import project_id
from services.gateway.desks import Desk, desk
from services.gateway.test_parked_api import parked, stuck

BUDGET = "/api/v1/projects/default/budget"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def test_caps_are_set_with_the_version_that_was_seen(gateway: Desk) -> None:
    shown = await gateway.as_admin.get(BUDGET)
    assert shown.json() | {"version": 0} == shown.json()
    assert (shown.json()["month_cap"], shown.json()["spent"]) == (None, "0")
    entry = {"month_cap": "12.50", "job_cap": "3"}
    unseen = await gateway.as_admin.put(BUDGET, json=entry)
    assert unseen.status_code == 428
    headers = {"If-Match": shown.headers["ETag"]}
    done = await gateway.as_admin.put(BUDGET, json=entry, headers=headers)
    assert (done.status_code, done.json()["month_cap"], done.json()["version"]) == (200, "12.50", 1)
    stale = await gateway.as_admin.put(BUDGET, json=entry, headers=headers)
    assert stale.status_code == 412
    wrong = await gateway.as_admin.put(BUDGET, json={"month_cap": "-1"}, headers=headers)
    assert wrong.status_code == 422
    assert (await gateway.as_admin.get("/api/v1/projects/nobody/budget")).status_code in (403, 404)


async def test_raising_a_projects_cap_lets_go_on_what_had_stopped_at_it(gateway: Desk) -> None:
    await stuck(gateway, error="budget.reached")
    await stuck(gateway, name="others")
    assert len(await parked(gateway)) == 2
    raised = await gateway.as_admin.put(
        BUDGET, json={"month_cap": "50"}, headers={"If-Match": '"0"'}
    )
    assert (raised.status_code, raised.json()["redriven"]) == (200, 1)
    assert [each["code"] for each in await parked(gateway)] == ["engine.unauthorised"]


async def test_a_jobs_cap_goes_before_that_of_its_project(gateway: Desk) -> None:
    job_id, _ = await stuck(gateway, error="budget.reached")
    address = f"/api/v1/jobs/{job_id}/budget"
    assert (await gateway.as_admin.get(address)).json()["cap"] is None
    await gateway.as_admin.put(BUDGET, json={"job_cap": "3"}, headers={"If-Match": '"0"'})
    assert (await gateway.as_admin.get(address)).json()["cap"] == "3"
    day = datetime.now(UTC).date()
    paid = PaidCall(call="ab" * 32, provider="House", model="m", cost=Decimal("1.25"))
    for _ in range(2):  # the same call twice is paid once
        await gateway.catalog.spending.enter(project_id("default"), UUID(job_id), day, paid)
    done = await gateway.as_admin.put(address, json={"cap": "7.5"})
    assert (done.status_code, done.json()["cap"], done.json()["spent"]) == (200, "7.5", "1.25")
    missing = await gateway.as_admin.get(f"/api/v1/jobs/{UUID(int=7)}/budget")
    assert missing.status_code == 404
