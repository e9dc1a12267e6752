"""One tiny call to any engine, whatever it is."""

from __future__ import annotations

import time

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import EngineChoice
from dragoman_translate.adapters.configured import ConfiguredEngines
from dragoman_translate.ports import EngineRequest
from dragoman_translate.probing import PAGE_WORDS, PROBE_WORDS, EngineProbe, probe_unit
from dragoman_translate.settings import EngineSettings


async def probe_engine(
    settings: EngineSettings, name: str, model: str, source: Locale, target: Locale
) -> EngineProbe:
    """Let the engine translate one sentence. Raises nothing: a failure is in the result."""
    if name == "openai":
        from dragoman_translate.adapters.openai_probe import probe_openai

        return await probe_openai(settings.openai, model, source, target)
    return await _probe_local(settings, name, model, source, target)


async def _probe_local(
    settings: EngineSettings, name: str, model: str, source: Locale, target: Locale
) -> EngineProbe:
    """An engine on this machine costs nothing: asked twice, because its first answer waits for its
    start.
    """
    engines = ConfiguredEngines(settings)
    request = EngineRequest(
        source_locale=source, target_locale=target, units=(probe_unit(),), model=model
    )
    try:
        engine = await engines.get(EngineChoice(engine=name, model=model))
        await engine.check_pair(source, target)
        await engine.translate(request)
        began = time.monotonic()
        reply = await engine.translate(request)
        took_s = time.monotonic() - began
    except DragomanError as error:
        return EngineProbe(engine=name, is_ok=False, code=error.code, message=error.message)
    finally:
        await engines.aclose()
    return EngineProbe(
        engine=name,
        is_ok=True,
        model=reply.model,
        page_s=round(took_s * PAGE_WORDS / PROBE_WORDS, 2),
        sample=reply.targets[0].target if reply.targets else "",
    )
