"""The model protocol as a model sees it: the units of a question, and an answer with texts for them.

Models of the tests read and write by this module, so that a new form is written in one place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast


def question_in(body: bytes) -> dict[str, Any]:
    """The object of the last message of a chat completion's body."""
    messages = cast("list[dict[str, str]]", json.loads(body)["messages"])
    return cast("dict[str, Any]", json.loads(messages[-1]["content"]))


def _texts_in(question: Mapping[str, Any]) -> list[str | dict[str, str]]:
    return cast("list[str | dict[str, str]]", question.get("texts") or question["units"])


def units_in(question: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers and texts of the units in a question, in order."""
    found: list[tuple[str, str]] = []
    for each in _texts_in(question):
        if isinstance(each, dict):  # as versions before prompt 3 ask, in a rolling update
            found.append((each["id"], each["source"]))
        else:
            number, _, text = each.partition("|")
            found.append((number, text))
    return found


def answered(units: Iterable[tuple[str, str]], question: Mapping[str, Any] | None = None) -> str:
    """An answer with these numbers and texts, as a model writes it: letters as they are, and in the
    form of the question where that is an older one.
    """
    entries: list[str | dict[str, str]]
    if question and isinstance(_texts_in(question)[0], dict):
        entries = [{"id": number, "target": text} for number, text in units]
    else:
        entries = [f"{number}|{text}" for number, text in units]
    return json.dumps({"units": entries}, ensure_ascii=False, separators=(",", ":"))
