"""The registry of models and the playground, driven as a new admin would in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.browsing import WAIT_MS, Server, picture
from e2e.test_review_editor import axe_findings
from services.gateway.playground_server import KEY, PlaygroundServer, playground_server

PNG = {"name": "page.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"\0" * 32}


@pytest.fixture(scope="module")
def provider() -> Iterator[PlaygroundServer]:
    with playground_server() as running:
        yield running


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, provider: PlaygroundServer
) -> Iterator[Server]:
    """A server whose settings describe the provider."""
    settings = {
        "DRAGOMAN_OPENAI_BASE_URL": provider.url,
        "DRAGOMAN_OPENAI_API_KEY": KEY,
        "DRAGOMAN_OPENAI_MODEL": "chatty",
    }
    server = Server(tmp_path_factory.mktemp("state"), settings)
    yield server
    assert server.stop() == 0, server.said


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A browser profile with a session; a link signs in only once."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(f"{server.url}/console/sign-in?link={server.link}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext, server: Server) -> Iterator[Page]:
    """The page of models; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    page = signed_in.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/console/models")
    yield page
    page.close()
    refused_form = "error: Failed to load resource: the server responded with a status of 422"
    assert [each for each in complaints if not each.startswith(("log:", refused_form))] == []


def add_model(page: Page, name: str, category: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Add model").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Provider", exact=True).select_option(
        "OpenAI-compatible server at 127.0.0.1"
    )
    dialog.get_by_label("Category", exact=True).select_option(category)
    dialog.get_by_label("Model as the provider names it").fill(name)
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_a_conversation_is_followed_while_the_model_writes(
    page: Page, provider: PlaygroundServer
) -> None:
    assert axe_findings(page) == []
    picture(page, "models")
    page.get_by_role("link", name="chatty").click()
    provider.hold.clear()
    page.get_by_label("Message").fill("red green blue")
    page.get_by_role("button", name="Send").click()
    answer = page.locator(".turn-assistant .text")
    expect(answer).to_have_text("You said:", timeout=WAIT_MS)  # the provider holds the rest back
    provider.hold.set()
    expect(answer).to_have_text("You said: red green blue")
    expect(page.locator("[data-usage]")).to_contain_text("1,000 tokens in")
    expect(page.locator("#use")).to_contain_text("Calls")  # counted, without a reload
    expect(page.get_by_label("Message")).to_be_focused()
    assert axe_findings(page) == []
    picture(page, "playground-chat")


def test_models_are_added_and_tried_by_category(page: Page) -> None:
    add_model(page, "seer", "VL")
    page.get_by_label("Picture").set_input_files([PNG])  # pyright: ignore[reportArgumentType] - dicts as playwright documents
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".rendered").get_by_role("heading", name="Invoice")).to_be_visible()
    assert axe_findings(page) == []
    picture(page, "playground-vision")
    add_model(page, "vectors", "Embedding")
    page.get_by_label("Text", exact=True).fill("x")
    page.get_by_label("Another text").fill("x")
    page.get_by_role("button", name="Embed").click()
    expect(page.locator("#result")).to_contain_text("1.0000")
    add_model(page, "unknown", "LLM")
    page.get_by_label("Message").fill("hello")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("model")
    expect(page.get_by_label("Message")).to_have_value("hello")  # to be sent again


def test_a_refused_provider_is_put_right_in_its_dialog(page: Page) -> None:
    page.get_by_role("link", name="Add provider").click()
    dialog = page.get_by_role("dialog", name="Add a provider")
    dialog.get_by_label("Name").fill("Inner")
    dialog.get_by_label("Base URL").fill("http://10.0.0.1/v1")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_text("DRAGOMAN_PRIVATE_PROVIDERS")).to_be_visible()
    assert axe_findings(page) == []
    picture(page, "provider-refused")
    dialog.get_by_label("Base URL").fill("https://models.example/v1")
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_role("status").filter(has_text="Provider added.")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 760})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    picture(page, "models-narrow")
