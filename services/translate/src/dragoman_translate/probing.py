"""The findings of one tiny call to an engine: whether it answers, how fast, and how long a page
will take. Pure.

The call asks for one sentence of our own, so that no text of a document leaves the machine before a
person decides so.
"""

from __future__ import annotations

from dragoman_contracts.model import Value
from dragoman_linguistics import render
from dragoman_translate.ports import EngineUnit

PAGE_WORDS = 300
"""How many words a page is taken to have."""

PROBE_SENTENCE = "The supplier delivers the services within 30 days of signature and answers questions on working days."
PROBE_WORDS = len(PROBE_SENTENCE.split())

SMALL_CONTEXT_TOKENS = 4_096


class EngineProbe(Value):
    """The facts found about an engine.

    None means that a fact is not known: servers say little about themselves.

    Where the call failed, `code` and `message` say why, and what to do. `server` is the kind of
    server. Times are seconds, paces tokens a second. `page_s` is about how long PAGE_WORDS words
    take, asked for in one call. `warnings` are troubles that documents may meet though the call
    went well. `sample` is the translated sentence.
    """

    engine: str
    is_ok: bool
    code: str = ""
    message: str = ""
    model: str = ""
    server: str = ""
    address: str = ""
    first_token_s: float | None = None
    read_tokens_per_s: float | None = None
    write_tokens_per_s: float | None = None
    context_tokens: int | None = None
    keeps_schema: bool | None = None
    streams: bool | None = None
    slots: int | None = None
    page_s: float | None = None
    prompt_tokens: int = 0
    response_tokens: int = 0
    sample: str = ""
    warnings: tuple[str, ...] = ()


def probe_unit() -> EngineUnit:
    """The sentence as an engine gets it."""
    return EngineUnit(unit_id="probe", source=render((PROBE_SENTENCE,)))


def page_s(
    prompt_tokens: int,
    response_tokens: int,
    read_tokens_per_s: float | None,
    write_tokens_per_s: float | None,
) -> float | None:
    """An estimate of the seconds for a page, from the call about one sentence.

    The rules of the prompt are read once; all else grows with the page. None where the pace of
    writing is unknown, which takes by far the most time.
    """
    if not write_tokens_per_s or not response_tokens:
        return None
    share = PAGE_WORDS / PROBE_WORDS
    written = response_tokens * share
    # The source is about as long as the target.
    read = prompt_tokens + PAGE_WORDS * response_tokens / PROBE_WORDS
    return written / write_tokens_per_s + (read / read_tokens_per_s if read_tokens_per_s else 0.0)
