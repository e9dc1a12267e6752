"""Use cases of models: the registry, and the playground."""

from dragoman_gateway.models.desk.playground import (
    MOST_IMAGE_BYTES,
    MOST_PROMPT_CHARS,
    Picture,
    Playground,
    picture_of,
)
from dragoman_gateway.models.desk.registry import ModelDesk

__all__ = [
    "MOST_IMAGE_BYTES",
    "MOST_PROMPT_CHARS",
    "ModelDesk",
    "Picture",
    "Playground",
    "picture_of",
]
