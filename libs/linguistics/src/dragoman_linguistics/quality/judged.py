"""The advice of a model that judges translations: findings by MQM's dimensions, which block nothing.

A model may err and may lie, and the texts it reads may talk to it. So a finding keeps three things of
its answer: a place that really is in the target, a dimension and a severity. The words are ours:

    {"span": "rojo", "category": "accuracy", "severity": "major"}
    judge.accuracy    "A model sees a major error of accuracy: …"    info
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding

JUDGE = "judge"
"""The option of a profile that names the registered model that judges, by its id."""

JUDGED: Mapping[str, str] = {
    "judge.terminology": "an error of terminology: a term that is wrong, or is not always the same; look it up.",
    "judge.accuracy": "an error of accuracy: something is mistranslated, left out, added or not translated; "
    "compare with the source.",
    "judge.linguistic_conventions": "an error of the language: grammar, spelling or punctuation; look at the words.",
    "judge.style": "an error of style: the words are awkward or in another register; read them aloud.",
    "judge.locale_conventions": "an error of conventions: a number, date, currency or address is not written as "
    "readers write it; look at it.",
    "judge.audience_appropriateness": "words that do not fit their readers; think of whom they are for.",
    "judge.design_and_markup": "an error of layout or markup; look at the page.",
}
"""The codes of advice, one for each core dimension of MQM, with what a model then says it sees."""

Gravity = Literal["minor", "major", "critical"]


def advice(code: str, gravity: Gravity, start: int | None, end: int | None) -> QaFinding:
    """A model's advice on a target, with offsets in its plain text; without a place where something
    is missing.

    Raises:
        KeyError: there is no such code.
    """
    message = f"A model sees, as {gravity}, {JUDGED[code]}"
    return finding(code, message, start, end).model_copy(update={"mqm": gravity})
