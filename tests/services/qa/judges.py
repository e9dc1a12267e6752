"""A judge of the tests' own: a server of the API that answers as it is told, about the pairs it gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from models.faithful.base import Answered, Asked
from models.faithful.openai import OpenAiServer

Json = dict[str, Any]
Verdict = Callable[[list[Json]], str]


def remark(n: int, span: str, category: str = "accuracy", severity: str = "major") -> Json:
    """One error as a judge names it."""
    return {"n": n, "span": span, "category": category, "severity": severity}


def errors(*remarks: object) -> str:
    """The answer with these errors."""
    return json.dumps({"errors": remarks}, ensure_ascii=False)


class JudgeServer(OpenAiServer):
    """Refuses what the real API refuses; its models say about the pairs what `verdict` says.

    `pairs` are those of each question, in the order of the questions.
    """

    def __init__(self, verdict: Verdict, *modes: str) -> None:
        super().__init__(*modes)
        self.verdict = verdict
        self.pairs: list[list[Json]] = []

    @override
    def mode(self) -> str:
        said = super().mode()
        return "whole" if said == "good" else said

    @override
    def answer(self, asked: Asked) -> Answered:
        answered = super().answer(asked)
        body = answered.body
        if answered.status != 200 or not isinstance(body, dict):
            return answered
        pairs = json.loads(asked.body["messages"][1]["content"])["pairs"]
        self.pairs.append(pairs)
        body["choices"][0]["message"]["content"] = self.verdict(pairs)
        return answered
