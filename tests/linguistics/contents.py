"""Random content for property tests: well nested,
with the lookalikes and spaces that break naive protocols.
"""

from __future__ import annotations

from hypothesis import strategies as st

from dragoman_contracts.text import (
    Content,
    Tag,
    TagRole,
    TagSpec,
    closing,
    normalised,
    opening,
    placeholder,
)

TEXTS = st.one_of(
    st.text(alphabet="ab <>/1259 .,", max_size=8),
    st.sampled_from(
        ["<5>", "</1>", "<2/>", "< 3 >", "Hello ", " world.", "  ", "<", ">", "привет", "你好"]
    ),
)


@st.composite
def nested_content(draw: st.DrawFn, max_depth: int = 3) -> Content:
    """Content whose pairs nest; ids are unique and not always small."""
    ids = iter(draw(st.lists(st.integers(1, 40), min_size=12, max_size=12, unique=True)))

    def level(depth: int) -> list[str | Tag]:
        parts: list[str | Tag] = []
        for _ in range(draw(st.integers(0, 3))):
            kind = draw(st.sampled_from(["text", "text", "pair", "alone"]))
            tag_id = None if kind == "text" else next(ids, None)
            if tag_id is None or (kind == "pair" and depth == 0):
                parts.append(draw(TEXTS))
            elif kind == "pair":
                parts += [opening(tag_id), *level(depth - 1), closing(tag_id)]
            else:
                parts.append(placeholder(tag_id))
        return parts

    return normalised(level(max_depth))


@st.composite
def damaged(draw: st.DrawFn, content: Content) -> Content:
    """The content as a lossy engine might return it: parts dropped, doubled,
    swapped, and tags invented.
    """
    parts = list(content)
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, max(len(parts) - 1, 0)))
        match draw(st.sampled_from(["drop", "double", "swap", "invent"])):
            case "drop" if parts:
                del parts[at]
            case "double" if parts:
                parts.insert(at, parts[at])
            case "swap" if len(parts) > 1:
                other = draw(st.integers(0, len(parts) - 1))
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                make = draw(st.sampled_from([opening, closing, placeholder]))
                parts.insert(at, make(draw(st.integers(1, 60))))
    return normalised(parts)


@st.composite
def specs_for(draw: st.DrawFn, content: Content) -> tuple[TagSpec, ...]:
    """Specs for the tags of a content, with random permissions."""
    ids = sorted({part.id for part in content if isinstance(part, Tag)})
    return tuple(
        TagSpec(
            id=tag_id,
            role=TagRole.FORMAT,
            can_delete=draw(st.booleans()),
            can_copy=draw(st.booleans()),
            can_reorder=draw(st.booleans()),
        )
        for tag_id in ids
    )
