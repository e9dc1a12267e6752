"""The picture of the console in README, taken of the running product: the bundled contract,
translated by Apertium, on its job's page.

`cd tests && ../.venv/bin/python -m develop.write_console_picture`
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from e2e.browsing import WAIT_MS, Server

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "console.png"
CONTRACT = ROOT / "deploy/standalone/src/dragoman_standalone/samples/contract.docx"
_VIEWPORT = {"width": 1180, "height": 860}


def main() -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "state", {"DRAGOMAN_DEFAULT_ENGINE": "apertium"})
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox"]
                )
                page = browser.new_page(viewport=_VIEWPORT)  # pyright: ignore[reportArgumentType] - a dict, as playwright documents
                _translate(page, server)
                page.screenshot(path=PICTURE)
                browser.close()
        finally:
            server.stop()


def _translate(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/console/sign-in?link={server.link}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New job").click()
    page.locator("#file").set_input_files(CONTRACT)
    page.get_by_label("Target language").fill("es")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#job .badge").first).to_have_text("Completed", timeout=WAIT_MS)
    page.locator(".toast").evaluate_all("toasts => toasts.forEach((each) => each.remove())")


if __name__ == "__main__":
    main()
