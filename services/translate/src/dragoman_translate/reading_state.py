"""The state of reading a model's answer: where the reader is, the objects and lists that are open,
and the stretches of JSON that may be the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from dragoman_translate.ports import RawTarget


class Mode(Enum):
    """The text that is read: talk, a thought, JSON, or JSON that is broken."""

    OUTSIDE = auto()
    THOUGHT = auto()
    INSIDE = auto()
    BROKEN = auto()


class Awaits(Enum):
    """The token that must come next in an object or list."""

    KEY = auto()
    COLON = auto()
    VALUE = auto()
    NEXT = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A bracket, colon or comma as `mark`; a string is marked `"`, a number or literal `w`,
    anything else `?`.
    """

    mark: str
    text: str
    end: int


@dataclass(slots=True)
class Frame:
    """An object or list that is open.

    `scalars` are an object's strings and numbers as text; other values are None. `entry` is the
    number and the text of the last string in a list of units, as long as the list may be broken.
    """

    is_object: bool
    holds_units: bool
    awaits: Awaits
    under_key: str = ""
    key: str = ""
    scalars: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    has_only_texts: bool = True
    is_ambiguous: bool = False
    entry: tuple[str, str] | None = None

    def keep(self, value: str | None, *, is_text: bool) -> None:
        """Take the value of the current key."""
        # RFC 8259 §4 leaves open which of two equal keys counts: an object with two values for a
        # key is ambiguous.
        if self.is_object:
            if self.scalars.setdefault(self.key, value) != value:
                self.is_ambiguous = True
            self.has_only_texts = self.has_only_texts and is_text
        self.awaits = Awaits.NEXT


@dataclass(slots=True)
class Candidate:
    """A stretch of JSON that may be the answer.

    `talk` is the number of characters of talk before the stretch.
    """

    talk: int
    is_single: bool = False
    is_complete: bool = False
    has_list: bool = False
    targets: list[RawTarget] = field(default_factory=list[RawTarget])
