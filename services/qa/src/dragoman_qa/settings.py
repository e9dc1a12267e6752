"""Settings of qa."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings


class QaSettings(ServiceSettings):
    """What qa is set up with."""
