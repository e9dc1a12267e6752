"""The bodies of artifacts, as they go over the wire.
One artifact looks the same as in a job's answer.
"""

from __future__ import annotations

from pydantic import BaseModel

from dragoman_gateway.jobs.schemas import ArtifactView


class ArtifactList(BaseModel):
    """The artifacts of a job, in the order they were made."""

    items: list[ArtifactView]
