"""The review page over a long document, in Chromium: `python -m bench.review_editor [--units N]`.

A real gateway serves it. The list is scrolled by a script, a step a frame; a frame is late when it
came more than two frames of 60 a second after the one before.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from playwright.sync_api import Page, expect, sync_playwright

from bench.machine import machine_line
from bench.tables import Table
from dragoman_contracts import events as e
from e2e.review_site import ReviewSite, review_site
from services.gateway.histories import SENTENCES, Document

_SCROLL = """async ([step, frames]) => {
    const viewport = document.getElementById("viewport");
    const gaps = [];
    for (let i = 0, last = performance.now(); i < frames; i++) {
        viewport.scrollTop += step;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        gaps.push(now - last);
        last = now;
    }
    gaps.sort((a, b) => a - b);
    return [gaps[frames >> 1], gaps[Math.floor(frames * 0.95)], gaps.filter(gap => gap > 34).length];
}"""
_FRAMES = 300
_WAIT_MS = 60_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="bench.review_editor", description=__doc__)
    parser.add_argument("--units", type=int, default=16_000, help="units (%(default)s)")
    asked = parser.parse_args(arguments)
    sys.stdout.write(f"{machine_line()}\n\n")
    with TemporaryDirectory() as folder, review_site(Path(folder)) as site:
        job_id = site.job(_document(asked.units))
        for table in tables(site, job_id, asked.units):
            sys.stdout.write(f"{table}\n\n")


def tables(site: ReviewSite, job_id: UUID, units: int) -> list[Table]:
    """How long the page's acts take, and how evenly its list scrolls."""
    acts = Table(f"Review page of {units:,} units", ("what", "ms or MB"))
    scrolled = Table(
        f"Scrolling, {_FRAMES} frames of each",
        ("pixels a frame", "median ms", "95 % ms", "late frames", "script ms", "layout, style ms"),
        "Frames are drawn by software where there is no graphics processor.",
    )
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(_WAIT_MS)
        page = site.sign_in(context)
        for what in ("first row, nothing cached", "first row"):
            acts.add(what, _timed(lambda: site.review(page, job_id)))
        probe: Any = page.context.new_cdp_session(page)
        probe.send("Performance.enable")
        for step in (60, 600, -3000):
            scrolled.add(step, *_scroll(page, probe, step))
        acts.add("to the last unit", _timed(lambda: _go(page, units)))
        acts.add("to the middle", _timed(lambda: _go(page, units // 2)))
        acts.add("confirm, following unit", _timed(lambda: _confirm(page, units // 2)))
        probe.send("HeapProfiler.collectGarbage")
        acts.add("script's memory after all this, MB", _metrics(probe)["JSHeapUsedSize"] / 1e6)
        acts.add("rows in the tree", page.locator("#viewport .row").count())
        browser.close()
    return [acts, scrolled]


def _document(units: int) -> Document:
    pairs = tuple(
        (f"{source} ({index})", f"{target} ({index})")
        for index in range(units)
        for source, target in (SENTENCES[index % len(SENTENCES)],)
    )
    verdict = e.QaVerdict.NEEDS_REVIEW
    return Document(pairs, units_a_batch=2000, verdict=verdict, has_tagged_targets=True)


def _go(page: Page, number: int) -> None:
    page.keyboard.press("Control+g")
    page.keyboard.type(str(number))
    page.keyboard.press("Enter")
    expect(page.locator(f"#edit-{number}")).to_be_focused(timeout=_WAIT_MS)


def _confirm(page: Page, number: int) -> None:
    page.keyboard.press("Control+Shift+Enter")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(f"#edit-{number + 1}")).to_be_focused()
    expect(page.locator(f"#unit-{number} .state")).to_contain_text("Verified")


def _scroll(page: Page, probe: Any, step: int) -> tuple[float, float, int, float, float]:
    before = _metrics(probe)
    median, most, late = page.evaluate(_SCROLL, [step, _FRAMES])
    after = _metrics(probe)
    script, layout, style = (
        (after[name] - before[name]) * 1000 / _FRAMES
        for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    )
    return median, most, late, script, layout + style


def _metrics(probe: Any) -> dict[str, float]:
    return {each["name"]: each["value"] for each in probe.send("Performance.getMetrics")["metrics"]}


def _timed(act: Any) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
