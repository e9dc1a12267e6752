"""The pages of terms and domain packs, as admins and operators use them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from dragoman_catalog import Role
from dragoman_runtime.clock import SystemClock
from services.gateway.browser import csrf_of, sign_in
from services.gateway.console_site import EDITOR, PASSWORD, Site

TERMS = "/console/glossaries"
PACKS = "/console/domain-packs"
CANDIDATES = "/console/term-candidates"


@pytest.fixture
async def grace(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that Grace, an admin, has signed in with."""
    await site.catalog.users.create(
        EDITOR,
        SystemClock().now(),
        name="grace",
        display_name="Grace Hopper",
        role=Role.ADMIN,
        password=PASSWORD,
    )
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        await sign_in(client, name="grace", password=PASSWORD)
        yield client


async def send(
    client: httpx.AsyncClient, path: str, content: bytes | None = None, /, **fields: str
) -> httpx.Response:
    token = csrf_of(await client.get(TERMS))
    files = None if content is None else {"file": ("terms.csv", content)}
    return await client.post(path, data={"csrf_token": token, **fields}, files=files)


async def enter(client: httpx.AsyncClient, name: str = "House", **fields: str) -> str:
    made = await send(client, TERMS, name=name, is_automatic="yes", **fields)
    assert made.status_code == 303, unescape(made.text)
    return made.headers["location"].partition("?")[0]


async def test_an_admin_enters_a_glossary_imports_and_edits_terms(
    grace: httpx.AsyncClient,
) -> None:
    odd = await send(grace, TERMS, name="House", source_locale="spanish??")
    assert odd.status_code == 422
    assert "is not a BCP-47 language tag" in unescape(odd.text)
    base = await enter(grace, source_locale="en", target_locale="es")
    looked = await send(grace, f"{base}/imports", b"pump,bomba\n,x\n", dry_run="yes")
    assert "What the file would change" in looked.text
    assert "It has no source; write one." in looked.text
    assert "No terms yet" in looked.text
    taken = await send(grace, f"{base}/imports", b"pump,bomba\n=1+1,x\n")
    assert "The file was imported" in taken.text
    bad = await send(grace, f"{base}/imports", b"<html/>")
    assert (bad.status_code, "so that it is no TBX" in bad.text) == (422, True)
    again = await send(grace, f"{base}/terms", source="pump", target="bomba")
    assert (again.status_code, "has this term already" in again.text) == (422, True)
    added = await send(grace, f"{base}/terms", source="<b>seal</b>", target="junta")
    assert added.status_code == 303
    page = (await grace.get(base)).text
    assert "&lt;b&gt;seal" in page
    assert "<b>seal" not in page
    term = re.search(rf'href="({base}/terms/[^"]+)"[^>]*><bdi[^>]*>pump', page)
    assert term is not None
    saved = await send(grace, term[1], source="pump", target="bomba", status="forbidden")
    assert saved.headers["location"].startswith(f"{base}/affected?term_id=")
    assert "No past unit has it" in (await grace.get(saved.headers["location"])).text
    assert "Forbidden" in (await grace.get(base, params={"q": "PUMP"})).text
    assert (await send(grace, f"{term[1]}/remove")).status_code == 303
    assert "No term has" in (await grace.get(base, params={"q": "pump"})).text


async def test_an_operator_looks_and_changes_nothing(
    grace: httpx.AsyncClient, ada: httpx.AsyncClient
) -> None:
    base = await enter(grace, source_locale="en", target_locale="es")
    page = (await ada.get(base)).text
    assert "Add a term" not in page
    assert (await ada.get(f"{TERMS}/new")).status_code == 403
    for path in (f"{base}/terms", f"{base}/imports", base, f"{base}/remove", TERMS):
        assert (await send(ada, path, name="x", source="a", target="b")).status_code == 403
    assert (await send(ada, PACKS, code="x", name="X")).status_code == 403
    assert (await ada.get(f"{PACKS}/contracts")).status_code == 200


async def test_candidates_become_a_glossary(grace: httpx.AsyncClient) -> None:
    text = b"Open the relief valve. The relief valve is old. Feed pump and feed pump."
    said = {"source_language": "en", "target_language": "es"}
    found = await send(grace, CANDIDATES, text, **said)
    assert 'value="relief valve"' in found.text
    rows = {"source_0": "relief valve", "target_0": "v\u00e1lvula", "source_1": "ACME"}
    nothing = await send(grace, f"{CANDIDATES}/save", name="Found", source_0="a", **said)
    assert (nothing.status_code, "at least one target" in nothing.text) == (422, True)
    made = await send(grace, f"{CANDIDATES}/save", name="Found", stays_1="yes", **said, **rows)
    page = (await grace.get(made.headers["location"])).text
    assert "v\u00e1lvula" in page
    assert "Stays" in page


async def test_an_admin_edits_a_domain_pack_and_its_versions_stay(
    grace: httpx.AsyncClient,
) -> None:
    page = unescape((await grace.get(f"{PACKS}/marketing")).text)
    assert "Translate the effect rather than the words" in page
    edited = await send(grace, f"{PACKS}/marketing", name="Ads", prompt="Short.", version="1")
    assert edited.status_code == 303
    stale = await send(grace, f"{PACKS}/marketing", name="Ads", version="1")
    assert (stale.status_code, "read it again" in stale.text) == (422, True)
    page = (await grace.get(f"{PACKS}/marketing")).text
    assert "Version 2" in page
    assert "length.long" in page
    made = await send(grace, PACKS, code="patents", name="Patents", prompt="Literal.")
    assert made.headers["location"].startswith(f"{PACKS}/patents")
