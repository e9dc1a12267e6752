"""A long document under many hands: `python -m e2e.many_reviewers [--units N] [--reviewers N]`.

Measured on a running `dragoman up`: the time to the first row in Chromium, the memory of page and
server, frames dropped while the list scrolls, and how long saves take while all reviewers save at once.
Then two reviewers save one unit, and connections are cut in the middle of saves: nothing may be lost.
The exit status is 1 where something is.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from docx import Document
from playwright.sync_api import expect, sync_playwright

from e2e.browsing import signed_in
from e2e.reviewed import ReviewApi, reviewing

TERMS = {"source_language": "en", "target_language": "ru", "engine": "pseudo"}
_SAVES = 5
_FRAMES = """async () => {
    const viewport = document.getElementById("viewport");
    const times = [];
    let last = performance.now();
    for (let i = 0; i < 180; i++) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        last = now;
        viewport.scrollTop += 120;
    }
    return times;
}"""


def long_document(units: int) -> bytes:
    """A document of so many numbered sentences."""
    document = Document()
    for number in range(units):
        document.add_paragraph(f"Part {number} of the order is delivered in week {number % 50}.")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def told(what: str, value: str) -> None:
    """Print a figure."""
    sys.stdout.write(f"{what:52} {value}\n")
    sys.stdout.flush()


def server_mib(api: ReviewApi) -> int:
    """The memory that the server holds now."""
    status = Path(f"/proc/{api.server.pid}/status").read_text(encoding="utf-8")
    line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


def server_cpu_s(api: ReviewApi) -> float:
    """The seconds of a processor that the server took up to now, without its children."""
    after_name = Path(f"/proc/{api.server.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def in_the_browser(api: ReviewApi, job_id: str) -> None:
    """The time to the first row, the page's memory, and the frames of a scroll."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--enable-precise-memory-info"]
        )
        page = signed_in(browser.new_context(viewport={"width": 1280, "height": 800}), api.server)
        for visit in ("first", "second"):
            begun = time.monotonic()
            page.goto(f"{api.server.url}/console/jobs/{job_id}/review")
            expect(page.locator("#viewport [data-unit]").first).to_be_visible(timeout=120_000)
            told(f"time to the first row, {visit} visit", f"{time.monotonic() - begun:.2f} s")
        frames = sorted(page.evaluate(_FRAMES))
        dropped = sum(each > 34 for each in frames)
        told("frames of 180 that took more than 34 ms", str(dropped))
        told("median frame while scrolling", f"{statistics.median(frames):.1f} ms")
        begun = time.monotonic()
        expect(page.locator("#viewport [data-unit]").first).to_be_visible(timeout=120_000)
        told("time to the first row where it stops", f"{time.monotonic() - begun:.2f} s")
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
        told("memory of the page", f"{heap:.0f} MiB")
        rows = page.locator("#viewport [data-unit]").count()
        told("rows in the page", str(rows))
        browser.close()


async def saved(http: httpx.AsyncClient, job_id: str, unit_id: str, target: str) -> float:
    """Save a unit, reading it anew where somebody was first; how long the save took."""
    address = f"/jobs/{job_id}/units/{quote(unit_id, safe='')}"
    version = 0
    while True:
        begun = time.monotonic()
        answer = await http.patch(
            address, json={"target": target}, headers={"If-Match": f'"{version}"'}
        )
        if answer.status_code == 412:
            version = answer.json()["current"]["version"]
            continue
        answer.raise_for_status()
        return time.monotonic() - begun


