"""What is said of work while it is under way: how far a batch has come, and what it waits for.

Nothing of this is an event. A note lives on the lease of the work, is written by the worker that holds it, and is gone
with it: who replays a job misses nothing. It names no document, no file and no text.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from dragoman_contracts.events import Count
from dragoman_contracts.model import Value
from dragoman_contracts.vocabulary import WorkKind


class Doing(StrEnum):
    """What a piece of work is at: waiting for a turn at the engine, for the first token of an answer, or getting on."""

    WORKING = "working"
    WAITING_FOR_SLOT = "waiting_for_slot"
    WAITING_FOR_FIRST_TOKEN = "waiting_for_first_token"  # noqa: S105 - a token of text
    WRITING = "writing"


class WorkNote(Value):
    """How far a piece of work has come, as who performs it says.

    `done_count` of `item_count` units are there (units of the batch that read alike each count, as in the plan).
    `token_count` is what was written for this piece of work so far, all its calls together; `tokens_per_s` is the pace
    of the call under way or the latest one, None while nothing is measured. `model` may be empty.
    """

    doing: Doing = Doing.WORKING
    done_count: Count = 0
    item_count: Count = 0
    token_count: Count = 0
    tokens_per_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    model: Annotated[str, Field(max_length=200)] = ""


class WorkUnderWay(Value):
    """A piece of work that somebody performs now, and what is known of it.

    `since` is when this attempt began, `doing_since` when the note's `doing` did; both are None while nothing is said.
    """

    kind: WorkKind
    index: Count = 0
    attempt: Annotated[int, Field(ge=1)] = 1
    since: datetime | None = None
    doing_since: datetime | None = None
    said_at: datetime | None = None
    note: WorkNote = WorkNote()
