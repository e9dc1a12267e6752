"""The pages of money: what was paid and saved, the caps of a project and those of a job."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from dragoman_catalog import INSTALLATION_PROJECT_ID, BudgetEntry, PaidCall, User
from dragoman_contracts.identity import new_id, project_id
from dragoman_runtime.clock import SystemClock
from services.gateway.browser import csrf_of, sign_in
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.test_parked_api import parked, stuck
from services.gateway.test_spend_api import TODAY, paid

SPEND = "/console/spend"
BUDGET = "/console/projects/default/budget"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


@pytest.fixture
async def admin(gateway: Desk) -> AsyncIterator[httpx.AsyncClient]:
    client = await browser_of(gateway, gateway.admin)
    yield client
    await client.aclose()


async def browser_of(gateway: Desk, user: User) -> httpx.AsyncClient:
    """A browser that this person signed in with."""
    ttl = timedelta(hours=1)
    link = await gateway.catalog.sign_in_links.create(
        TESTER, SystemClock().now(), user.user_id, ttl=ttl
    )
    client = httpx.AsyncClient(base_url=gateway.url, timeout=60)
    assert (await sign_in(client, link=link)).status_code == 303
    return client


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of(await client.get(SPEND))
    return await client.post(path, data={"csrf_token": token, **fields})


def text_of(answer: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def test_the_table_and_the_chart_say_the_same(
    gateway: Desk, admin: httpx.AsyncClient
) -> None:
    assert "Nothing was paid in these days." in (await admin.get(SPEND)).text
    await paid(gateway, "0.25", day=TODAY - timedelta(days=2))
    await paid(gateway, "1.5", model="<large>")
    await paid(gateway, None)
    page = await admin.get(SPEND)
    drawn = json.loads(unescape(re.findall(r'data-days="([^"]+)"', page.text)[0]))
    assert len(drawn) == 30
    assert drawn[-1] == [TODAY.isoformat(), 1.5, 0.0]
    rows = re.findall(r'<tr role="row"><th scope="row".*?</tr>', page.text, re.DOTALL)
    days = [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]
    assert days[0].startswith(f"{TODAY - timedelta(days=2)} 0.25 0.00 1 100")
    assert days[1].startswith(f"{TODAY} 1.50 1 of unknown price 0.00 2 200")
    assert days[2].startswith("Total 1.75 1 of unknown price 0.00 3 300")
    by_model = text_of(await admin.get(SPEND, params={"by": "model"}))
    assert "<large> House 1.50" in by_model
    assert "The days as a table" in by_model


async def test_the_page_keeps_what_was_asked_and_says_what_is_wrong_with_it(
    gateway: Desk, admin: httpx.AsyncClient
) -> None:
    await paid(gateway, "3")
    wrong = await admin.get(SPEND, params={"first_day": "soon"})
    assert (wrong.status_code, "'soon' is no day" in unescape(wrong.text)) == (422, True)
    empty = await admin.get(SPEND, params={"first_day": "2020-01-01", "last_day": "2020-01-02"})
    assert 'value="2020-01-02"' in empty.text
    assert "Nothing was paid" in empty.text
    table = await admin.get(SPEND, params={"by": "job", "format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[-1].startswith("Total,3,0,1")


async def test_a_job_is_named_and_leads_to_its_page(
    gateway: Desk, admin: httpx.AsyncClient
) -> None:
    job_id, _ = await stuck(gateway)
    await gateway.project()
    await paid(gateway, "2", job=UUID(job_id))
    lost = new_id()
    await paid(gateway, "1", job=lost)
    page = (await admin.get(SPEND, params={"by": "job"})).text
    assert f'<a href="/console/jobs/{job_id}"><bdi>terms.docx</bdi></a>' in page
    assert f"<bdi>{lost}</bdi>" in page


async def test_trials_are_a_row_of_their_own_and_months_a_choice(
    gateway: Desk, admin: httpx.AsyncClient
) -> None:
    await paid(gateway, "2")
    await paid(gateway, "1", project=INSTALLATION_PROJECT_ID, job=INSTALLATION_PROJECT_ID)
    for by in ("project", "job"):
        page = text_of(await admin.get(SPEND, params={"by": by}))
        assert "playground/tests of no project, in no budget 1.00" in page, by
    month = text_of(await admin.get(SPEND, params={"by": "month"}))
    assert f"{TODAY:%Y-%m} 3.00" in month


async def test_money_is_shown_to_admins_alone(gateway: Desk) -> None:
    operator = await browser_of(gateway, gateway.operator)
    assert (await operator.get(SPEND)).status_code == 403
    assert (await operator.get(BUDGET)).status_code == 403
    assert SPEND not in (await operator.get("/console/")).text
    job_id, _ = await stuck(gateway)
    caps = await operator.get(f"/console/jobs/{job_id}/budget")
    assert (caps.status_code, 'name="cap"' in caps.text) == (200, False)
    token = csrf_of(await operator.get("/console/"))
    answer = await operator.post(
        f"/console/jobs/{job_id}/budget", data={"csrf_token": token, "cap": "9"}
    )
    assert answer.status_code == 403
    assert await gateway.catalog.budgets.job_cap(UUID(job_id)) is None
    await operator.aclose()


async def test_a_projects_caps_are_set_and_what_had_stopped_goes_on(
    gateway: Desk, admin: httpx.AsyncClient
) -> None:
    await stuck(gateway, error="budget.reached")
    await parked(gateway)
    wrong = await send(admin, BUDGET, version="0", month_cap="much", job_cap="2")
    assert wrong.status_code == 422
    assert 'id="month_cap-error"' in wrong.text
    assert 'value="much"' in wrong.text
    done = await send(admin, BUDGET, version="0", month_cap="12.50", job_cap="", project_cap="")
    assert done.status_code == 303
    assert "1 piece of work" in (await admin.get(done.headers["location"])).text
    stored = await gateway.catalog.budgets.of_project(project_id("default"))
    assert (stored.month_cap, stored.job_cap, stored.version) == ("12.50", None, 1)
    late = await send(admin, BUDGET, version="0", month_cap="1")
    assert (late.status_code, "read it again" in late.text) == (422, True)
    assert (await send(admin, BUDGET, version="²", month_cap="1")).status_code == 422


async def test_a_job_that_stopped_at_its_cap_shows_it_and_goes_on_when_it_is_raised(
    gateway: Desk, admin: httpx.AsyncClient
) -> None:
    job_id, _ = await stuck(gateway, error="budget.reached")
    await parked(gateway)
    caps = BudgetEntry(job_cap="1")
    await gateway.catalog.budgets.edit(
        TESTER, SystemClock().now(), project_id("default"), version=0, entry=caps
    )
    call = PaidCall(call="ab", provider="House", model="m", cost=Decimal("1.25"))
    await gateway.catalog.spending.enter(project_id("default"), UUID(job_id), TODAY, call)
    page = await admin.get(f"/console/jobs/{job_id}")
    assert "1.25 USD of 1.00 USD" in text_of(page)
    assert "Raise the cap" in page.text
    address = f"/console/jobs/{job_id}/budget"
    shown = await admin.get(address)
    assert "Reached: nothing more is paid" in shown.text
    wrong = await send(admin, address, cap="")
    assert (wrong.status_code, 'id="cap-error"' in wrong.text) == (422, True)
    done = await send(admin, address, cap="7.5")
    assert (done.status_code, done.headers["location"]) == (
        303,
        f"/console/jobs/{job_id}?notice=cap",
    )
    after = await admin.get(f"/console/jobs/{job_id}")
    assert "1.25 USD of 7.50 USD" in text_of(after)
    assert "Raise the cap" not in after.text
    assert await parked(gateway) == []


async def test_a_job_that_cost_nothing_says_nothing_of_money(
    gateway: Desk, admin: httpx.AsyncClient
) -> None:
    job_id, _ = await stuck(gateway)
    assert 'id="cost"' not in (await admin.get(f"/console/jobs/{job_id}")).text
