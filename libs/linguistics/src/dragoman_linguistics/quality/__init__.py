"""Quality estimation without a model: what a translation's own text says about it, by unit and by document."""

from dragoman_linguistics.quality.cleaning import cleaned
from dragoman_linguistics.quality.doubting import doubts

__all__ = ["cleaned", "doubts"]
