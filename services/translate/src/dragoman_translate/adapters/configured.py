"""The engines this installation is set up for: each made when it is first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from typing_extensions import override

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.models import ApiKind
from dragoman_contracts.resources import EngineChoice
from dragoman_translate.adapters.local import identity_engine, pseudo_engine
from dragoman_translate.adapters.memory import MemoryEngine
from dragoman_translate.adapters.registered import RegisteredModels, registered_id
from dragoman_translate.ports import Engines, TranslationEngine
from dragoman_translate.settings import EngineSettings


class ConfiguredEngines(Engines):
    """Engines by name. `model` chooses among the models of an engine that has several.

    Those that are not set up by settings are the registry's, where there is one.
    """

    def __init__(
        self, settings: EngineSettings, registered: RegisteredModels | None = None
    ) -> None:
        self._settings = settings
        self._registered = registered
        self._made: dict[tuple[str, str], TranslationEngine] = {}

    @override
    async def get(self, choice: EngineChoice) -> TranslationEngine:
        name, model = choice.engine, choice.model
        is_registered = registered_id(choice) is not None or name in _REGISTERED
        if is_registered and self._registered is not None:
            return await self._registered.engine(choice)
        make = _MAKERS.get(name)
        if make is None:
            known = ", ".join(engine_names())
            message = f"There is no engine {name!r}; choose one of {known}, or the id of a registered model."
            raise PermanentError(message, code="engine.unknown")
        if (name, model) not in self._made:
            self._made[name, model] = make(self._settings, model)
        return self._made[name, model]

    @override
    async def chain(self, choices: Sequence[EngineChoice]) -> Sequence[TranslationEngine]:
        return [await self.get(each) for each in choices]

    async def aclose(self) -> None:
        """End every engine that was made."""
        for engine in self._made.values():
            await engine.aclose()
        self._made.clear()
        if self._registered is not None:
            await self._registered.aclose()


def engine_names() -> tuple[str, ...]:
    """The names of all engines, in the order in which they are offered."""
    return (*_MAKERS, *_REGISTERED)


def _apertium(settings: EngineSettings, model: str) -> TranslationEngine:
    from dragoman_translate.adapters.apertium import ApertiumEngine

    return ApertiumEngine(settings.apertium)


def _openai(settings: EngineSettings, model: str) -> TranslationEngine:
    from dragoman_translate.adapters.openai import OpenAiEngine

    return OpenAiEngine(settings.openai, model)


_MAKERS: Mapping[str, Callable[[EngineSettings, str], TranslationEngine]] = {
    "apertium": _apertium,
    "openai": _openai,
    "pseudo": lambda settings, model: pseudo_engine(),
    "identity": lambda settings, model: identity_engine(),
    "memory": lambda settings, model: MemoryEngine(),
}
_REGISTERED = tuple(kind.value for kind in ApiKind if kind is not ApiKind.OPENAI)
