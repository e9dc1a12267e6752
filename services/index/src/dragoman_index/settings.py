"""Settings of index."""

from __future__ import annotations

from dragoman_runtime.service import ServiceSettings


class IndexSettings(ServiceSettings):
    """The settings of index."""
