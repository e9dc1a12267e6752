"""Chromium before the console of a real `dragoman up`: the server,
what people do on its pages, and pictures.
"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # pyright: ignore[reportMissingTypeStubs] - it ships none
from docx import Document
from playwright.sync_api import BrowserContext, Page, expect

WAIT_MS = 60_000
PICTURES = os.environ.get("DRAGOMAN_TEST_PICTURES", "")
"""A folder for pictures of the pages, where somebody wants to look at them."""


class Server:
    """A running `dragoman up`, with the address it announced and a sign-in link."""

    def __init__(self, state: Path, settings: Mapping[str, str] | None = None) -> None:
        command = [
            Path(sys.executable).with_name("dragoman"),
            "up",
            "--state",
            state,
            "--port",
            "0",
        ]
        environment = {**os.environ, "DRAGOMAN_DEFAULT_ENGINE": "pseudo", **(settings or {})}
        self._process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True
        )
        self._has_announced = Event()
        self.said = ""
        self.url, self.link = "", ""
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        if not self._has_announced.wait(60) or not self.url:
            self.stop()
            raise RuntimeError(f"the server did not start:\n{self.said}")
        self._ask = ([command[0], "sign-in-link", "--state", state], environment)
        self.link = self.new_link()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def new_link(self) -> str:
        """A sign-in link that nobody has used."""
        words, environment = self._ask
        made = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        return made.stdout.strip().partition("?link=")[2]

    def stop(self) -> int:
        """End it as `docker stop` would; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        finally:
            self._process.kill()
            self._listener.join()

    def _listen(self) -> None:
        if self._process.stderr is None:
            return
        with self._process.stderr as stream:
            for line in stream:
                self.said += line
                if found := re.search(r"Dragoman is at (http://[^/\s]+)/console", line):
                    self.url = found[1]
                    self._has_announced.set()
        self._has_announced.set()


@cache
def document(paragraphs: int, title: str) -> bytes:
    """A document of numbered sentences, to the byte the same when it is asked for again."""
    made = Document()
    made.add_heading(title, level=1)
    for number in range(paragraphs):
        made.add_paragraph(f"The supplier delivers part {number} within thirty days.")
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def choose(page: Page, *names: str, paragraphs: int = 3) -> None:
    """Fill the form for a new job into Russian."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New job").click()
    files = [
        {
            "name": name,
            "mimeType": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "buffer": document(paragraphs, name),
        }
        for name in names
    ]
    page.locator("#file").set_input_files(files)  # pyright: ignore[reportArgumentType] - dicts as playwright documents
    for name in names:
        expect(page.get_by_role("listitem").filter(has_text=name)).to_be_visible()
    page.get_by_label("Target language").fill("ru")


def signed_in(context: BrowserContext, server: Server) -> Page:
    """A page that the first admin is signed in on."""
    page = context.new_page()
    page.goto(f"{server.url}/console/sign-in?link={server.new_link()}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_visible()
    return page


def picture(page: Page, name: str) -> None:
    """Take a picture where they are wanted."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def axe_findings(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """The violations that axe finds of WCAG 2.2 AA and of its own best practices, or of these rules
    alone.
    """
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options: dict[str, Any] = {"runOnly": tags, "rules": {"target-size": {"enabled": True}}}
    if rules:
        options = {"runOnly": {"type": "rule", "values": list(rules)}}
    axe: Any = Axe()
    found: dict[str, Any] = axe.run(page, options=options).response
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]
