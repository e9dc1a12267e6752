"""Units for tests, written as one line."""

from __future__ import annotations

import hashlib

from dragoman_contracts.text import Anchor, Content, Segment, StoryKind, TagSpec, Unit


def unit(
    unit_id: str, *source: object, tags: tuple[TagSpec, ...] = (), is_translatable: bool = True
) -> Unit:
    """A body unit of one segment with this content."""
    content = Segment.model_validate({"segment_id": f"{unit_id}.1", "source": source}).source
    return Unit(
        unit_id=unit_id,
        anchor=Anchor(part="word/document.xml", path=unit_id),
        story=StoryKind.BODY,
        content_key=hashlib.sha256(repr(content).encode()).hexdigest(),
        context_key="",
        segments=(Segment(segment_id=f"{unit_id}.1", source=content),),
        tags=tags,
        is_translatable=is_translatable,
    )


def text_of(content: Content) -> str:
    """The content as it is read: tags and all."""
    return "".join(str(part) for part in content)
