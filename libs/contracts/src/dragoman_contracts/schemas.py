"""JSON Schemas of everything that leaves a room: events, work items, reports.
Exported to `docs/reference/schemas`.
"""

from __future__ import annotations

from typing import Any

from dragoman_contracts import policy, previous, reports, review, text
from dragoman_contracts.envelope import EventEnvelope, schema_urn
from dragoman_contracts.events import EVENT_TYPES
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.references import Artifact

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SHARED: tuple[type[Value], ...] = (
    EventEnvelope,
    WorkItem,
    text.UnitList,
    text.TargetList,
    Pipeline,
    Artifact,
    policy.Policy,
    policy.IntakeRecord,
    previous.PreviousVersion,
    previous.PreviousMatches,
    policy.ActorRecord,
    reports.PreflightReport,
    reports.ExtractionManifest,
    reports.TranslationPlan,
    reports.VerificationResults,
    reports.QaReport,
    reports.ReassemblyManifest,
    review.ReviewEdits,
    review.ReviewState,
)


def json_schemas() -> dict[str, dict[str, Any]]:
    """Every exported schema by its file's stem: `event.<name>.v<version>` for events,
    the class name for the rest.
    """
    classes: dict[str, type[Value]] = {
        f"event.{name}.v{cls.schema_version}": cls for name, cls in EVENT_TYPES.items()
    }
    classes |= {cls.__name__: cls for cls in _SHARED}
    return {
        stem: {"$schema": _DIALECT, **_id_of(stem), **cls.model_json_schema()}
        for stem, cls in classes.items()
    }


def _id_of(stem: str) -> dict[str, str]:
    name, _, version = stem.removeprefix("event.").rpartition(".v")
    return {"$id": schema_urn(name, int(version))} if stem.startswith("event.") else {}
