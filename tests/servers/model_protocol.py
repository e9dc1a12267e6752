"""The model protocol as a model sees it: the units of a question, and an answer with texts for them.

Models of the tests read and write by this module, so that a new form is written in one place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast


def question_in(body: bytes) -> dict[str, Any]:
    """The object of the last message of a chat completion's body."""
    return cast("dict[str, Any]", json.loads(_messages_in(body)[-1]["content"]))


def _messages_in(body: bytes) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", json.loads(body)["messages"])


def units_in(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers and texts of the units in a question or an answer, in order."""
    # Prompt 3, which an older version asks by in a rolling update, had lines under `texts`.
    entries = cast("list[str | dict[str, str]]", found.get("texts") or found["units"])
    return [_unit(each) for each in entries]


def _unit(entry: str | dict[str, str]) -> tuple[str, str]:
    if isinstance(entry, dict):
        return entry["id"], entry["source"] if "source" in entry else entry["target"]
    number, _, text = entry.partition("|")
    return number, text


def answered(units: Iterable[tuple[str, str]], body: bytes | None = None) -> str:
    """An answer with these numbers and texts, as a model writes it: letters as they are, and in the
    form that the body asks for: lines for prompt 3.
    """
    entries: list[str | dict[str, str]]
    if body is not None and '"1|' in _messages_in(body)[0]["content"]:
        entries = [f"{number}|{text}" for number, text in units]
    else:
        entries = [{"id": number, "target": text} for number, text in units]
    return json.dumps({"units": entries}, ensure_ascii=False, separators=(",", ":"))
