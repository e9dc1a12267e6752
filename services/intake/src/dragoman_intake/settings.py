"""Settings of intake."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings


class IntakeSettings(ServiceSettings):
    """What intake is set up with."""
