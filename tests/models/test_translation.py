"""One suite for every translation service, and what each has of its own."""

from collections.abc import Iterator

import pytest

from dragoman_contracts.errors import DragomanError, PermanentError
from dragoman_contracts.locale import Locale
from dragoman_models.adapters.deepl import target_code
from dragoman_models.clients import text_translator
from dragoman_models.endpoint import Endpoint
from dragoman_models.ports import TranslationReply, TranslationRequest
from models.faithful.base import KEY, Provider
from models.faithful.libretranslate import LibreServer
from models.kinds import DEEPL, LIBRE, TRANSLATION, Kind

_EACH = pytest.mark.parametrize("kind", TRANSLATION, ids=lambda kind: str(kind.api))
MARKUP = 'A <g id="1">red</g> apple'


@pytest.fixture
def server(kind: Kind) -> Iterator[Provider]:
    with kind.serve() as served:
        yield served


def texts(*texts: str, target: str = "es", **more: object) -> TranslationRequest:
    return TranslationRequest.model_validate(
        {"texts": texts, "source": Locale("en-GB"), "target": Locale(target), **more}
    )


async def translated(endpoint: Endpoint, request: TranslationRequest) -> TranslationReply:
    translator = text_translator(endpoint)
    try:
        return await translator.translate(request)
    finally:
        await translator.aclose()


async def failure(endpoint: Endpoint, request: TranslationRequest) -> DragomanError:
    with pytest.raises(DragomanError) as caught:
        await translated(endpoint, request)
    return caught.value


@_EACH
async def test_each_text_is_translated_in_its_place(kind: Kind, server: Provider) -> None:
    reply = await translated(kind.endpoint(server), texts("one", "two"))
    assert reply.texts == ("ONE", "TWO")
    assert reply.billed_characters == (6 if kind is DEEPL else 0)
    assert KEY not in reply.model_dump_json()


@_EACH
async def test_a_pair_is_refused_before_any_text_is_sent(kind: Kind, server: Provider) -> None:
    translator = text_translator(kind.endpoint(server))
    try:
        await translator.check_pair(Locale("en-GB"), Locale("es-MX"))
        for source, target in (("en", "tlh"), ("tlh", "en")):
            with pytest.raises(PermanentError, match="tlh") as caught:
                await translator.check_pair(Locale(source), Locale(target))
            assert caught.value.code == "engine.pair_unsupported"
    finally:
        await translator.aclose()
    assert not any(each.path.endswith("/translate") for each in server.seen)


@_EACH
async def test_a_service_that_does_not_say_its_languages_is_asked_all_the_same(
    kind: Kind, server: Provider
) -> None:
    server.close()
    translator = text_translator(kind.endpoint(server))
    try:
        await translator.check_pair(Locale("en"), Locale("tlh"))
    finally:
        await translator.aclose()


@_EACH
async def test_markup_survives(kind: Kind, server: Provider) -> None:
    reply = await translated(kind.endpoint(server), texts(MARKUP, is_markup=True))
    assert reply.texts == (MARKUP,)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        pytest.param(kind, mode, id=f"{kind.api}-{mode}")
        for kind in TRANSLATION
        for mode in kind.codes
    ],
)
async def test_each_refusal_has_its_code(kind: Kind, mode: str, server: Provider) -> None:
    server.modes = [mode]
    error = await failure(kind.endpoint(server), texts("one", "two"))
    assert error.code == kind.codes[mode]
    assert KEY not in error.message


@_EACH
async def test_a_wrong_key_is_refused(kind: Kind, server: Provider) -> None:
    error = await failure(kind.endpoint(server, api_key="sk-wr0ng-wr0ng"), texts("one"))
    assert error.code == "engine.unauthorised"
    assert "sk-wr0ng" not in error.message


@_EACH
async def test_a_pair_that_a_service_lacks_is_said_to_be_unsupported(
    kind: Kind, server: Provider
) -> None:
    error = await failure(kind.endpoint(server), texts("one", target="kl"))
    assert error.code == "engine.pair_unsupported"


@_EACH
async def test_too_much_at_once_is_to_be_asked_in_parts(kind: Kind, server: Provider) -> None:
    error = await failure(kind.endpoint(server), texts(*["x" * 30] * 101))
    assert error.code == "engine.context_exceeded"


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("en", "EN-US"),
        ("en-AU", "EN-GB"),
        ("pt", "PT-PT"),
        ("pt-BR", "PT-BR"),
        ("zh", "ZH-HANS"),
        ("zh-TW", "ZH-HANT"),
        ("zh-Hant", "ZH-HANT"),
        ("es-419", "ES-419"),
        ("es-MX", "ES"),
        ("de-CH", "DE"),
        ("no", "NB"),
    ],
)
def test_deepl_s_targets_have_a_region_where_it_matters(locale: str, code: str) -> None:
    assert target_code(Locale(locale)) == code


async def test_deepl_is_told_all_that_helps() -> None:
    request = texts(
        "one", context="fruit", formality="less", glossary_id="g1", instructions=("Be brief.",)
    )
    with DEEPL.serve() as server:
        reply = await translated(DEEPL.endpoint(server), request)
        sent = server.seen[0].body
    assert (sent["context"], sent["glossary_id"]) == ("fruit", "g1")
    assert (sent["formality"], sent["custom_instructions"]) == ("prefer_less", ["Be brief."])
    assert reply.provider_request_id == "trace-1"


async def test_deepl_refuses_markup_that_is_not_well_formed() -> None:
    with DEEPL.serve() as server:
        error = await failure(DEEPL.endpoint(server), texts("a <g>b", is_markup=True))
    assert error.code == "engine.bad_request"


async def test_libretranslate_is_asked_by_its_own_names() -> None:
    with LibreServer() as server:
        reply = await translated(LIBRE.endpoint(server), texts("one", target="zh-TW"))
        assert server.seen[-1].body["target"] == "zh-Hant"
        server.lists = False
        assert (await translated(LIBRE.endpoint(server), texts("one", target="es-MX"))).texts
    assert reply.texts == ("ONE",)
