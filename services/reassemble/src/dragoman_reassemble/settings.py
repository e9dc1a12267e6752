"""Settings of reassemble."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings


class ReassembleSettings(ServiceSettings):
    """The settings of reassemble."""
