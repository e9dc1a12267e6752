"""The adapter of LanguageTool, against a server that answers and refuses as the real one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_qa.adapters.languagetool import LanguageToolChecker
from dragoman_qa.ports import GrammarFindings, GrammarText
from services.qa.languagetool_server import LanguageToolServer, languagetool

DE = Locale("de")


async def asked(
    server: LanguageToolServer,
    *texts: str,
    locale: Locale = DE,
    timeout_s: float = 10,
    max_characters: int = 20_000,
) -> GrammarFindings:
    checker = LanguageToolChecker(server.url, timeout_s=timeout_s, max_characters=max_characters)
    try:
        return await checker.check(
            [GrammarText(unit_id=str(number), text=text) for number, text in enumerate(texts)],
            locale,
        )
    finally:
        await checker.aclose()


def places(found: GrammarFindings, texts: Sequence[str]) -> dict[str, list[str]]:
    """The words that the findings stand at, by unit."""
    plain = [text.replace("\ufffc", "") for text in texts]
    return {
        unit_id: [plain[int(unit_id)][each.start : each.end] for each in findings]
        for unit_id, findings in found.findings.items()
    }


async def test_a_match_stands_at_its_words_in_its_unit() -> None:
    texts = (
        "Kein Wort.",
        "Ein Fehhler.",
        "\U0001f600 Noch ein Fehhler, ein FEHHLER.",
        "\ufffcSeite\ufffc fehhler",
    )
    with languagetool() as server:
        found = await asked(server, *texts)
        assert len(server.requests) == 1
    assert places(found, texts) == {"1": ["Fehhler"], "2": ["Fehhler", "FEHHLER"], "3": ["fehhler"]}
    (finding,) = found.findings["1"]
    assert finding.code == "grammar.languagetool"
    assert (
        finding.message == "GERMAN_SPELLER_RULE: Möglicher Rechtschreibfehler; look at the words."
    )


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("de", "de-DE"),
        ("de-AT", "de-AT"),
        ("de-LI", "de-DE"),
        ("fr-CA", "fr"),
        ("en", "en-US"),
        ("zh-Hans-CN", "zh-CN"),
    ],
)
async def test_the_variety_of_the_locale_is_asked_for(locale: str, code: str) -> None:
    with languagetool() as server:
        await asked(server, "Ein Wort", locale=Locale(locale))
        assert server.requests[0]["language"] == [code]


async def test_a_language_that_the_server_lacks_is_said_and_not_asked() -> None:
    with languagetool() as server:
        found = await asked(server, "Trumpas tekstas", locale=Locale("lt"))
        assert (found.is_supported, found.findings, server.requests) == (False, {}, [])


async def test_many_units_go_in_requests_that_fit() -> None:
    texts = ["Ein Fehhler steht hier. " + "Wort " * 60] * 12
    with languagetool(max_text_length=1_000) as server:
        found = await asked(server, *texts, max_characters=1_000)
        assert len(server.requests) == 4
    assert places(found, texts) == {str(number): ["Fehhler"] for number in range(12)}


async def test_a_server_with_a_smaller_limit_gets_halves() -> None:
    texts = ["Ein Fehhler. " + "Wort " * 60] * 5
    with languagetool(max_text_length=700) as server:
        found = await asked(server, *texts)
    assert places(found, texts) == {str(number): ["Fehhler"] for number in range(5)}


async def test_a_unit_longer_than_the_server_takes_is_refused_with_the_cure() -> None:
    with (
        languagetool(max_text_length=50) as server,
        pytest.raises(PermanentError, match="raise its maxTextLength") as refused,
    ):
        await asked(server, "Wort " * 60)
    assert refused.value.code == "languagetool.too_long"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_busy_server_is_asked_again_later(status: int) -> None:
    with languagetool(status) as server, pytest.raises(RetryableError) as refused:
        await asked(server, "Ein Wort")
    assert refused.value.code == "languagetool.unavailable"


async def test_a_server_that_is_away_or_silent_is_asked_again_later() -> None:
    with languagetool(wait_s=0.5) as server, pytest.raises(RetryableError):
        await asked(server, "Ein Wort", timeout_s=0.1)
    with pytest.raises(RetryableError, match="does not answer"):
        await asked(server, "Ein Wort")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_no_outage(status: int) -> None:
    with languagetool(status) as server, pytest.raises(PermanentError) as refused:
        await asked(server, "Ein Wort")
    assert refused.value.code == "languagetool.refused"
    assert "Wort" not in refused.value.message


async def test_what_is_no_languagetool_is_refused() -> None:
    with (
        languagetool(talks=False) as server,
        pytest.raises(PermanentError, match="no LanguageTool"),
    ):
        await asked(server, "Ein Wort")
