"""Projects of users, passwords, sessions and tokens, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dragoman_catalog import ProjectSettings, Role
from dragoman_runtime.clock import SystemClock
from services.gateway.browser import csrf_of, sign_in
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.test_submission_api import code, submit

OLD, NEW = "a long password", "another longer one"
LIVE = {"Accept": "text/event-stream"}


_browsers: list[httpx.AsyncClient] = []


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        for each in ("alpha", "beta"):
            await opened.catalog.projects.create(
                TESTER, SystemClock().now(), code=each, name=each, settings=ProjectSettings()
            )
        yield opened
        while _browsers:
            await _browsers.pop().aclose()


def browser(gateway: Desk, **headers: str) -> httpx.AsyncClient:
    _browsers.append(httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30))
    return _browsers[-1]


async def signed_in(gateway: Desk, password: str = OLD) -> httpx.AsyncClient:
    client = browser(gateway)
    answer = await client.post("/api/v1/session", json={"name": "olga", "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return client


async def limit_olga(gateway: Desk, *codes: str) -> None:
    own = f"/api/v1/users/{gateway.operator.user_id}/projects"
    shown = await gateway.as_admin.get(own)
    entry, version = {"project_codes": list(codes)}, {"If-Match": shown.headers["etag"]}
    done = await gateway.as_admin.patch(own, json=entry, headers=version)
    assert (done.status_code, done.json()) == (200, entry)
    late = await gateway.as_admin.patch(own, json=entry, headers=version)
    assert (late.status_code, code(late)) == (412, "catalog.stale_edit")


async def _token(gateway: Desk, *codes: str) -> httpx.AsyncClient:
    secret = await gateway.token(gateway.operator, Role.ADMIN, *codes)
    return browser(gateway, Authorization=f"Bearer {secret}")


@pytest.mark.parametrize("way", ["session", "token", "token of both"])
async def test_an_operator_sees_the_projects_they_are_in_and_no_others(
    gateway: Desk, way: str
) -> None:
    mine = (await submit(gateway.as_admin, project_code="alpha", name="mine.docx")).json()
    other = (await submit(gateway.as_admin, project_code="beta", name="other.docx")).json()
    await gateway.project()
    client = await signed_in(gateway) if way == "session" else await _token(gateway)
    if way == "token of both":
        client = await _token(gateway, "alpha", "beta")
    everything = await client.get("/api/v1/jobs")
    assert {each["job_id"] for each in everything.json()["items"]} == {
        mine["job_id"],
        other["job_id"],
    }
    await limit_olga(gateway, "alpha")  # which sessions and tokens follow at once
    session = (await client.get("/api/v1/session")).json()
    assert session["project_codes"] == ["alpha"]
    for query in ("", "?q=other", "?status=queued", f"?parent={other['job_id']}"):
        assert other["job_id"] not in (await client.get(f"/api/v1/jobs{query}")).text
    listed = (await client.get("/api/v1/jobs")).json()["items"]
    assert [each["job_id"] for each in listed] == [mine["job_id"]]
    await _sees(client, mine["job_id"], 200)
    await _sees(client, other["job_id"], 404)
    for path in ("/api/v1/jobs?project=beta", "/api/v1/parked?project=beta"):
        assert (await client.get(path)).status_code == 403
    refused = await submit(client, project_code="beta")
    assert (refused.status_code, code(refused)) == (403, "auth.forbidden")
    assert (await submit(client, project_code="alpha", name="new.docx")).status_code == 202


async def _sees(client: httpx.AsyncClient, job_id: str, status: int) -> None:
    for path in ("", "?at=1", "/events", "/history", "/units", "/artifacts"):
        assert (await client.get(f"/api/v1/jobs/{job_id}{path}")).status_code == status, path
    if status == 404:
        live = await client.get(f"/api/v1/jobs/{job_id}/events", headers=LIVE)
        assert live.status_code == 404
        for action in ("process", "cancel", "resume", "retry", "rerun", "mark-failed", "replay"):
            done = await client.post(f"/api/v1/jobs/{job_id}/{action}")
            assert done.status_code == 404, action
        assert (await client.delete(f"/api/v1/jobs/{job_id}/checkpoint")).status_code == 404
        parked = f"/api/v1/jobs/{job_id}/parked/extraction/0"
        assert (await client.get(parked)).status_code == 404


async def test_the_console_shows_an_operator_their_projects_alone(gateway: Desk) -> None:
    mine = (await submit(gateway.as_admin, project_code="alpha", name="mine.docx")).json()
    other = (await submit(gateway.as_admin, project_code="beta", name="other.docx")).json()
    digest = other["artifacts"][0]["download_url"].split("/")[-2]
    await gateway.project()
    await limit_olga(gateway, "alpha")
    client = browser(gateway)
    assert (await sign_in(client, name="olga", password=OLD)).status_code == 303
    for path in ("/console/", "/console/?q=docx", "/console/attention", "/console/parked"):
        page = await client.get(path)
        assert page.status_code == 200
        assert "other.docx" not in page.text
    assert "mine.docx" in (await client.get("/console/")).text
    form = (await client.get("/console/new")).text
    assert "alpha" in form
    assert "beta" not in form
    base = f"/console/jobs/{other['job_id']}"
    for path in ("", "/units", "/live", "/confirm/cancel", f"/artifacts/source_docx/{digest}"):
        assert (await client.get(base + path)).status_code == 404, path
    assert (await client.get(f"/console/jobs/{mine['job_id']}")).status_code == 200
    token = csrf_of(await client.get("/console/new"))
    done = await client.post(f"{base}/cancel", data={"csrf_token": token})
    assert done.status_code == 404
    assert (await client.get("/console/audit")).status_code == 403
    account = await client.get("/console/account")
    assert "<dd>alpha</dd>" in account.text


async def test_an_admin_sees_every_project_and_users_of_before_are_in_all(gateway: Desk) -> None:
    own = f"/api/v1/users/{gateway.operator.user_id}/projects"
    assert (await gateway.as_admin.get(own)).json() == {"project_codes": None}
    assert (await gateway.as_operator.get(own)).status_code == 403
    unknown = await gateway.as_admin.patch(
        own, json={"project_codes": ["nowhere"]}, headers={"If-Match": '"1"'}
    )
    assert (unknown.status_code, code(unknown)) == (422, "project.unknown")
    admin = f"/api/v1/users/{gateway.admin.user_id}/projects"
    entry = {"project_codes": ["alpha"]}
    done = await gateway.as_admin.patch(admin, json=entry, headers={"If-Match": '"1"'})
    assert done.status_code == 200
    assert (await gateway.as_admin.get("/api/v1/session")).json()["project_codes"] is None
    made = await gateway.as_admin.post(
        "/api/v1/users", json={"name": "ben", "display_name": "Ben", "project_codes": []}
    )
    assert made.json()["project_codes"] == []
    link = await gateway.as_admin.post(f"/api/v1/users/{made.json()['user_id']}/sign-in-links")
    secret = link.json()["url"].partition("?link=")[2]
    ben = await gateway.as_nobody.post("/api/v1/session", json={"link": secret})
    assert ben.json()["project_codes"] == []


async def test_a_new_password_ends_sessions_and_links_and_tokens_where_it_is_asked(
    gateway: Desk,
) -> None:
    admin, own = gateway.as_admin, f"/api/v1/users/{gateway.operator.user_id}"
    client = await signed_in(gateway)
    link = (await admin.post(f"{own}/sign-in-links")).json()["url"].partition("?link=")[2]
    entry = {"display_name": "Olga", "role": "operator", "password": NEW}
    weak = await admin.put(
        own, json={**entry, "password": "Password2026!"}, headers={"If-Match": '"1"'}
    )
    assert (weak.status_code, code(weak)) == (422, "password.weak")
    assert weak.json()["errors"][0]["field"] == "password"
    assert (await admin.put(own, json=entry, headers={"If-Match": '"1"'})).status_code == 200
    assert (await client.get("/api/v1/session")).status_code == 401
    late = await client.post("/api/v1/session", json={"link": link})
    assert (late.status_code, code(late)) == (401, "auth.refused")
    assert (await gateway.as_operator.get("/api/v1/jobs")).status_code == 200
    again = {**entry, "revokes_tokens": True}
    assert (await admin.put(own, json=again, headers={"If-Match": '"2"'})).status_code == 200
    assert (await gateway.as_operator.get("/api/v1/jobs")).status_code == 401


async def test_people_change_their_own_password_and_end_their_own_sessions(gateway: Desk) -> None:
    here, there = await signed_in(gateway), await signed_in(gateway)
    items = (await here.get("/api/v1/sessions")).json()["items"]
    assert [each["is_current"] for each in items].count(True) == 1
    assert all(each["source_address"] == "127.0.0.1" for each in items)
    other = next(each["session_id"] for each in items if not each["is_current"])
    foreign = await gateway.as_admin.delete(f"/api/v1/sessions/{other}")
    assert (foreign.status_code, code(foreign)) == (404, "catalog.missing")
    assert (await here.delete(f"/api/v1/sessions/{other}")).status_code == 204
    assert (await there.get("/api/v1/session")).status_code == 401
    there = await signed_in(gateway)
    wrong = await here.put(
        "/api/v1/session/password", json={"current_password": "no", "password": NEW}
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "current_password")
    change = {"current_password": OLD, "password": NEW}
    by_token = await gateway.as_operator.put("/api/v1/session/password", json=change)
    assert (by_token.status_code, code(by_token)) == (403, "auth.forbidden")
    assert (await here.put("/api/v1/session/password", json=change)).status_code == 204
    assert (await here.get("/api/v1/session")).status_code == 200
    assert (await there.get("/api/v1/session")).status_code == 401
    assert (await gateway.as_operator.get("/api/v1/jobs")).status_code == 200
    await signed_in(gateway, NEW)


async def test_the_account_page_changes_the_password_and_ends_sessions(gateway: Desk) -> None:
    here, there = browser(gateway), await signed_in(gateway)
    await sign_in(here, name="olga", password=OLD)
    page = await here.get("/console/account")
    assert page.text.count("Sign out there") == 1
    form = {"csrf_token": csrf_of(page), "current_password": OLD, "password": "qwertyuiop123"}
    weak = await here.post("/console/account/password", data=form)
    assert weak.status_code == 422
    assert "row of the keyboard" in weak.text
    action = page.text.partition('action="/console/account/sessions/')[2].partition('"')[0]
    ended = await here.post(f"/console/account/sessions/{action}", data=form)
    assert ended.headers["location"] == "/console/account?notice=session"
    assert (await there.get("/api/v1/session")).status_code == 401
    done = await here.post("/console/account/password", data={**form, "password": NEW})
    assert done.headers["location"] == "/console/account?notice=password"
    assert (await here.get("/console/account")).status_code == 200


async def test_a_token_ends_in_time_where_no_end_is_named(gateway: Desk) -> None:
    async def ends(**entry: object) -> object:
        made = await gateway.as_admin.post("/api/v1/tokens", json={"name": "CI", **entry})
        return made.json()["token"]["expires_at"] if made.status_code == 201 else made.status_code

    usual = datetime.fromisoformat(str(await ends()))
    assert abs(usual - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)
    assert await ends(expires_at=None) is not None
    assert await ends(never_expires=True) is None
    assert await ends(never_expires=True, expires_at="2099-01-01T00:00:00Z") == 422
