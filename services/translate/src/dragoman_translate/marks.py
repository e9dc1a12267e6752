"""The marks that models put round their thoughts. Pure.

<think>Let me see: {"units": …</think>{"units": [{"id": "u1", "target": "Uma"}]}
"""

from __future__ import annotations

import re

_NAMES = r"think|thinking|thoughts?|reasoning|reflection|seed:think"
_OPENERS = (
    rf"<(?:{_NAMES})>",
    r"\[THINK\]",
    r"◁think▷",
    r"<\|START_THINKING\|>",
    r"<\|begin_of_thought\|>",
    r"<\|channel\|>(?:analysis|commentary)",
)
_CLOSERS = (
    rf"</(?:{_NAMES})>",
    r"\[/THINK\]",
    r"◁/think▷",
    r"<\|END_THINKING\|>",
    r"<\|end_of_thought\|>",
    r"<\|channel\|>final",
)
_LONGEST = 24

CLOSER = re.compile(f"(?P<closer>{'|'.join(_CLOSERS)})", re.IGNORECASE)
"""The end of a thought.

It counts without a beginning, which some chat templates put into the prompt.
"""

THOUGHT_MARK = re.compile(f"{CLOSER.pattern}|(?P<opener>{'|'.join(_OPENERS)})", re.IGNORECASE)
"""Beginning or end of a thought."""


def mark_may_begin_at(text: str, start: int) -> int:
    """The place, not before `start`, where an incomplete mark may begin at the end of the text;
    else the text's end.
    """
    begins = max(text.rfind(first, max(start, len(text) - _LONGEST)) for first in "<[◁")
    return begins if begins >= 0 else len(text)


def can_be_mark(text: str) -> bool:
    """Whether a text that begins with `[` may become a mark when more of it comes."""
    return any(
        mark.startswith(text.upper()) and len(text) < len(mark) for mark in ("[THINK]", "[/THINK]")
    )
