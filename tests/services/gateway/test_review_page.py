"""The review page as the server gives it: its first units, the cursors, and the script's modules."""

from __future__ import annotations

import json
import re

import httpx

from dragoman_contracts import events as e
from dragoman_gateway.web.rendering import asset_response, modules
from services.gateway.console_site import Site
from services.gateway.histories import Document, repeated


async def test_the_cursors_of_the_page_lead_to_each_page_of_units(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("long.docx", document=repeated(450))
    await site.history.advance(job_id, to="extraction")
    page = (await ada.get(f"/console/jobs/{job_id}/review")).text
    assert page.count("<tr role") == 201
    found = re.search(r"data-cursors='([^']*)'", page)
    assert found
    cursors = json.loads(found[1])
    assert len(cursors) == 2
    for number, cursor in enumerate(cursors, start=1):
        answer = await ada.get(
            f"/api/v1/jobs/{job_id}/units", params={"cursor": cursor, "limit": "1"}
        )
        assert answer.json()["items"][0]["position"] == 200 * number


async def test_the_page_says_languages_and_directions_and_links_from_where_a_review_is_owed(
    ada: httpx.AsyncClient, site: Site
) -> None:
    owed = Document(verdict=e.QaVerdict.NEEDS_REVIEW)
    job_id = await site.history.submit("contract.docx", document=owed, target="he")
    await site.history.advance(job_id, to="qa")
    await site.show()
    address = f"/console/jobs/{job_id}/review"
    for path in ("", "/units"):
        assert f'href="{address}"' in (await ada.get(f"/console/jobs/{job_id}{path}")).text
    page = (await ada.get(address)).text
    assert 'data-target="he" data-target-dir="rtl"' in page
    assert page.count('<div lang="he" dir="rtl" class="text">') == 7


async def test_the_page_of_a_job_without_text_says_so(ada: httpx.AsyncClient, site: Site) -> None:
    job_id = await site.history.submit("new.docx")
    page = (await ada.get(f"/console/jobs/{job_id}/review")).text
    assert "The text has not been extracted yet." in page


async def test_a_stranger_is_sent_to_sign_in(stranger: httpx.AsyncClient, site: Site) -> None:
    job_id = await site.history.submit("contract.docx")
    assert (await stranger.get(f"/console/jobs/{job_id}/review")).status_code == 303


def test_modules_that_import_one_another_are_of_one_version() -> None:
    addresses = modules("review")
    assert len({address.rpartition("/")[0] for address in addresses.values()}) == 1
    for name, address in addresses.items():
        answer = asset_response(address.removeprefix("/console/static/"))
        assert "immutable" in answer.headers["cache-control"]
        imported = re.findall(r'from "\./([^"]+)"', bytes(answer.body).decode())
        assert set(imported) <= set(addresses), name


def test_a_module_asked_for_by_another_version_is_kept_by_no_browser() -> None:
    answer = asset_response("review@0123456789ab/main.js")
    assert answer.headers["cache-control"] == "no-store"
