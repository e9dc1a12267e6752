"""Upcasters: how an event stored under an older schema version becomes one of the current version.

An upcaster takes the payload of version N of one event type and gives that of version N+1. A golden
sample of every version ever released lives in `tests/contracts/golden`, and a test reads each of
them through this module.

A new version is written a release later than it is read: while services are updated one by one, an
older one must be able to read what a newer one writes. Until then `OLDER_FORMS` says how a payload
goes back, where the version before says it all; a payload that it cannot say is of a feature that
the older release did not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dragoman_contracts.errors import UnknownEventTypeError
from dragoman_contracts.events import INTAKE_INPUT, SOURCE_INPUT, Event, JobSubmitted
from dragoman_contracts.subject import SubjectKind

Payload = dict[str, Any]


def upcast(cls: type[Event], version: int, data: Payload) -> Payload:
    """The payload brought from `version` to the current schema version of `cls`.

    Raises:
        UnknownEventTypeError: the version is newer than this installation knows.
    """
    if version > cls.schema_version:
        raise UnknownEventTypeError(
            f"Event {cls.name!r} has version {version}; update this installation to read it."
        )
    while version < cls.schema_version:
        data = UPCASTERS[cls.name, version](data)
        version += 1
    return data


def older_form(event: Event, data: Payload) -> Payload | None:
    """The event's payload as the schema version before it says it,
    in which it is still written; None in all others.
    """
    going_back = OLDER_FORMS.get((event.name, event.schema_version))
    return None if going_back is None else going_back(data)


def _job_submitted_v2(data: Payload) -> Payload:
    """Version 1 knew one kind of job: a document's version into one target locale,
    by one running job at a time.
    """
    moved = (
        "document_id",
        "document_version",
        "source",
        "intake_record",
        "source_locale",
        "target_locale",
    )
    version, target = data["document_version"], data["target_locale"]
    return {
        "subject": {"kind": SubjectKind.DOCUMENT, "id": data["document_id"], "version": version},
        "scope": f"{version}/{target}/{data['pipeline']['name']}",
        "inputs": [{"name": name, "object": data[name]} for name in (SOURCE_INPUT, INTAKE_INPUT)],
        "locales": {"source": data["source_locale"], "target": target},
        **{name: value for name, value in data.items() if name not in moved},
    }


def _job_submitted_v1(data: Payload) -> Payload | None:
    """Version 1 of a job on a document's version,
    whose scope follows from it; None for any other.
    """
    subject, locales = data["subject"], data["locales"]
    inputs = {each["name"]: each["object"] for each in data["inputs"]}
    if (
        subject is None
        or locales is None
        or data["policy"] is None
        or list(inputs) != [SOURCE_INPUT, INTAKE_INPUT]
    ):
        return None
    moved = ("subject", "scope", "inputs", "locales", "policy", "pipeline", "rules")
    older = {
        "document_id": subject["id"],
        "document_version": subject["version"],
        "source": inputs[SOURCE_INPUT],
        "intake_record": inputs[INTAKE_INPUT],
        "policy": data["policy"],
        "pipeline": data["pipeline"],
        "rules": data["rules"],
        "source_locale": locales["source"],
        "target_locale": locales["target"],
        **{name: value for name, value in data.items() if name not in moved},
    }
    return older if _job_submitted_v2(older) == data else None


UPCASTERS: dict[tuple[str, int], Callable[[Payload], Payload]] = {
    (JobSubmitted.name, 1): _job_submitted_v2
}
"""By event name and the version it upcasts from."""

OLDER_FORMS: dict[tuple[str, int], Callable[[Payload], Payload | None]] = {
    (JobSubmitted.name, 2): _job_submitted_v1
}
"""By event name and version, while the version before is still written where it says it all."""
