"""Models of the registry as engines: by id and by API, with limits, prices and use."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.catalogs import ADA, NOW
from dragoman_catalog import ModelEntry, ModelPrice
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.subject import LocalePair
from dragoman_gateway.submissions.service_pairs import RegisteredPairs
from dragoman_translate.adapters.configured import ConfiguredEngines, engine_names
from dragoman_translate.ports import EngineRequest, EngineUnit, PricedEngine
from dragoman_translate.settings import EngineSettings
from linguistics.units import unit
from models.kinds import ANTHROPIC, DEEPL, GEMINI, LIBRE, OWN_MACHINE, Kind
from ports.registries import site

PRICE = ModelPrice(valid_from=NOW, input="3", output="15")


def ask() -> EngineRequest:
    from dragoman_linguistics import render

    units = (EngineUnit(unit_id="p1", source=render(unit("p1", "One & two <3>").source)),)
    return EngineRequest(source_locale=Locale("en"), target_locale=Locale("es"), units=units)


async def test_a_model_is_found_by_its_id_and_by_its_api(tmp_path: Path) -> None:
    with ANTHROPIC.serve() as server:
        async with site(tmp_path) as opened:
            model = await opened.register(ANTHROPIC, server)
            engines = ConfiguredEngines(EngineSettings(), opened.models)
            choices = (
                EngineChoice(engine=str(model.model_id)),
                EngineChoice(engine="anthropic", model=str(model.model_id)),
                EngineChoice(engine="anthropic", model="claude-good"),
                EngineChoice(engine="anthropic"),
            )
            found = {id(await engines.get(each)) for each in choices}
            assert len(found) == 1
            assert len(await engines.chain(choices)) == len(choices)


async def test_a_call_is_priced_and_added_to_the_use_of_its_model(tmp_path: Path) -> None:
    with ANTHROPIC.serve() as server:
        async with site(tmp_path) as opened:
            model = await opened.register(ANTHROPIC, server, (PRICE,))
            engine = await opened.models.engine(EngineChoice(engine="anthropic"))
            assert isinstance(engine, PricedEngine)
            reply = await engine.translate(ask())
            cost = engine.cost(reply.usage)
            assert cost is not None
            assert cost > 0
            uses = opened.registry.catalog.model_uses
            (use,) = await uses.since(model.model_id, date(2020, 1, 1))
            assert (use.call_count, use.cost) == (1, cost)
            assert server.seen[-1].headers["x-api-key"]


async def test_a_price_that_is_not_known_is_none_and_not_nothing(tmp_path: Path) -> None:
    with DEEPL.serve() as server:
        async with site(tmp_path) as opened:
            await opened.register(DEEPL, server)
            engine = await opened.models.engine(EngineChoice(engine="deepl"))
            assert isinstance(engine, PricedEngine)
            assert engine.cost(Usage(call_count=1)) is None
            reply = await engine.translate(ask())
            assert reply.targets[0].target.lower() == "one & two <3>"


@pytest.mark.parametrize("kind", [DEEPL, LIBRE], ids=lambda kind: str(kind.api))
async def test_a_pair_that_a_service_does_not_list_is_refused_before_there_is_a_job(
    tmp_path: Path, kind: Kind
) -> None:
    klingon = LocalePair(source=Locale("en"), target=Locale("tlh"))
    with kind.serve() as server:
        async with site(tmp_path) as opened:
            model = str((await opened.register(kind, server)).model_id)
            engine = await opened.models.engine(EngineChoice(engine=model))
            await engine.check_pair(Locale("en"), Locale("es"))
            with pytest.raises(PermanentError, match="tlh"):
                await engine.check_pair(klingon.source, klingon.target)

            pairs = RegisteredPairs(opened.registry.catalog, OWN_MACHINE)
            for _ in range(2):
                with pytest.raises(PermanentError, match="tlh") as refused:
                    await pairs(model, "", klingon)
                assert refused.value.code == "engine.pair_unsupported"
            asked = len(server.seen)
            await pairs(model, "", LocalePair(source=Locale("en"), target=Locale("es")))
            assert len(server.seen) == asked, "its list is asked for once"
            await pairs("apertium", "", klingon)  # engines of workers are asked by workers
            await pairs.aclose()
            server.close()
            await pairs(model, "", klingon)  # nobody says that it cannot
            await pairs.aclose()


async def test_a_disabled_model_is_refused_and_an_edited_one_is_made_anew(tmp_path: Path) -> None:
    with GEMINI.serve() as server:
        async with site(tmp_path) as opened:
            model = await opened.register(GEMINI, server)
            choice = EngineChoice(engine=str(model.model_id))
            first = await opened.models.engine(choice)
            entry = ModelEntry.model_validate(
                {name: getattr(model, name) for name in ModelEntry.model_fields}
            )
            models = opened.registry.catalog.models
            changed = entry.model_copy(update={"max_output_tokens": 512})
            await models.edit(ADA, NOW, model.model_id, version=1, entry=changed)
            second = await opened.models.engine(choice)
            assert second is not first
            assert second.capabilities.max_output_tokens == 512
            off = changed.model_copy(update={"is_enabled": False})
            await models.edit(ADA, NOW, model.model_id, version=2, entry=off)
            with pytest.raises(PermanentError, match="disabled") as refused:
                await opened.models.engine(choice)
            assert refused.value.code == "engine.disabled"


async def test_an_engine_that_is_not_registered_names_the_cure(tmp_path: Path) -> None:
    async with site(tmp_path) as opened:
        engines = ConfiguredEngines(EngineSettings(), opened.models)
        with pytest.raises(PermanentError, match="enter one") as refused:
            await engines.get(EngineChoice(engine="gemini"))
        assert refused.value.code == "engine.not_configured"
        unknown = EngineChoice(engine="0191d3a8-0000-7000-8000-000000000000")
        with pytest.raises(PermanentError, match="no registered model") as refused:
            await engines.get(unknown)
        assert refused.value.code == "engine.unknown"
        with pytest.raises(PermanentError, match="no engine 'gpt'"):
            await engines.get(EngineChoice(engine="gpt"))


async def test_the_engine_memory_has_nothing_for_units_without_an_approved_match() -> None:
    engine = await ConfiguredEngines(EngineSettings()).get(EngineChoice(engine="memory"))
    assert isinstance(engine, PricedEngine)
    assert engine.cost(Usage()) == Decimal(0)
    with pytest.raises(PermanentError, match="no approved translation"):
        await engine.translate(ask())


def test_all_engines_are_offered() -> None:
    assert {"openai", "memory", "anthropic", "gemini", "ollama", "deepl", "libretranslate"} <= set(
        engine_names()
    )
