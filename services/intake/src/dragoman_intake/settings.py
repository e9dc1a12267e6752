"""Settings of intake."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings
from dragoman_runtime.settings import MaintenanceSettings


class IntakeSettings(ServiceSettings, MaintenanceSettings):
    """The settings of intake."""
