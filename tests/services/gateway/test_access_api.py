"""Signing in, roles, tokens, and the configuration that only admins edit."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from dragoman_catalog import ProjectSettings, Role
from dragoman_gateway.app import openapi_document
from dragoman_runtime.clock import SystemClock
from services.gateway.desks import OPTIONS, TESTER, Desk, desk
from services.gateway.test_submission_api import FIELDS, code, submit

PASSWORD = {"name": "olga", "password": "a long password"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def test_a_password_opens_a_session_whose_cookie_no_script_reads(gateway: Desk) -> None:
    browser = gateway.as_nobody
    answer = await browser.post("/api/v1/session", json=PASSWORD)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    me = (await browser.get("/api/v1/session")).json()
    assert (me["display_name"], me["role"]) == ("Olga", "operator")
    assert me["csrf_token"] == answer.json()["csrf_token"]
    assert (await browser.get("/api/v1/jobs")).status_code == 200


async def test_a_write_by_cookie_needs_the_csrf_token_of_its_session(gateway: Desk) -> None:
    browser = gateway.as_nobody
    token = (await browser.post("/api/v1/session", json=PASSWORD)).json()["csrf_token"]
    for wrong in (b"", b"0" * 64, "ü".encode()):
        headers = httpx.Headers([(b"X-CSRF-Token", wrong)])
        refused = await browser.post(
            "/api/v1/jobs", data=FIELDS, files={"file": ("a.docx", b"PK")}, headers=headers
        )
        assert (refused.status_code, code(refused)) == (403, "auth.csrf")
    taken = await browser.post(
        "/api/v1/jobs",
        data=FIELDS,
        files={"file": ("a.docx", b"PK")},
        headers={"X-CSRF-Token": token},
    )
    assert taken.status_code == 202
    assert taken.json()["submitted_by"] == f"user:{gateway.operator.user_id}"


async def test_signing_out_ends_the_session(gateway: Desk) -> None:
    browser = gateway.as_nobody
    token = (await browser.post("/api/v1/session", json=PASSWORD)).json()["csrf_token"]
    kept = browser.cookies["dragoman_session"]
    assert (
        await browser.delete("/api/v1/session", headers={"X-CSRF-Token": token})
    ).status_code == 204
    assert "dragoman_session" not in browser.cookies
    browser.cookies.set("dragoman_session", kept)
    assert (await browser.get("/api/v1/session")).status_code == 401


async def test_wrong_passwords_do_not_say_whether_the_name_exists_and_soon_have_to_wait(
    gateway: Desk,
) -> None:
    browser = gateway.as_nobody
    details: set[str] = set()
    for turn in range(11):
        wrong = {"name": "olga" if turn else "nobody", "password": "guess"}
        answer = await browser.post("/api/v1/session", json=wrong)
        assert (answer.status_code, code(answer)) == (401, "auth.refused")
        details.add(answer.json()["detail"])
    assert len(details) == 1
    waiting = await browser.post("/api/v1/session", json=PASSWORD)
    assert (waiting.status_code, code(waiting)) == (429, "auth.too_many_failures")
    assert 0 < int(waiting.headers["retry-after"]) <= 600


async def test_of_tries_sent_at_once_no_more_are_looked_at_than_may_fail(gateway: Desk) -> None:
    async def guess(number: int) -> int:
        headers = {"X-Forwarded-For": "10.0.0.1"}
        body = {"name": "olga", "password": f"guess {number}"}
        answer = await gateway.as_nobody.post("/api/v1/session", json=body, headers=headers)
        return answer.status_code

    statuses = await asyncio.gather(*map(guess, range(120)))
    assert {each: statuses.count(each) for each in (401, 429)} == {401: 10, 429: 110}
    elsewhere = {"X-Forwarded-For": "10.0.0.2"}
    right = await gateway.as_nobody.post("/api/v1/session", json=PASSWORD, headers=elsewhere)
    assert right.status_code == 200
    known = {"X-Forwarded-For": "10.0.0.1"}  # the cookie of the browser that just signed in
    again = await gateway.as_nobody.post("/api/v1/session", json=PASSWORD, headers=known)
    assert again.status_code == 200


async def test_a_sign_in_link_from_an_admin_works_once(gateway: Desk) -> None:
    made = await gateway.as_admin.post(f"/api/v1/users/{gateway.operator.user_id}/sign-in-links")
    assert made.status_code == 201
    link = made.json()["url"].partition("?link=")[2]
    first = await gateway.as_nobody.post("/api/v1/session", json={"link": link})
    assert (first.status_code, first.json()["display_name"]) == (200, "Olga")
    second = await gateway.as_nobody.post("/api/v1/session", json={"link": link})
    assert (second.status_code, code(second)) == (401, "auth.refused")


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Bearer", "Basic b2xnYTp4", "drg_x"])
async def test_a_credential_that_is_none_is_a_401(gateway: Desk, authorization: str) -> None:
    answer = await gateway.as_nobody.get("/api/v1/jobs", headers={"Authorization": authorization})
    assert (answer.status_code, code(answer)) == (401, "auth.invalid_token")
    assert answer.headers["www-authenticate"] == "Bearer"


ADMIN_ONLY = frozenset(
    {
        "DELETE /api/v1/documents/{document_id}",
        "POST /api/v1/parked/redrive",
        "GET /api/v1/dead-letters",
        "GET /api/v1/dead-letters/{letter_id}",
        "POST /api/v1/dead-letters/{letter_id}/redrive",
        "POST /api/v1/dead-letters/{letter_id}/discard",
        "GET /api/v1/projects",
        "POST /api/v1/projects",
        "GET /api/v1/projects/{code}",
        "PUT /api/v1/projects/{code}",
        "GET /api/v1/projects/{code}/segmentation-rules",
        "PUT /api/v1/projects/{code}/segmentation-rules",
        "DELETE /api/v1/projects/{code}/segmentation-rules",
        "GET /api/v1/projects/{code}/language-pairs",
        "POST /api/v1/projects/{code}/language-pairs",
        "GET /api/v1/projects/{code}/language-pairs/{pair_id}",
        "PUT /api/v1/projects/{code}/language-pairs/{pair_id}",
        "DELETE /api/v1/projects/{code}/language-pairs/{pair_id}",
        "POST /api/v1/pipelines",
        "PUT /api/v1/pipelines/{name}",
        "DELETE /api/v1/pipelines/{name}",
        "POST /api/v1/classes",
        "PUT /api/v1/classes/{name}",
        "DELETE /api/v1/classes/{name}",
        "DELETE /api/v1/glossaries/{glossary_id}",
        "DELETE /api/v1/glossaries/{glossary_id}/terms/{term_id}",
        "DELETE /api/v1/memories/{memory_id}",
        "GET /api/v1/projects/{code}/budget",
        "GET /api/v1/spend",
        "PATCH /api/v1/glossaries/{glossary_id}",
        "PATCH /api/v1/glossaries/{glossary_id}/terms/{term_id}",
        "POST /api/v1/domain-packs",
        "POST /api/v1/glossaries",
        "POST /api/v1/glossaries/{glossary_id}/imports",
        "POST /api/v1/glossaries/{glossary_id}/terms",
        "POST /api/v1/memory-candidates/{unit_id}/promote",
        "POST /api/v1/memory-candidates/{unit_id}/reject",
        "PUT /api/v1/domain-packs/{code}",
        "PUT /api/v1/jobs/{job_id}/budget",
        "PUT /api/v1/projects/{code}/budget",
        "POST /api/v1/providers",
        "PUT /api/v1/providers/{provider_id}",
        "DELETE /api/v1/providers/{provider_id}",
        "POST /api/v1/models",
        "PUT /api/v1/models/{model_id}",
        "DELETE /api/v1/models/{model_id}",
        "POST /api/v1/models/{model_id}/default",
        "POST /api/v1/models/{model_id}/test",
        "POST /api/v1/models/{model_id}/test/stream",
        "GET /api/v1/users",
        "POST /api/v1/users",
        "GET /api/v1/users/{user_id}",
        "PUT /api/v1/users/{user_id}",
        "GET /api/v1/users/{user_id}/projects",
        "PATCH /api/v1/users/{user_id}/projects",
        "POST /api/v1/users/{user_id}/sign-in-links",
        "GET /api/v1/tokens",
        "POST /api/v1/tokens",
        "DELETE /api/v1/tokens/{token_id}",
        "GET /api/v1/webhooks",
        "POST /api/v1/webhooks",
        "GET /api/v1/webhooks/{webhook_id}",
        "PATCH /api/v1/webhooks/{webhook_id}",
        "DELETE /api/v1/webhooks/{webhook_id}",
        "POST /api/v1/webhooks/{webhook_id}/rotate-secret",
        "POST /api/v1/webhooks/{webhook_id}/test",
        "GET /api/v1/webhooks/{webhook_id}/deliveries",
        "GET /api/v1/audit-events",
        "GET /api/v1/audit-events/export",
    }
)
FOR_EVERYBODY = frozenset(
    {
        "POST /api/v1/session",
        "GET /api/v1/artifacts/{job_id}/{kind}/{digest}/download",
        "GET /health/live",
        "GET /health/ready",
    }
)
_FILLED = {
    "code": "default",
    "name": "x",
    "kind": "qa",
    "index": "0",
    "unit_id": "u",
    "class_name": "x",
}


def operations() -> list[tuple[str, str, str]]:
    """Every operation of the API: its name, and method and path to ask for it."""
    paths: dict[str, dict[str, object]] = openapi_document()["paths"]
    return [
        (f"{method.upper()} {path}", method.upper(), _address(path))
        for path, methods in paths.items()
        for method in methods
    ]


def _address(path: str) -> str:
    # Units of memories have UUIDs, those of documents names.
    filled = {} if "/memories/" in path else _FILLED
    return re.sub(r"{(\w+)}", lambda name: filled.get(name[1], str(UUID(int=0))), path)


async def test_every_operation_is_for_those_it_is_meant_for(gateway: Desk) -> None:
    open_to_nobody: set[str] = set()
    closed_to_operators: set[str] = set()
    for name, method, path in operations():
        unknown = await gateway.as_nobody.request(method, path)
        if unknown.status_code == 401:
            assert code(unknown) == "auth.required", name
            open_to_nobody.add(name)
        answer = await gateway.as_operator.request(method, path, headers={"If-Match": '"1"'})
        if answer.status_code == 403:
            assert code(answer) == "auth.forbidden", name
            closed_to_operators.add(name)
    assert {name for name, _, _ in operations()} - open_to_nobody == FOR_EVERYBODY
    assert closed_to_operators == ADMIN_ONLY


async def test_an_operator_runs_jobs_and_lists_domain_packs(gateway: Desk) -> None:
    packs = (await gateway.as_operator.get("/api/v1/domain-packs")).json()["items"]
    assert "general" in {each["code"] for each in packs}
    job = (await submit(gateway.as_operator)).json()
    assert (await gateway.as_operator.post(job["links"]["cancel"])).status_code == 202


async def test_a_project_is_edited_with_its_etag_and_a_late_edit_is_refused(gateway: Desk) -> None:
    admin = gateway.as_admin
    made = await admin.post("/api/v1/projects", json={"code": "legal", "name": "Legal"})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    entry = {"name": "Law", "settings": {"default_engine": "identity", "retention_days": 30}}
    no_version = await admin.put("/api/v1/projects/legal", json=entry)
    assert (no_version.status_code, code(no_version)) == (428, "request.if_match_required")
    edited = await admin.put("/api/v1/projects/legal", json=entry, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["etag"], edited.json()["name"]) == (
        200,
        '"2"',
        "Law",
    )
    late = await admin.put("/api/v1/projects/legal", json=entry, headers={"If-Match": '"1"'})
    assert (late.status_code, code(late)) == (412, "catalog.stale_edit")
    strange = await admin.put("/api/v1/projects/legal", json=entry, headers={"If-Match": "x"})
    assert (strange.status_code, code(strange)) == (400, "request.if_match_malformed")
    twice = await admin.post("/api/v1/projects", json={"code": "legal", "name": "Legal"})
    assert (twice.status_code, code(twice)) == (409, "catalog.exists")
    job = (await submit(gateway.as_operator, project_code="legal")).json()
    assert job["engine"] == "identity"
    assert job["artifacts"][0]["retention_expires_at"] is not None


async def test_a_language_pair_is_entered_edited_and_removed(gateway: Desk) -> None:
    admin, base = gateway.as_admin, "/api/v1/projects/default/language-pairs"
    entry = {"source_language": "EN", "target_language": "pt_br", "overrides": {"batch_size": 5}}
    made = await admin.post(base, json=entry)
    assert (made.status_code, made.json()["target_locale"]) == (201, "pt-BR")
    own = made.headers["location"]
    assert (await admin.get(own)).json() == made.json()
    closed = await admin.put(
        own, json={"is_active": False}, headers={"If-Match": made.headers["etag"]}
    )
    assert (closed.json()["is_active"], closed.headers["etag"]) == (False, '"2"')
    assert (await admin.delete(own, headers={"If-Match": '"1"'})).status_code == 412
    assert (await admin.delete(own, headers={"If-Match": '"2"'})).status_code == 204
    assert (await admin.get(own)).status_code == 404
    assert (await admin.get(base)).json() == {"items": []}


async def test_a_user_made_inactive_is_out_at_once(gateway: Desk) -> None:
    admin = gateway.as_admin
    own = f"/api/v1/users/{gateway.operator.user_id}"
    shown = await admin.get(own)
    assert "password" not in shown.text.replace("has_password", "")
    entry = {"display_name": "Olga", "role": "operator", "is_active": False}
    assert (
        await admin.put(own, json=entry, headers={"If-Match": shown.headers["etag"]})
    ).status_code == 200
    assert (await gateway.as_operator.get("/api/v1/jobs")).status_code == 401
    last = await admin.put(
        f"/api/v1/users/{gateway.admin.user_id}",
        json={"display_name": "A", "role": "operator"},
        headers={"If-Match": '"1"'},
    )
    assert (last.status_code, code(last)) == (409, "user.last_admin")


async def test_a_token_is_made_shown_once_and_revoked(gateway: Desk) -> None:
    admin = gateway.as_admin
    entry = {"name": "CI", "project_codes": ["default"], "role": "admin"}
    made = (await admin.post("/api/v1/tokens", json=entry)).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    me = (await gateway.as_nobody.get("/api/v1/session", headers=headers)).json()
    assert (me["role"], me["project_codes"], me["csrf_token"]) == ("admin", ["default"], None)
    limited = await gateway.as_nobody.get("/api/v1/users", headers=headers)
    assert (limited.status_code, code(limited)) == (403, "auth.forbidden")
    assert (
        await gateway.as_nobody.get("/api/v1/projects/default", headers=headers)
    ).status_code == 200
    assert made["secret"] not in (await admin.get("/api/v1/tokens")).text
    assert (await admin.delete(f"/api/v1/tokens/{made['token']['token_id']}")).json()["is_revoked"]
    assert (await gateway.as_nobody.get("/api/v1/session", headers=headers)).status_code == 401
    unknown = await admin.post("/api/v1/tokens", json={"name": "X", "project_codes": ["nowhere"]})
    assert (unknown.status_code, code(unknown)) == (422, "project.unknown")


async def test_an_admin_token_of_an_operator_is_an_operators(gateway: Desk) -> None:
    secret = await gateway.token(gateway.operator, Role.ADMIN)
    answer = await gateway.as_nobody.get(
        "/api/v1/projects", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 403


async def test_the_audit_lists_edits_and_job_actions_together_newest_first(gateway: Desk) -> None:
    admin = gateway.as_admin
    await admin.post("/api/v1/projects", json={"code": "legal", "name": "Legal"})
    job = (await submit(gateway.as_operator)).json()
    await gateway.as_operator.post(job["links"]["cancel"])
    await gateway.project()
    whole = (await admin.get("/api/v1/audit-events?limit=200")).json()["items"]
    times = [each["occurred_at"] for each in whole]
    assert times == sorted(times, reverse=True)
    actions = [each["action"] for each in whole]
    assert (
        actions.index("job.cancel_requested")
        < actions.index("job.submitted")
        < actions.index("project.created")
    )
    paged: list[dict[str, str]] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} if cursor is None else {"limit": "2", "cursor": cursor}
        page = (await admin.get("/api/v1/audit-events", params=params)).json()
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole
    mine = {"actor": f"user:{gateway.operator.user_id}", "action": "job.cancel_requested"}
    (cancelled,) = (await admin.get("/api/v1/audit-events", params=mine)).json()["items"]
    assert (cancelled["entity_id"], cancelled["source_address"], cancelled["actor_name"]) == (
        job["job_id"],
        "127.0.0.1",
        "Olga",
    )
    exported = await admin.get("/api/v1/audit-events/export")
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in exported.text.splitlines()] == whole
    one = await admin.get("/api/v1/audit-events/export", params=mine)
    assert json.loads(one.text) == cancelled
    assert (await gateway.as_operator.get("/api/v1/audit-events/export")).status_code == 403
    later = (SystemClock().now() + timedelta(hours=1)).isoformat()
    assert (await admin.get("/api/v1/audit-events", params={"since": later})).json()["items"] == []
    strange = await admin.get("/api/v1/audit-events?cursor=e30")
    assert (strange.status_code, code(strange)) == (422, "request.invalid_cursor")


async def test_a_limited_admin_sees_the_audit_of_its_projects_only(gateway: Desk) -> None:
    now = SystemClock().now()
    await gateway.catalog.projects.create(
        TESTER, now, code="legal", name="Legal", settings=ProjectSettings()
    )
    await submit(gateway.as_operator)
    await gateway.project()
    async with await gateway.client(Role.ADMIN, "legal") as limited:
        seen = (await limited.get("/api/v1/audit-events")).json()["items"]
    assert [each["action"] for each in seen] == ["project.created"]


async def test_every_refusal_is_a_problem_also_where_no_route_is(gateway: Desk) -> None:
    for answer, status in (
        (await gateway.as_operator.get("/api/v1/nothing"), 404),
        (await gateway.as_operator.get("/nothing"), 404),
        (await gateway.as_operator.patch("/api/v1/jobs"), 405),
        (
            await gateway.as_admin.post(
                "/api/v1/projects", content=b"{", headers={"Content-Type": "application/json"}
            ),
            422,
        ),
        (await gateway.as_admin.post("/api/v1/projects", content=b"x" * 2_000_000), 413),
    ):
        assert answer.status_code == status
        code(answer)
    assert set((await gateway.as_operator.patch("/api/v1/jobs")).headers["allow"].split(", ")) == {
        "GET",
        "POST",
    }


async def test_health_says_what_is_wrong(tmp_path: Path) -> None:
    async with desk(tmp_path, options=replace(OPTIONS, max_views_lag=0)) as gateway:
        nobody = gateway.as_nobody
        assert (await nobody.get("/health/live")).json() == {"status": "alive"}
        ready = await nobody.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        await submit(gateway.as_operator)
        behind = await nobody.get("/health/ready")
        assert (behind.status_code, behind.json()["status"]) == (503, "not_ready")
        views = {"is_ready": False, "code": "views.behind", "lag": 4}
        assert behind.json()["checks"]["views"] == views
        await gateway.project()
        assert (await nobody.get("/health/ready")).status_code == 200
