"""Values out of JSON of which every part may be missing, null or odd. Pure."""

from __future__ import annotations

import json
import re

from pydantic import JsonValue

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_MOST = 1e12
_HIDDEN = "•••"


def parsed_object(text: str) -> dict[str, JsonValue]:
    """The JSON object that the text is.

    Raises:
        ValueError: it is none.
    """
    try:
        value: JsonValue = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if isinstance(value, dict):
        return value
    raise ValueError("no JSON object")


def as_object(value: JsonValue) -> dict[str, JsonValue]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: JsonValue) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def count_in(counts: dict[str, JsonValue], *names: str) -> int:
    """The first of the counts that is a positive number; 0 where none is."""
    for name in names:
        value = counts.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < _MOST:
            return int(value)
    return 0


def storable(text: str) -> str:
    """The text with a sign in place of half characters, which cannot be stored."""
    if _HALF_CHARACTER.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def storable_json(value: JsonValue) -> JsonValue:
    """The value with a sign in place of half characters in any text of it."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [storable_json(each) for each in value]
    if isinstance(value, dict):
        return {storable(key): storable_json(each) for key, each in value.items()}
    return value


def without(value: JsonValue, secret: str) -> JsonValue:
    """The value with a sign in place of the secret in any text of it; as it is without a secret."""
    if not secret:
        return value
    if isinstance(value, str):
        return value.replace(secret, _HIDDEN)
    if isinstance(value, list):
        return [without(each, secret) for each in value]
    if isinstance(value, dict):
        return {key.replace(secret, _HIDDEN): without(each, secret) for key, each in value.items()}
    return value
