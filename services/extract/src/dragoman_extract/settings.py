"""Settings of extract."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings


class ExtractSettings(ServiceSettings):
    """What extract is set up with."""
