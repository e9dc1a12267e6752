"""Settings of extract."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings


class ExtractSettings(ServiceSettings):
    """The settings of extract."""
