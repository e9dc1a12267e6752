"""The engine of a replay: it says again what was recorded, and makes no call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import EngineChoice
from dragoman_runtime.worker import ProjectObjects
from dragoman_translate.errors import NotRecordedError
from dragoman_translate.ports import (
    AnswerBook,
    AnswerPage,
    Answers,
    EarlierAnswer,
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    Engines,
    EngineSignature,
    ModelCall,
    ReplyListener,
    TranslationEngine,
)
from dragoman_translate.remembering import answers_in


class RecordedEngine(TranslationEngine):
    """Stands for the engine that signed the calls on record.

    The ledger answers for it; asked itself, it refuses.
    """

    def __init__(self, signature: EngineSignature) -> None:
        self._signature = signature

    @property
    @override
    def name(self) -> str:
        return self._signature.name

    @property
    @override
    def capabilities(self) -> EngineCapabilities:
        # The rounds of a dialogue follow from whether the engine heeds reasons, as those do that
        # are prompted.
        return EngineCapabilities(
            uses_context=bool(self._signature.prompt_version), keeps_answers=True
        )

    @property
    @override
    def signature(self) -> EngineSignature:
        return self._signature

    @override
    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        return

    @override
    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        _refuse(self.name)

    @override
    async def aclose(self) -> None:
        return


class RecordedEngines(Engines):
    """The engines of a replayed batch, in the order in which they were asked, whatever the job's
    policy calls them. One that made no call added nothing.
    """

    def __init__(self, signatures: Sequence[EngineSignature]) -> None:
        """Take the distinct signatures of the batch's calls; none where it made none."""
        self._engines = [RecordedEngine(each) for each in signatures] or [
            RecordedEngine(EngineSignature(name=""))
        ]

    @override
    async def get(self, choice: EngineChoice) -> TranslationEngine:
        return self._engines[0]

    @override
    async def chain(self, choices: Sequence[EngineChoice]) -> Sequence[TranslationEngine]:
        return self._engines


class RecordedAnswers(Answers, AnswerBook):
    """The answers that a replayed batch had found unit by unit."""

    def __init__(self, page: AnswerPage, calls: Mapping[str, ModelCall]) -> None:
        """Take the batch's page, and its calls by digest."""
        self._answers = answers_in(page)
        self._calls = calls

    @override
    def book(self, project_id: UUID, objects: ProjectObjects) -> AnswerBook:
        return self

    @override
    async def find(self, shelf: str, keys: Sequence[str]) -> Mapping[str, EarlierAnswer]:
        return {key: self._answers[key] for key in keys if key in self._answers}

    @override
    async def load(self, answer: EarlierAnswer) -> ModelCall | None:
        return self._calls.get(answer.call.digest)

    @override
    async def add(self, shelf: str, answers: Mapping[str, EarlierAnswer]) -> None:
        return


def _refuse(name: str) -> NoReturn:
    message = f"A replay asks engine {name} nothing, and this question is not on record; read the step's difference."
    raise NotRecordedError(message)
