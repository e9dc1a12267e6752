import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Unit, plain_text
from dragoman_linguistics import align_tags, parse, render, repair
from dragoman_translate.adapters.apertium import ApertiumEngine
from dragoman_translate.adapters.apertium_stream import incoming, outgoing, stretches, with_tags
from dragoman_translate.engine_settings import ApertiumSettings
from dragoman_translate.ports import EngineRequest, EngineUnit
from linguistics.contents import nested_content
from linguistics.units import text_of, unit

needs_apertium = pytest.mark.skipif(
    not Path("/usr/share/apertium/modes/eng-spa.mode").exists(),
    reason="Apertium's English-Spanish pair is not installed: apt-get install apertium-eng-spa",
)


@pytest.fixture
async def engine() -> AsyncIterator[ApertiumEngine]:
    made = ApertiumEngine()
    yield made
    await made.aclose()


async def spanish(engine: ApertiumEngine, *units: Unit) -> list[str]:
    request = EngineRequest(
        source_locale=Locale("en"),
        target_locale=Locale("es"),
        units=tuple(EngineUnit(unit_id=unit.unit_id, source=render(unit.source)) for unit in units),
    )
    return [target.target for target in (await engine.translate(request)).targets]


@needs_apertium
@pytest.mark.parametrize(
    ("source", "target"),
    [
        (("The big white house.",), "La casa blanca grande."),
        (("the big house",), "la casa grande"),
        (("WARNING: DO NOT OPEN",), "AVISO: NO ABRE"),
        (("The ", ["<", 1], "white", ["/", 1], " house"), "La casa <1>blanca</1>"),
        (
            ("The ", ["<", 1], "big", ["/", 1], " white ", ["<", 2], "house", ["/", 2]),
            "La <2>casa</2> blanca <1>grande</1>",
        ),
        (
            ("The ", ["<", 1], "dog", ["/", 1], ["#", 2], " is big."),
            "El <1>perro</1><2/> es grande.",
        ),
        ((["<", 1], "In accordance with", ["/", 1], " the law"), "<1>De acuerdo con</1> la ley"),
        (("Name:", ["#", 1], "House:", ["#", 2]), "Nombre:<1/>Casa:<2/>"),
        ((["<", 1], ["<", 2], "The house", ["/", 2], ["/", 1]), "<1><2>La casa</2></1>"),
        (
            ("An interest of ", ["<", 1], "1.5 %", ["/", 1], " each month"),
            "Un interés de <1>1.5 %</1> cada mes",
        ),
        (("Page ", ["#", 1], " of ", ["#", 2]), "Página <1/> de <2/>"),
        (("I don’t know the customer’s name.",), "No sé el nombre del cliente."),
        (("The CO", ["<", 1], "2", ["/", 1], " of the house"), "El CO<1>2</1> de la casa"),
        (
            (["<", 1], "The CO", ["/", 1], ["<", 2], "2", ["/", 2], " of the house"),
            "<1>El CO</1><2>2</2> de la casa",
        ),
        (
            ("It is 10", ["<", 1], "−3", ["/", 1], " m", ["<", 2], "2", ["/", 2], "."),
            "Es 10<1>−3</1> m<2>2</2>.",
        ),
        (("The 5", ["<", 1], "th", ["/", 1], " house"), "La 5<1>.ª</1> casa"),
        (("The dog", ["<", 1], "1,2", ["/", 1], " of the house"), "El perro<1>1,2</1> de la casa"),
        (("The house is red.", ["<", 1], "4", ["/", 1]), "La casa es roja.<1>4</1>"),
        (("the white house", ["<", 1], "3", ["/", 1]), "la casa blanca<1>3</1>"),
        (("Of ", ["<", 1], "   ", ["/", 1], " in the house"), "De <1/> en la casa"),
        (
            ("Name:", ["<", 1], "   ", ["/", 1], "House:", ["<", 2], "\u00a0\u00a0", ["/", 2]),
            "Nombre:<1/>Casa:<2/>",
        ),
        (("The", ["<", 1], " ", ["/", 1], "house"), "La<1> </1>casa"),
    ],
)
async def test_good_spanish_with_its_tags_in_place(
    engine: ApertiumEngine, source: tuple[object, ...], target: str
) -> None:
    assert await spanish(engine, unit("u", *source)) == [target]


