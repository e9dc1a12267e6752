"""The pages of models: the registry as admins and operators see it, its dialogs, the playground."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from html import unescape
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from dragoman_catalog import (
    PADDLEOCR_VL_ID,
    ModelEntry,
    ProviderEntry,
    RegisteredModel,
    Role,
)
from dragoman_contracts.models import ApiKind, Category
from dragoman_gateway.web.markdown import rendered_markdown
from dragoman_runtime.clock import SystemClock
from services.gateway.browser import csrf_of, sign_in
from services.gateway.console_site import EDITOR, PASSWORD, Site
from services.gateway.playground_server import KEY, PlaygroundServer, playground_server

MODELS = "/console/models"
PROVIDER = {"name": "Acme", "api_kind": "openai", "base_url": "https://api.acme.example/v1"}
PNG = ("page.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 32, "image/png")


@pytest.fixture
def server() -> Iterator[PlaygroundServer]:
    with playground_server() as running:
        yield running


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


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of(await client.get(MODELS))
    return await client.post(path, data={"csrf_token": token, **fields})


async def model_of(
    site: Site, server: PlaygroundServer, name: str, category: Category
) -> RegisteredModel:
    now = SystemClock().now()
    entry = ProviderEntry(name="Acme", api_kind=ApiKind.OPENAI, base_url=server.url)
    provider = await site.catalog.providers.create(EDITOR, now, entry, SecretStr(KEY))
    model = ModelEntry(provider_id=provider.provider_id, model_name=name, category=category)
    return await site.catalog.models.create(EDITOR, now, model)


async def test_an_operator_sees_models_and_can_change_none(
    site: Site, ada: httpx.AsyncClient
) -> None:
    page = await ada.get(MODELS)
    assert page.status_code == 200
    assert "PaddleOCR-VL-1.5" in page.text
    assert "Add provider" not in page.text
    for path in ("/providers", "", f"/{PADDLEOCR_VL_ID}", f"/{PADDLEOCR_VL_ID}/default"):
        assert (await send(ada, f"{MODELS}{path}", **PROVIDER)).status_code == 403
    assert (await ada.get(MODELS, params={"open": "new-provider"})).status_code == 403
    detail = await ada.get(f"{MODELS}/{PADDLEOCR_VL_ID}")
    assert "Admins try models here" in detail.text


async def test_a_provider_and_its_model_are_entered_by_their_dialogs(
    site: Site, grace: httpx.AsyncClient
) -> None:
    form = await grace.get(MODELS, params={"open": "new-provider"})
    assert "<dialog" in form.text
    made = await send(
        grace,
        f"{MODELS}/providers",
        **PROVIDER,
        api_key=KEY,
        is_enabled="yes",
        requests_per_minute="60",
    )
    assert made.status_code == 303
    listed = await grace.get(made.headers["location"])
    assert "Provider added." in listed.text
    assert "60 requests a minute" in listed.text
    assert KEY not in listed.text
    provider_id = httpx.URL(made.headers["location"]).params["provider"]
    entered = await send(
        grace,
        MODELS,
        provider_id=provider_id,
        model_name="chatty",
        category="LLM",
        is_enabled="yes",
        is_default_in_category="yes",
        input="2.50",
        output="10",
        currency="usd",
        temperature="0,3",
    )
    assert entered.status_code == 303
    model_id = UUID(httpx.URL(entered.headers["location"]).path.rpartition("/")[2])
    model = await site.catalog.models.find(model_id)
    assert model is not None
    assert (model.is_default_in_category, model.config.temperature) == (True, 0.3)
    assert [(each.input, each.output, each.currency) for each in model.prices] == [
        ("2.50", "10", "USD")
    ]
    edited = await send(
        grace,
        f"{MODELS}/{model_id}",
        version="1",
        provider_id=provider_id,
        model_name="chatty",
        category="LLM",
        input="2.50",
        output="12",
        currency="USD",
    )
    assert edited.status_code == 303
    model = await site.catalog.models.find(model_id)
    assert model is not None
    assert [each.output for each in model.prices] == ["12", "10"]
    assert (model.is_enabled, model.is_default_in_category) == (False, False)
    in_use = await send(grace, f"{MODELS}/providers/{provider_id}/remove", version="1")
    assert in_use.status_code == 409
    assert "has models: chatty" in in_use.text
    gone = await send(
        grace, f"{MODELS}/providers/{provider_id}/remove", version="1", with_models="yes"
    )
    assert gone.status_code == 303
    assert await site.catalog.models.find(model_id) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"base_url": "http://10.0.0.1/v1"}, "DRAGOMAN_PRIVATE_PROVIDERS"),
        ({"base_url": "api.acme.example"}, "Begin with https://"),
        ({"name": ""}, "This is needed."),
        ({"tokens_per_minute": "many"}, "Write a whole number."),
        ({"api_key": "two words"}, "A key has no spaces"),
    ],
)
async def test_a_form_that_is_refused_says_why_and_keeps_what_was_written(
    grace: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    refused = await send(grace, f"{MODELS}/providers", **(PROVIDER | {"api_key": KEY} | fields))
    assert refused.status_code == 422
    assert said in unescape(refused.text)
    assert 'aria-invalid="true"' in refused.text
    assert f'value="{(PROVIDER | fields)["base_url"]}"' in refused.text
    assert KEY not in refused.text


async def test_the_default_is_set_and_a_model_switched_off(
    site: Site, grace: httpx.AsyncClient, server: PlaygroundServer
) -> None:
    model = await model_of(site, server, "seer", Category.VISION)
    address = f"{MODELS}/{model.model_id}"
    assert (await send(grace, f"{address}/default")).status_code == 303
    found = await site.catalog.models.find(model.model_id)
    assert found is not None
    assert found.is_default_in_category
    off = await send(grace, f"{address}/enabled", version=str(found.version), is_enabled="")
    assert off.headers["location"].endswith("notice=disabled")
    found = await site.catalog.models.find(model.model_id)
    assert found is not None
    assert (found.is_enabled, found.is_default_in_category) == (False, True)


async def test_a_picture_is_read_and_its_markdown_is_harmless(
    site: Site, grace: httpx.AsyncClient, server: PlaygroundServer
) -> None:
    model = await model_of(site, server, "seer", Category.VISION)
    token = csrf_of(await grace.get(MODELS))
    answer = await grace.post(
        f"{MODELS}/{model.model_id}/test",
        data={"csrf_token": token, "prompt": "OCR:"},
        files={"image": PNG},
    )
    assert answer.status_code == 200
    assert "<h1>Invoice</h1>" in answer.text
    assert "<td>Total</td>" in answer.text
    assert "<script>alert" not in answer.text
    assert "1,000 tokens in" in answer.text


async def test_a_conversation_goes_on_without_a_script(
    site: Site, grace: httpx.AsyncClient, server: PlaygroundServer
) -> None:
    model = await model_of(site, server, "chatty", Category.LLM)
    path = f"{MODELS}/{model.model_id}/test"
    first = await send(grace, path, prompt="one")
    assert "You said: one" in first.text
    history = unescape(first.text.split('name="history" value="')[1].split('"')[0])
    second = await send(grace, path, prompt="two", history=history)
    assert "You said: two" in second.text
    assert [each["content"] for each in server.asked[1]["messages"]] == [
        "one",
        "You said: one",
        "two",
    ]
    broken = await send(grace, path, prompt="three", history="[7]")
    assert (broken.status_code, len(server.asked)) == (422, 2)


async def test_vectors_are_shown_with_their_cosine(
    site: Site, grace: httpx.AsyncClient, server: PlaygroundServer
) -> None:
    model = await model_of(site, server, "vectors", Category.EMBEDDING)
    path = f"{MODELS}/{model.model_id}/test"
    answer = await send(grace, path, input="x", other="x")
    assert "5.0000" in answer.text
    assert "1.0000" in answer.text
    assert "+3.000000  +4.000000  +0.000000" in answer.text
    empty = await send(grace, path, input="")
    assert (empty.status_code, "Write a text to embed." in empty.text) == (422, True)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[go](javascript:alert(1))",
        '<a href="javascript:alert(1)">go</a>',
        '<td onclick="alert(1)" style="x">cell</td>',
        "<iframe src='https://evil.example'></iframe>",
        "![p](https://evil.example/p.png)",
        "<svg><script>alert(1)</script></svg>",
        "<form action='https://evil.example'><input name=x></form>",
    ],
)
def test_markdown_of_a_model_is_harmless(hostile: str) -> None:
    html = str(rendered_markdown(hostile)).lower()
    for sign in (
        "<script",
        "<img",
        "onerror",
        "onclick",
        'href="javascript',
        "<iframe",
        "<form",
        "<svg",
        "style=",
    ):
        assert sign not in html
