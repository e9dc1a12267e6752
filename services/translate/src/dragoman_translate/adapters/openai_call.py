"""One request to an OpenAI-compatible server, with progress by units."""

from __future__ import annotations

import time
from dataclasses import dataclass

from typing_extensions import override

from dragoman_models.adapters.http import Call as HttpCall
from dragoman_models.refusals import Cures
from dragoman_translate.adapters.openai_answer import Answer
from dragoman_translate.ports import ReplyListener, ReplyProgress

_TELL_EVERY_S = 1.0

CURES = Cures(
    key="DRAGOMAN_OPENAI_API_KEY",
    address="DRAGOMAN_OPENAI_BASE_URL",
    silence="DRAGOMAN_OPENAI_TIMEOUT_S",
)
"""The settings that our messages name."""


@dataclass
class Call(HttpCall[Answer]):
    """A request that is made once, and tells `listener` of its progress."""

    listener: ReplyListener | None = None

    @override
    async def make(self) -> Answer:
        self._told_at = time.monotonic()
        # The wait for a turn is over, the one for the first token begins.
        if self.listener is not None:
            self.listener(ReplyProgress(targets=(), token_count=0, waited_s=0.0, elapsed_s=0.0))
        return await super().make()

    @override
    def _note_text(self, text: str) -> bool:
        is_first, now = self.waited_s is None, time.monotonic()
        super()._note_text(text)
        if self.waited_s is None or self.listener is None:
            return self.answer.units.does_not_end
        has_fresh = self.answer.has_fresh_targets()
        if is_first or has_fresh or now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            progress = ReplyProgress(
                targets=self.answer.units.targets,
                token_count=self.answer.token_count,
                waited_s=self.waited_s,
                elapsed_s=self.seconds_since_sent(),
            )
            self.listener(progress)
        return self.answer.units.does_not_end