async def all_at_once(api: ReviewApi, job_id: str, ids: list[str], reviewers: int) -> list[float]:
    """Each reviewer saves units of their own, one after the other, all reviewers at once."""
    headers = {"Authorization": f"Bearer {api.token}"}
    limits = httpx.Limits(max_connections=reviewers)
    async with httpx.AsyncClient(
        base_url=f"{api.server.url}/api/v1", headers=headers, timeout=120, limits=limits
    ) as http:

        async def review(number: int) -> list[float]:
            mine = ids[number * _SAVES : (number + 1) * _SAVES]
            return [await saved(http, job_id, each, f"текст {number} {each}") for each in mine]

        found = await asyncio.gather(*map(review, range(reviewers)))
        both = await asyncio.gather(
            *(saved(http, job_id, ids[-1], f"рецензент {number}") for number in range(2))
        )
        told("two reviewers of one unit, both saved", f"{len(both)} saves")
    return [each for of_one in found for each in of_one]


def cut_in_the_middle(api: ReviewApi, job_id: str, unit_id: str, target: str, after: float) -> None:
    """Send a save and cut the connection before its answer, after so long."""
    host = urlsplit(api.server.url)
    body = httpx.Request("PATCH", "http://x", json={"target": target}).content
    path = f"/api/v1/jobs/{job_id}/units/{quote(unit_id, safe='')}"
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: {host.netloc}\r\nAuthorization: Bearer {api.token}\r\n"
        f'If-Match: "0"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n'
    )
    with socket.create_connection((host.hostname or "", host.port or 0)) as line:
        line.sendall(head.encode() + body)
        time.sleep(after)


def lost_saves(api: ReviewApi, job_id: str, ids: list[str]) -> list[str]:
    """Cut saves in the middle and send them again, as the editor does; the units that lost a text or
    have one twice.
    """
    for place, unit_id in enumerate(ids):
        cut_in_the_middle(api, job_id, unit_id, f"обрыв {place}", place * 0.004)

    async def again() -> None:
        headers = {"Authorization": f"Bearer {api.token}"}
        base = f"{api.server.url}/api/v1"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=120) as http:
            for place, unit_id in enumerate(ids):
                await saved(http, job_id, unit_id, f"обрыв {place}")

    asyncio.run(again())
    bad: list[str] = []
    for place, unit_id in enumerate(ids):
        unit = api.get(f"/jobs/{job_id}/units/{quote(unit_id, safe='')}")
        targets = [each["target"] for each in unit["history"]]
        if unit["target"] != f"обрыв {place}" or len(targets) != 1:
            bad.append(unit_id)
    return bad


def main() -> int:
    """Measure; 1 where something is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=16_000)
    parser.add_argument("--reviewers", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, reviewing(Path(name) / "state") as api:
        begun = time.monotonic()
        job_id = api.submit("long.docx", long_document(options.units), **TERMS)
        told(f"{options.units:,} units translated by pseudo", f"{time.monotonic() - begun:.0f} s")
        if api.get(f"/jobs/{job_id}")["status"] == "completed":
            api.post(f"/jobs/{job_id}/review/open")
        told("memory of the server", f"{server_mib(api)} MiB")
        in_the_browser(api, job_id)
        told("memory of the server, the review open", f"{server_mib(api)} MiB")
        ids = [each["unit_id"] for each in api.units(job_id)]
        before_s = server_cpu_s(api)
        taken = asyncio.run(all_at_once(api, job_id, ids, options.reviewers))
        cpu_ms = 1000 * (server_cpu_s(api) - before_s) / len(taken)
        p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
        told(f"saves of {options.reviewers} reviewers at once", f"{len(taken)}")
        told("median, p95", f"{statistics.median(taken) * 1000:.0f} ms, {p95 * 1000:.0f} ms")
        told("CPU of the server for a save", f"{cpu_ms:.0f} ms")
        mine = options.reviewers * _SAVES
        kept = {each["unit_id"]: each["target"] for each in api.units(job_id, stage="reviewed")}
        lost = [each for each in ids[:mine] if each not in kept]
        bad = lost_saves(api, job_id, ids[mine : mine + 20])
        told("saves lost; cut saves lost or twice", f"{len(lost)}; {len(bad)} of 20")
    return 1 if lost or bad else 0


if __name__ == "__main__":
    sys.exit(main())