@needs_apertium
@pytest.mark.parametrize(
    "verbatim",
    [
        "https://example.org/a?b=c&d=the",
        "info@example.org",
        "{{name}}",
        "${house}",
        "%s",
        "%1$s",
        "12/05/2026",
        "1,000.50",
        "AB-12/4",
        "<5>",
        "[[house]]",
        "</b>",
        "~",
        "~50",
        "~/house/dog",
        "C:\\Progra~1\\the",
        "\ue000 ~",
        "__________",
    ],
)
async def test_what_must_not_be_translated_is_not(engine: ApertiumEngine, verbatim: str) -> None:
    (target,) = await spanish(engine, unit("u", f"The house {verbatim} is red."))
    assert verbatim in target
    assert "casa" in target


@needs_apertium
async def test_a_word_cut_by_a_tag_loses_neither(engine: ApertiumEngine) -> None:
    source = unit("u", ["<", 1], "In accor", ["/", 1], ["<", 2], "dance with", ["/", 2], " this.")
    (target,) = await spanish(engine, source)
    assert align_tags(source.source, parse(target, render(source.source)), ()).is_clean


@needs_apertium
async def test_a_pipeline_that_died_is_started_again(engine: ApertiumEngine) -> None:
    await spanish(engine, unit("u", "The house"))
    (pid,) = engine.process_ids()
    os.killpg(pid, signal.SIGKILL)
    assert await spanish(engine, unit("u", "The house"), unit("v", "The dog")) == [
        "La casa",
        "El perro",
    ]
    assert engine.process_ids() != (pid,)


@needs_apertium
async def test_a_batch_larger_than_the_pipes_does_not_stall(engine: ApertiumEngine) -> None:
    units = [unit(f"u{number}", "The white house is big. " * 60) for number in range(60)]
    targets = await spanish(engine, *units)
    assert {target.count("casa") for target in targets} == {60}


@needs_apertium
async def test_a_pipeline_that_never_answers_is_a_timeout_and_is_ended(tmp_path: Path) -> None:
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes" / "eng-spa.mode").write_text("sed -n ''")
    engine = ApertiumEngine(ApertiumSettings(data_dir=tmp_path, timeout_s=0.3))
    with pytest.raises(RetryableError) as caught:
        await spanish(engine, unit("u", "The house"))
    assert caught.value.code == "engine.timeout"
    assert engine.process_ids() == ()
    await engine.aclose()


@needs_apertium
async def test_a_pipeline_that_keeps_dying_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes" / "eng-spa.mode").write_text("false")
    engine = ApertiumEngine(ApertiumSettings(data_dir=tmp_path))
    with pytest.raises(RetryableError) as caught:
        await spanish(engine, unit("u", "The house"))
    assert caught.value.code == "engine.unavailable"
    await engine.aclose()


@needs_apertium
async def test_a_cancelled_call_leaves_no_answer_behind(engine: ApertiumEngine) -> None:
    await spanish(engine, unit("u", "The house"))
    call = asyncio.ensure_future(spanish(engine, unit("u", "The red house " * 2_000)))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await spanish(engine, unit("u", "The dog")) == ["El perro"]


async def test_a_missing_pair_names_the_package_to_install(tmp_path: Path) -> None:
    engine = ApertiumEngine(ApertiumSettings(data_dir=tmp_path))
    with pytest.raises(PermanentError) as caught:
        await engine.check_pair(Locale("es"), Locale("en"))
    assert caught.value.code == "engine.pair_unsupported"
    assert "apt-get install apertium-eng-spa" in caught.value.message


async def test_a_pair_that_does_not_exist_says_so(tmp_path: Path) -> None:
    engine = ApertiumEngine(ApertiumSettings(data_dir=tmp_path))
    with pytest.raises(PermanentError, match="choose another engine"):
        await engine.check_pair(Locale("en"), Locale("ja"))


async def test_the_region_s_own_mode_comes_first(tmp_path: Path) -> None:
    (tmp_path / "modes").mkdir()
    for name in ("spa-eng", "spa-eng_US"):
        (tmp_path / "modes" / f"{name}.mode").touch()
    engine = ApertiumEngine(ApertiumSettings(data_dir=tmp_path))
    for target in ("en", "en-US", "en-GB"):
        await engine.check_pair(Locale("es-MX"), Locale(target))


@given(nested_content())
def test_an_echo_of_the_stream_is_read_back_with_its_tags(content: Content) -> None:
    sent = outgoing(content)
    came = incoming(sent.stream, sent)
    target = with_tags(content, sent, came) if came is not None else None
    if target is not None:  # else the stretches between its tags are translated one by one
        assert align_tags(content, repair(content, target, ())[0], ()).missing == ()
        assert plain_text(target).split() == plain_text(content).split()


@given(nested_content())
def test_stretches_joined_are_the_content(content: Content) -> None:
    assert text_of(tuple(stretches(content))) == text_of(content)
