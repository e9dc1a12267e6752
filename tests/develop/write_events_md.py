"""Write `docs/reference/events.md` from the contracts:
`python tests/develop/write_events_md.py`.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dragoman_contracts.envelope import EventEnvelope, Origin
from dragoman_contracts.events import EVENT_TYPES, Event
from dragoman_contracts.model import Value

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "events.md"

_WORDS = {
    "uuid": "UUID",
    "date-time": "time",
    "integer": "whole number",
    "string": "text",
    "boolean": "yes or no",
}

_HEAD = """\
# Events

<!-- Written by `python tests/develop/write_events_md.py` from the contracts; change those. -->

Everything that can become true of a job or a document. A stored event is one JSON object: the envelope's fields, and
its own under `data`. Names are stable; a change that is not additive gets a new version and an upcaster. Fields marked
`?` may be absent or null. The JSON Schemas are in [schemas](schemas/); what follows from which is in
[data flow](data-flow.md).

"""


def events_md() -> str:
    """The whole document as the contracts say it should be."""
    envelope = [
        "## The envelope\n",
        _paragraph(EventEnvelope),
        _fields(EventEnvelope),
        "### Its origin\n",
        _paragraph(Origin),
        _fields(Origin),
    ]
    return _HEAD + "\n".join([*envelope, *(_event(name, cls) for name, cls in EVENT_TYPES.items())])


def _event(name: str, cls: type[Event]) -> str:
    said_by = "any service that performs work" if cls.producer is None else cls.producer
    stream = "subject" if cls.told_in is not Event.told_in else cls.stream_type
    facts = f"`{cls.__name__}`, version {cls.schema_version}, on the {stream}'s stream, said by {said_by}."
    return f"## {name}\n\n{_paragraph(cls).rstrip()} {facts}\n\n{_fields(cls)}"


def _paragraph(cls: type[Value]) -> str:
    paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs) + "\n"


def _fields(cls: type[Value]) -> str:
    schema: dict[str, Any] = cls.model_json_schema(mode="serialization")
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    if not properties:
        return ""
    optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
    lines: list[str] = []
    for name, described in properties.items():
        mark = "?" if name in optional else ""
        lines.append(f"- `{name}`{mark}: {_type(described)}")
    return "\n".join([*lines, ""])


def _type(described: Mapping[str, Any]) -> str:
    """A property's type in words: what a reader needs, not what a validator does."""
    if "$ref" in described:
        return str(described["$ref"]).rpartition("/")[2]
    if "anyOf" in described:
        return " or ".join(_type(each) for each in described["anyOf"] if each != {"type": "null"})
    if "items" in described:
        return f"list of {_type(described['items'])}"
    if described.get("pattern") == "^[0-9a-f]{64}$":
        return "sha256"
    kind = str(described.get("format") or described.get("type"))
    return _WORDS.get(kind, kind)


if __name__ == "__main__":
    DOCUMENT.write_text(events_md(), encoding="utf-8")
