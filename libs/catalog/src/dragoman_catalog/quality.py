"""How much each finding of QA matters, as projects, language pairs and requests choose it: a
profile, and severities.

qa_profile = "strict", qa = {"numbers.added": "info", "length.long": "off"}
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, JsonValue, ValidationInfo, WithJsonSchema

from dragoman_contracts.reports import Severity
from dragoman_linguistics import (
    DEFAULT_PROFILE,
    FORBIDDEN_WORDS,
    JUDGE,
    JUDGED,
    LQA_SCHEME,
    PROFILES,
    SCHEMES,
    profile_named,
)

STORED = {"is_stored": True}
"""The validation context of what was read from the database:
names were not checked before they had a meaning.
"""

_LEVELS = [*Severity, "off"]
_ADVICE = [Severity.INFO, "off"]
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def is_stored(info: ValidationInfo) -> bool:
    """Whether the value was read from the database."""
    return bool(info.context and info.context.get("is_stored"))


def _known_name(name: str, info: ValidationInfo) -> str:
    if not is_stored(info):
        profile_named(name)
    return name


def _known_choices(chosen: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The severities that were named, in one order: equal choices make equal policies."""
    profile_named("", chosen)
    return dict(sorted(chosen.items()))


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Severities by QA check; checks that are not named are as the level above says, or the profile.",
        "properties": {
            **{
                code: {"enum": _ADVICE if code in JUDGED else _LEVELS}
                for code in sorted(DEFAULT_PROFILE.severities)
            },
            FORBIDDEN_WORDS: {
                "type": "array",
                "items": {"type": "string", "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"},
                "description": "Words that may not stand in a translation, in any case.",
            },
            JUDGE: {
                "type": "string",
                "pattern": f"^({_UUID})?$",
                "description": "The registered model that gives advice on translations; empty: none does.",
            },
            LQA_SCHEME: {
                "enum": sorted(SCHEMES),
                "description": "The weights of the job's score.",
            },
        },
        "additionalProperties": False,
    }


QaProfileName = Annotated[
    str,
    AfterValidator(_known_name),
    WithJsonSchema(
        {
            "type": "string",
            "enum": ["", *sorted(PROFILES)],
            "description": "A QA profile; empty: default.",
        }
    ),
]
"""The name of a QA profile. An unknown one is refused,
except where it is read from the database.
"""

QaChoices = Annotated[
    dict[str, JsonValue], AfterValidator(_known_choices), WithJsonSchema(_schema())
]
"""Severities (`blocker`, `warning`, `info`, `off`) by the code of a check,
and the options of a profile.
"""
