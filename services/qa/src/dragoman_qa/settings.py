"""Settings of qa."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings


class QaSettings(ServiceSettings):
    """The settings of qa."""
