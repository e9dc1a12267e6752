"""Every page of the console, wide and light, narrow and dark: axe finds nothing, and nothing is
wider than the screen.

The pages are those of the routes, so that a new one cannot be forgotten; addresses are those that
the pages link to, as a person finds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from dragoman_gateway.app import console_router
from dragoman_standalone.server_record import ServerRecord, record_path
from e2e.browsing import WAIT_MS, Server, axe_findings, document, picture
from e2e.slow_model import slow_model
from servers.process import wait_until

_NO_PAGES = frozenset({"download", "live", "_asset", "home", "interrupted_page", "results"})
"""Routes that answer with files, streams or redirects."""

_NOT_HERE = frozenset({"comparison_page", "prompt"})
"""Pages of a trial by another engine and of an AI task, which need more than this server has done."""

_OF_LOOKS = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")
"""The rules of axe whose findings depend on colours and width; of the others one look is enough."""

_UNLINKED = {"sign_in_page": "/console/sign-in", "_nothing": "/console/nowhere"}
_JOBS = (  # engine, the status of the model's answers, the status in which the job comes to rest
    ("pseudo", 200, "completed"),
    ("openai", 200, "needs_review"),
    ("openai", 401, "failed"),
    ("", 200, "blocked"),
)
_EACH = {"job_detail": len(_JOBS), "confirm": 4, "units_page": len(_JOBS)}
"""Of how many addresses of these routes each is looked at; of the others one is."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`dragoman up` with a model that translates nothing, and a job of every kind."""
    state = tmp_path_factory.mktemp("pages") / "state"
    with slow_model(does_translate=False) as model:
        server = Server(state, {**model.settings, "DRAGOMAN_BACKOFF_BASE_S": "0.05"})
        record = ServerRecord.model_validate_json(record_path(state).read_text())
        token = {"Authorization": f"Bearer {record.token}"}
        with httpx.Client(base_url=record.url, headers=token, timeout=60) as client:
            for engine, answer, status in _JOBS:
                model.status = answer
                _submit(client, engine, status)
            _furnish(client)
        yield server
        assert server.stop() == 0, server.said


@pytest.fixture(scope="module")
def addresses(server: Server, browser: Browser) -> Mapping[str, list[str]]:
    """The addresses of each route, found by following links from the list of jobs."""
    page = _signed_in(server, browser)
    found: dict[str, list[str]] = {name: [path] for name, path in _UNLINKED.items()}
    seen, waiting = set[str](), ["/console/", "/console/audit", "/console/dead-letters"]
    while waiting:
        address = waiting.pop(0)
        name = _route_of(address)
        known = found.setdefault(name, [])
        if name in _NO_PAGES or len(known) >= _EACH.get(name, 1) or address in seen:
            continue
        seen.add(address)
        known.append(address)
        page.goto(server.url + address)
        links: list[str] = page.evaluate(
            "[...document.querySelectorAll('a[href],[data-confirm]')].map(each => each.getAttribute('href'))"
        )
        waiting += [link.partition("#")[0] for link in links if link and link[:8] == "/console"]
    page.context.close()
    return found


def test_every_route_of_the_console_is_reached_by_links(
    addresses: Mapping[str, list[str]],
) -> None:
    assert {name for name, found in addresses.items() if found} >= set(
        _ROUTES
    ) - _NO_PAGES - _NOT_HERE


@pytest.mark.parametrize(
    ("look", "scheme", "size", "rules"),
    [
        ("wide-light", "light", (1280, 900), ()),
        ("narrow-dark", "dark", (320, 640), _OF_LOOKS),
    ],
)
def test_axe_finds_nothing_and_no_page_is_wider_than_the_screen(
    server: Server,
    browser: Browser,
    addresses: Mapping[str, list[str]],
    look: str,
    scheme: Any,
    size: tuple[int, int],
    rules: tuple[str, ...],
) -> None:
    page = _signed_in(server, browser, color_scheme=scheme)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    wrong: list[str] = []
    pages = [(name, each) for name, found in sorted(addresses.items()) for each in found]
    for number, (name, address) in enumerate([*pages, ("reference", "/api/docs")]):
        answer = page.goto(server.url + address)
        if answer is None or answer.status != (404 if name == "_nothing" else 200):
            wrong.append(f"{address}: {answer and answer.status}")
        picture(page, f"{look}-{number:02}-{name}")
        if page.locator("#viewport").count():  # the rows of a review come after the page
            page.locator("#viewport [data-unit]").first.wait_for()
        wrong += [f"{address}: {each}" for each in axe_findings(page, rules)]
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wrong.append(f"{address}: wider than the screen")
    page.context.close()
    assert wrong == []


_ROUTES: dict[str, str] = {}


def _collect(routes: Any) -> None:
    for each in routes:
        inner = getattr(each, "original_router", None)
        if inner is not None:
            _collect(inner.routes)
        elif "GET" in (getattr(each, "methods", None) or ()):
            _ROUTES.setdefault(each.name, each.path)


_collect(console_router().routes)


def _route_of(address: str) -> str:
    path = address.partition("?")[0]
    for name, route in _ROUTES.items():
        pattern = re.sub(r"\{\w+:path\}", ".*", route)
        pattern = re.sub(r"\{\w+(:uuid)?\}", "[^/]+", pattern)
        if re.fullmatch(pattern, path):
            return name
    raise AssertionError(f"{address} leads nowhere")


def _signed_in(server: Server, browser: Browser, **options: Any) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(f"{server.url}/console/sign-in?link={server.new_link()}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}/console/")
    return page


def _furnish(client: httpx.Client) -> None:
    """A class with an object, a memory, and a webhook that nobody serves."""
    fields = {"title": {"type": "TEXT"}, "amount": {"type": "DECIMAL"}}
    for path, body in (
        ("classes", {"name": "invoice", "fields": fields}),
        ("objects/invoice", {"fields": {"title": "March", "amount": "12.50"}}),
        ("memories", {"name": "House"}),
        ("webhooks", {"title": "Tickets", "url": "https://127.0.0.1:1/dragoman"}),
    ):
        answer = client.post(f"/api/v1/{path}", json=body)
        assert answer.is_success, answer.text


def _submit(client: httpx.Client, engine: str, status: str) -> None:
    content = document(40, f"Terms that are {status}") if engine else b"PK no document"
    answer = client.post(
        "/api/v1/jobs",
        files={"file": (f"Terms of delivery, {status}.docx", content)},
        data={"source_language": "en", "target_language": "ru", "engine": engine or "pseudo"},
    )
    job_id = answer.raise_for_status().json()["job_id"]

    def rests() -> bool:
        job = client.get(f"/api/v1/jobs/{job_id}").json()
        assert not job["is_resting"] or job["status"] == status, job["status"]
        return job["is_resting"]

    wait_until(rests, timeout_s=180, what=f"{job_id} to be {status}")
