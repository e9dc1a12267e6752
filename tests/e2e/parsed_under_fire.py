"""Documents parsed by their project's rule while both workers are killed with -9, again and again.

    python -m e2e.parsed_under_fire --documents 100

Each document must be parsed once on record, with its files there, and their text its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from dragoman_contracts.events import JobCompleted, PhaseFinished
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from e2e.api_client import ApiClient, first_token
from e2e.installation import Installation, ServiceProcess
from e2e.under_fire import failures_of, servers_for

_PROCESSES = ("relay", "intake", "gateway", "extract", "extract-again")
_WORKERS = ("extract", "extract-again")
_TIMEOUT_S = 600.0
_KILL_EVERY_S = 4.0


@dataclass(frozen=True)
class Parsed:
    """What a run showed: how many documents have which status, how often each phase ended on
    record, and whose text is not their own.
    """

    statuses: Counter[str]
    endings: Counter[int]
    strange: tuple[str, ...]
    kills: int
    left_over: tuple[str, ...]
    failures: Counter[str]
    duration_s: float


def small_pdf(*pages: str) -> bytes:
    """A PDF with these lines of ASCII text, one page each (ISO 32000-1, 7.5)."""
    kids = " ".join(f"{3 + 2 * at} 0 R" for at in range(len(pages)))
    font = 3 + 2 * len(pages)
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
    ]
    for at, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        bodies += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 {font} 0 R >> >> /Contents {4 + 2 * at} 0 R >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    bodies.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    out = b"%PDF-1.4\n"
    places: list[int] = []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    return (
        out
        + (
            f"xref\n0 {size}\n0000000000 65535 f \n{table}"
            f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
        ).encode()
    )


def own_text(number: int) -> str:
    """The sentence that only this document has."""
    return f"Invoice {number:04} is due within thirty days of its receipt."


async def parsed_under_fire(
    environment: Mapping[str, str], folder: Path, document_count: int
) -> Parsed:
    """Take the documents in, and kill the two workers in turn until all are parsed."""
    database = environment["DRAGOMAN_DATABASE_URL"]
    temporary = folder / "tmp"
    temporary.mkdir()
    own = {**environment, "TMPDIR": str(temporary)}
    installation = Installation(folder, own, _PROCESSES[:-1])
    second = ServiceProcess(
        _PROCESSES[-1],
        {**own, "DRAGOMAN_METRICS_PORT": "0"},
        folder / "extract-again.log",
        ("-m", "dragoman_extract"),
    )
    installation.processes[second.name] = second
    installation.start()
    url = f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}"
    started = time.monotonic()
    try:
        client = ApiClient(url)
        await client.until_ready()
        await client.aclose()
        headers = {"Authorization": f"Bearer {await first_token(database)}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http:
            await _set_rule(http)
            documents = [await _take_in(http, number) for number in range(document_count)]
            kills = await _kill_until_done(http, installation, len(documents))
            statuses = Counter([await _status(http, each) for each in documents])
            strange = [
                each
                for number, each in enumerate(documents)
                if not await _is_own(http, each, number)
            ]
        store = await PostgresEventStore.connect(database, pool_size=2)
        endings, failures = await _endings(store), await failures_of(store)
        await store.aclose()
    finally:
        await asyncio.to_thread(installation.stop)
    left = tuple(each.name for each in temporary.iterdir())
    duration_s = time.monotonic() - started
    return Parsed(statuses, endings, tuple(strange), kills, left, failures, duration_s)


async def _set_rule(http: httpx.AsyncClient) -> None:
    shown = await http.get("/api/v1/projects/default")
    project = shown.json()
    settings = {**project["settings"], "pipeline_id": "document-parse", "auto_process": True}
    edited = await http.put(
        "/api/v1/projects/default",
        json={"name": project["name"], "settings": settings},
        headers={"If-Match": shown.headers["etag"]},
    )
    assert edited.status_code == 200, edited.text


async def _take_in(http: httpx.AsyncClient, number: int) -> str:
    content = small_pdf(own_text(number), "The second page says nothing new to anybody.")
    answer = await http.post(
        "/api/v1/documents", files={"file": (f"invoice-{number}.pdf", content)}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["document_id"])


async def _kill_until_done(http: httpx.AsyncClient, installation: Installation, count: int) -> int:
    """Kill one worker, then the other, until every document rests; how many kills that were."""
    kills = 0
    async with asyncio.timeout(_TIMEOUT_S):
        while True:
            counts = [
                len((await http.get("/api/v1/documents", params=each)).json()["items"])
                for each in (
                    {"status": "completed", "limit": 200},
                    {"status": "failed", "limit": 200},
                )
            ]
            if sum(counts) >= count:
                return kills
            await asyncio.sleep(_KILL_EVERY_S)
            victim = installation.processes[_WORKERS[kills % 2]]
            await asyncio.to_thread(victim.kill)
            victim.start()
            kills += 1


async def _status(http: httpx.AsyncClient, document: str) -> str:
    return str((await http.get(f"/api/v1/documents/{document}")).json()["status"])


async def _is_own(http: httpx.AsyncClient, document: str, number: int) -> bool:
    """Whether the Markdown that is kept of the document is its own."""
    job = (await http.get(f"/api/v1/documents/{document}")).json()["job_id"]
    artifacts = (await http.get(f"/api/v1/jobs/{job}/artifacts")).json()["items"]
    url = next((each["download_url"] for each in artifacts if each["name"] == "document.md"), "")
    return bool(url) and own_text(number) in (await http.get(url)).text


async def _endings(store: PostgresEventStore) -> Counter[int]:
    """How many jobs ended their phase, and themselves, how often."""
    endings: Counter[str] = Counter()
    position = 0
    while stored := await store.tail(position):
        position = stored[-1].position
        endings.update(
            f"{type(each.recorded.data).__name__} {each.recorded.stream_id}"
            for each in stored
            if isinstance(each.recorded.data, PhaseFinished | JobCompleted)
        )
    return Counter(endings.values())


def main() -> None:
    """Run it and print what it showed; exit status 1 where a document was lost or parsed twice."""
    parser = argparse.ArgumentParser(prog="python -m e2e.parsed_under_fire")
    parser.add_argument("--documents", type=int, default=100)
    count: int = parser.parse_args().documents
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-parsed-")))
        seen = asyncio.run(parsed_under_fire(servers_for(stack), folder, count))
    sys.stdout.write(
        f"documents        {dict(seen.statuses)}\n"
        f"ended on record  { ({f'{times} times': n for times, n in seen.endings.items()}) } (phase and job each)\n"
        f"text not theirs  {len(seen.strange)}\n"
        f"kills            {seen.kills}\n"
        f"left in TMPDIR   {list(seen.left_over)}\n"
        f"failed attempts  {dict(seen.failures)}\n"
        f"took             {seen.duration_s:.0f} s\n"
    )
    is_well = seen.statuses == {"completed": count} and seen.endings == {1: 2 * count}
    raise SystemExit(0 if is_well and not seen.strange else 1)


if __name__ == "__main__":
    main()
