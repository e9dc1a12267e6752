"""The pages of people: users are entered and edited, links and tokens made and ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dragoman_catalog import Role, User
from services.gateway.browser import csrf_of, sign_in
from services.gateway.console_site import Site

PEOPLE = "/console/people"


async def send(client: httpx.AsyncClient, path: str, **fields: str | list[str]) -> httpx.Response:
    token = csrf_of(await client.get(PEOPLE))
    return await client.post(path, data={"csrf_token": token, **fields})


async def named(site: Site, name: str) -> User:
    found = await site.catalog.users.named(name)
    assert found
    return found


async def test_people_are_for_admins(ada: httpx.AsyncClient) -> None:
    assert (await ada.get(PEOPLE)).status_code == 403
    assert PEOPLE not in (await ada.get("/console/")).text


async def test_a_person_is_entered_for_some_projects_and_let_in_by_a_link(
    site: Site, grace: httpx.AsyncClient
) -> None:
    answer = await send(
        grace,
        PEOPLE,
        name="bo",
        display_name="Bo",
        role="operator",
        project_codes=["atlas"],
    )
    bo = await named(site, "bo")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"{PEOPLE}/{bo.user_id}?notice=entered",
    )
    assert (bo.project_codes, bo.has_password) == (("atlas",), False)
    shown = await send(grace, f"{PEOPLE}/{bo.user_id}/sign-in-link")
    assert shown.headers["cache-control"] == "no-store"
    link = re.search(r"/console/sign-in\?link=([^<]+)</code>", shown.text)
    assert link
    grace.cookies.clear()
    assert (await sign_in(grace, link=link[1])).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "new person"}, "Begin with a letter or a digit"),
        ({"display_name": ""}, "This is needed."),
        ({"password": "short"}, "at least"),
        ({"name": "ada"}, "ada"),
        ({"project_codes": "nowhere"}, "There is no project"),
    ],
)
async def test_a_form_with_a_fault_comes_back_with_what_was_written(
    site: Site, grace: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    whole = {"name": "bo", "display_name": "Bo Diddley", "role": "operator"}
    answer = await send(grace, PEOPLE, **(whole | fields))
    assert answer.status_code in {409, 422}
    assert said in answer.text
    assert f'value="{fields.get("display_name", "Bo Diddley")}"' in answer.text
    assert await site.catalog.users.named("bo") is None


async def test_a_person_who_leaves_is_signed_out(site: Site, grace: httpx.AsyncClient) -> None:
    ada = await named(site, "ada")
    answer = await send(
        grace,
        f"{PEOPLE}/{ada.user_id}",
        version=str(ada.version),
        display_name="Ada King",
        role="operator",
        project_codes="atlas",
    )
    assert answer.status_code == 303
    after = await named(site, "ada")
    assert (after.display_name, after.is_active, after.project_codes) == (
        "Ada King",
        False,
        ("atlas",),
    )
    stale = await send(
        grace, f"{PEOPLE}/{ada.user_id}", version="1", display_name="Ada", role="admin"
    )
    assert stale.status_code == 412
    assert (await named(site, "ada")).role is Role.OPERATOR


async def test_the_last_admin_cannot_leave(site: Site, grace: httpx.AsyncClient) -> None:
    me = await named(site, "grace")
    answer = await send(
        grace,
        f"{PEOPLE}/{me.user_id}",
        version=str(me.version),
        display_name="Grace",
        role="operator",
        project_codes="atlas",
    )
    assert answer.status_code == 409
    assert await named(site, "grace") == me, "nothing of the form was saved"


async def test_a_tokens_secret_is_shown_once_and_opens_until_it_is_revoked(
    site: Site, grace: httpx.AsyncClient
) -> None:
    ada = await named(site, "ada")
    made = await send(
        grace,
        f"{PEOPLE}/tokens",
        name="nightly",
        user_id=str(ada.user_id),
        role="operator",
        project_codes="atlas",
        days="7",
    )
    secret = re.search(r'id="secret">([^<]+)<', made.text)
    assert secret
    assert made.headers["cache-control"] == "no-store"
    listed = await grace.get(PEOPLE)
    assert "nightly" in listed.text
    assert secret[1] not in listed.text
    (token,) = await site.catalog.tokens.all()
    assert token.expires_at is not None
    assert (
        token.project_codes,
        round((token.expires_at - token.created_at) / timedelta(days=1)),
    ) == (("atlas",), 7)
    used = await site.catalog.tokens.use(secret[1], datetime.now(UTC))
    assert used is not None
    assert used.user.user_id == ada.user_id
    await send(grace, f"{PEOPLE}/tokens/{token.token_id}/revoke")
    assert await site.catalog.tokens.use(secret[1], datetime.now(UTC)) is None
    assert "Revoked" in (await grace.get(PEOPLE)).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose a project, or every project."),
        ({"sees_all": "yes", "days": "-1"}, "Write a number of days"),
        ({"sees_all": "yes", "days": "1", "never_expires": "yes"}, "not both"),
        ({"sees_all": "yes", "name": " "}, "This is needed."),
    ],
)
async def test_a_token_that_would_open_more_than_was_said_is_not_made(
    site: Site, grace: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    answer = await send(
        grace, f"{PEOPLE}/tokens", **({"name": "nightly", "role": "operator"} | fields)
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert await site.catalog.tokens.all() == []
