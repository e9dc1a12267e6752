"""The gateway with its console over a log that a test writes, served to a browser from a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID

from playwright.sync_api import BrowserContext, Page, expect

from dragoman_contracts import events as e
from dragoman_contracts.job import Job
from dragoman_gateway.app import serving
from dragoman_runtime.eventstore import Jobs
from services.gateway.at_work import do_all
from services.gateway.console_site import Site, console_site
from services.gateway.histories import SENTENCES, Document

_T = TypeVar("_T")

TAGGED = Document(
    SENTENCES, verdict=e.QaVerdict.NEEDS_REVIEW, has_tagged_targets=True, left=("2026-11-30",)
)
"""Eight units: the sixth and the seventh need a person, the last is left as it is."""


TWICE = Document((*SENTENCES, SENTENCES[0]), verdict=e.QaVerdict.NEEDS_REVIEW, is_plain=True)
"""Eight units, the last with the text of the first; the last two need a person."""


class ReviewSite:
    """A served gateway; what it does runs in its own loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, site: Site, port: int) -> None:
        self._loop = loop
        self._site = site
        self.url = f"http://127.0.0.1:{port}"

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The outcome of work done in the gateway's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def job(self, document: Document = TAGGED, *, target: str = "es") -> UUID:
        """A job whose translation was just checked."""

        async def submit() -> UUID:
            history = self._site.history
            name = f"contract-{len(history.documents)}.docx"
            job_id = await history.submit(name, document=document, target=target)
            await history.advance(job_id, to="qa")
            await self._site.show()
            return job_id

        return self.run(submit())

    def state(self, job_id: UUID) -> Job:
        """The job as its events say now."""

        async def load() -> Job:
            job, _ = await Jobs(self._site.store).load(job_id)
            return job

        return self.run(load())

    def work(self, job_id: UUID) -> list[str]:
        """Let a worker of translate do what the job owes; the kinds of it."""
        return self.run(do_all(self._site.store, self._site.objects, job_id))

    def sign_in(self, context: BrowserContext) -> Page:
        """A page that Ada is signed in on."""
        page = context.new_page()
        page.goto(f"{self.url}/console/sign-in?link={self.run(self._site.link())}")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_visible()
        return page

    def review(self, page: Page, job_id: UUID, query: str = "") -> Page:
        """The review page of a job, ready to be worked on."""
        page.goto(f"{self.url}/console/jobs/{job_id}/review{query}")
        expect(page.locator("#viewport [data-unit]").first).to_be_visible()
        return page


@contextmanager
def review_site(folder: Path) -> Generator[ReviewSite]:
    """A gateway for the block."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    stack = AsyncExitStack()

    async def begin() -> tuple[Site, int]:
        site = await stack.enter_async_context(console_site(folder))
        return site, await stack.enter_async_context(serving(site.app, "127.0.0.1", 0))

    try:
        site, port = run(begin())
        yield ReviewSite(loop, site, port)
    finally:
        run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
