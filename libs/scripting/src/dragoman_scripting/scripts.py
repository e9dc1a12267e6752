"""One run of a script, and its end as what it means. Pure.

A script has a function `execute(api, dataObject, params)`. It writes the fields it changes to
`dataObject`; `params` are the parsed results of tasks by their name.

    function execute(api, dataObject, params) {
      dataObject.holders = params.extractShareholders.items.length;
    }                                                                →  changed {"holders": 3}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, JsonValue

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.model import Value
from dragoman_scripting.errors import (
    ScriptFailedError,
    ScriptInvalidError,
    ScriptOutOfMemoryError,
    ScriptResultRefusedError,
    ScriptTimedOutError,
)

MOST_RESULT_BYTES = 8 * 1024 * 1024
"""The most that a script may change, as JSON."""

MOST_FIELDS = 1_000
"""The most fields that a script may change."""

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,119}")
_LONGEST_MESSAGE = 500


class ScriptRun(Value):
    """A script with all that it may know. `now` is its only time, in ISO 8601; `seed` begins its row
    of random numbers.
    """

    name: str
    source: str
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    params: dict[str, JsonValue] = Field(default_factory=dict)
    now: str
    seed: int = 0
    object_id: str = ""
    phase: str = ""
    timeout_s: float = 30
    memory_mb: int = 128


class ScriptEnd(Value):
    """The end of a script: the fields it changed, or its failure; and what it logged.

    `code` is empty where it went well. `dropped_lines` did not fit the log.
    """

    changed: dict[str, JsonValue] = Field(default_factory=dict)
    code: str = ""
    message: str = ""
    log: str = ""
    dropped_lines: int = 0


class ScriptFault(Value):
    """The place where a script is no JavaScript: its line, 0 where none is known, and V8's words."""

    line: int = 0
    message: str


def fault_of(failure: Mapping[str, Any]) -> ScriptFault:
    """The child's answer about a script that could not be parsed."""
    if failure.get("ended") in ("time", "memory"):
        return ScriptFault(message="It is too large to be read; make it shorter.")
    return ScriptFault(line=int(failure.get("line") or 0), message=_short(failure))


def end_of(run: ScriptRun, answer: Mapping[str, Any]) -> ScriptEnd:
    """The child's answer as the end of the run."""
    log = {"log": str(answer.get("log", "")), "dropped_lines": int(answer.get("dropped", 0))}
    changed: dict[str, JsonValue] = answer.get("changed") or {}
    error = _error_of(run, answer) or _fault_of(run, changed)
    if error is not None:
        return ScriptEnd.model_validate({"code": error.code, "message": error.message, **log})
    return ScriptEnd.model_validate({"changed": changed, **log})


def _error_of(run: ScriptRun, answer: Mapping[str, Any]) -> PermanentError | None:
    name = run.name
    match answer.get("ended"):
        case "time":
            text = f"Script {name} did not end within {run.timeout_s:g} s; raise timeout_s, or let it do less."
            return ScriptTimedOutError(text)
        case "memory":
            text = f"Script {name} took more than {run.memory_mb} MB; raise memory_mb, or let it keep less."
            return ScriptOutOfMemoryError(text)
        case "parse":
            # Behind the last line stands one of ours.
            line = min(int(answer.get("line") or 0), run.source.count("\n") + 1)
            return ScriptInvalidError(
                f"Script {name} cannot be run{_at(line)}: {_short(answer)}. "
                "It needs a function execute(api, dataObject, params)."
            )
        case "throw":
            text = f"Script {name} failed{_at(answer.get('line'))}: {_short(answer)}"
            return ScriptFailedError(text)
        case _:
            pass
    if "failure" in answer:
        failure = answer["failure"]
        line = _line_in(str(failure.get("stack", "")), name)
        return ScriptFailedError(f"Script {name} failed{_at(line)}: {_short(failure)}")
    if "refused" in answer:
        text = (
            f"Script {name} wrote what cannot be kept: {str(answer['refused'])[:_LONGEST_MESSAGE]}"
        )
        return ScriptResultRefusedError(text)
    return None


def _fault_of(run: ScriptRun, changed: Mapping[str, JsonValue]) -> PermanentError | None:
    if len(changed) > MOST_FIELDS:
        return ScriptResultRefusedError(
            f"Script {run.name} changed {len(changed):,} fields; the most is {MOST_FIELDS:,}."
        )
    odd = next((each for each in changed if not _NAME.fullmatch(each)), None)
    if odd is not None:
        return ScriptResultRefusedError(
            f"Script {run.name} wrote a field called {odd[:60]!r}; names are letters, digits and _."
        )
    size = len(json.dumps(changed).encode())
    if size > MOST_RESULT_BYTES:
        return ScriptResultRefusedError(
            f"Script {run.name} changed {size:,} bytes of fields; the most is {MOST_RESULT_BYTES:,}."
        )
    return None


def _line_in(stack: str, name: str) -> int:
    found = re.search(re.escape(name) + r":(\d+)", stack)
    return int(found.group(1)) if found else 0


def _at(line: object) -> str:
    return f" at line {line}" if line else ""


def _short(failure: Mapping[str, Any]) -> str:
    return str(failure.get("message", ""))[:_LONGEST_MESSAGE]
