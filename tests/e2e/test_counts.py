"""One document has one number of units and one of words, wherever somebody looks: command,
API, console, reports.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from docx import Document

from e2e.browsing import Server
from e2e.command_line import dragoman
from servers.process import wait_until

_FORM = {
    "project_code": "default",
    "domain_pack_code": "general",
    "source_language": "en",
    "target_language": "ru",
    "engine": "pseudo",
}
_TEXTS = (
    "Terms & conditions – well-known, don't",
    "東京",
    "Pay 20 euros on delivery.",
    "Name\tAnna B",
    "12 345 — 6",
)
_UNITS, _WORDS = 5, 4 + 2 + 5 + 3
"""Five paragraphs; the one without letters has no words to translate."""


def _document() -> bytes:
    """Words that counters disagree about: marks alone, hyphens, a script without spaces,
    a tab, figures alone.
    """
    document = Document()
    document.core_properties.comments = ""
    for text in _TEXTS:
        document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _job(client: httpx.Client, content: bytes) -> dict[str, Any]:
    """A finished job on the document."""
    answer = client.post("/api/v1/jobs", data=_FORM, files={"file": ("offer.docx", content)})
    path = f"/api/v1/jobs/{answer.json()['job_id']}"
    resting = {"completed", "needs_review", "blocked", "failed"}
    wait_until(
        lambda: client.get(path).json()["status"] in resting, timeout_s=60, what="the job rests"
    )
    return client.get(path).json()


@pytest.mark.slow
def test_units_and_words_are_the_same_wherever_they_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "offer.docx"
    file.write_bytes(_document())
    (looked,) = json.loads(dragoman("preflight", "--json", file).stdout)
    told = dragoman("preflight", file).stdout
    server = Server(tmp_path / "state")
    try:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            session = client.post("/api/v1/session", json={"link": server.link}).json()
            client.headers["X-CSRF-Token"] = session["csrf_token"]
            job = _job(client, _document())
            reports = {
                each["kind"]: client.get(each["download_url"]).json()
                for each in job["artifacts"]
                if each["media_type"] == "application/json"
            }
            page = client.get(f"/console/jobs/{job['job_id']}").text
            units = client.get(f"/api/v1/jobs/{job['job_id']}/units").json()["items"]
            listed = lambda: client.get("/api/v1/jobs").json()["items"][0]  # noqa: E731
            wait_until(  # the list follows the log a moment behind
                lambda: listed()["status"] == "completed", timeout_s=30, what="the list"
            )
            row = listed()
    finally:
        server.stop()
    translated = dragoman(
        *("translate", file, "-o", tmp_path / "out", "--state", tmp_path / "other", "--json"),
        *("--source", "en", "--target", "ru", "--engine", "pseudo"),
    )
    facts, manifest = reports["preflight_report"]["facts"], reports["extraction_manifest"]
    assert {
        "preflight --json": (looked["facts"]["units"], looked["facts"]["words"]),
        "preflight report": (facts["units"], facts["words"]),
        "extraction manifest": (manifest["unit_count"], manifest["word_count"]),
        "job": (job["counts"]["units"], job["counts"]["words"]),
    } == dict.fromkeys(
        ("preflight --json", "preflight report", "extraction manifest", "job"), (_UNITS, _WORDS)
    )
    assert looked["facts"]["characters"] == facts["characters"] == manifest["character_count"]
    assert f"{_UNITS} units, {_WORDS} words" in told
    assert f"{_UNITS} units, {_WORDS} words" in page
    assert (
        len(units)
        == row["unit_count"]
        == json.loads(translated.stdout)["files"][0]["unit_count"]
        == _UNITS
    )
