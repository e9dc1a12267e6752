"""`dragoman maintenance` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.command_line import dragoman
from e2e.documents import own_document


def test_maintenance_says_what_it_did_and_what_is_missing(tmp_path: Path) -> None:
    source, state = tmp_path / "order.docx", tmp_path / "state"
    source.write_bytes(own_document(1))
    terms = ("--source", "en", "--target", "ru", "--engine", "pseudo", "--state", state)
    assert dragoman("translate", source, "-o", tmp_path / "out", *terms).returncode == 0

    sound = dragoman("maintenance", "--check-digests", "--state", state, "--json")
    assert sound.returncode == 0, sound.stderr
    report = json.loads(sound.stdout)
    assert report["object_count"] > report["checked_digests"] > 10, (
        "outcomes are kept, and no event points to them"
    )
    assert report["faults"] == []

    final = max((state / "objects").glob("*/objects/*/*"), key=lambda path: path.stat().st_size)
    final.unlink()
    broken = dragoman("maintenance", "--state", state)
    assert broken.returncode == 3
    assert f"{final.parent.name}{final.name}" in broken.stdout
    assert "object.missing" in broken.stdout
    assert "backup" in broken.stdout
