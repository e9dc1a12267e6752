"""LibreTranslate's API: POST /translate, with the key in the body."""

from __future__ import annotations

from typing_extensions import override

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_models.adapters.chatting import Body
from dragoman_models.adapters.connection import Connection
from dragoman_models.adapters.translating import listed, reply_of
from dragoman_models.endpoint import Endpoint
from dragoman_models.json_values import as_list, as_object, as_text
from dragoman_models.ports import TextTranslator, TranslationReply, TranslationRequest

_TRADITIONAL = frozenset({"HK", "MO", "TW"})
_KEY = "api_key"


class LibreTranslator(TextTranslator):
    """Translates with the language packages that the server has."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._connection = Connection(endpoint, {}, ("/translate",))
        self._targets: dict[str, frozenset[str]] | None = None

    @override
    async def translate(self, request: TranslationRequest) -> TranslationReply:
        source, target = await self._codes(request.source, request.target)
        body: Body = {
            "q": list(request.texts),
            "source": source,
            "target": target,
            "format": "html" if request.is_markup else "text",
        }
        key = self._connection.endpoint.api_key.get_secret_value()
        sent: Body = {**body, _KEY: key} if key else body
        call = await self._connection.ask("translate", sent, "translations of LibreTranslate")
        answer = as_object(call.answer.value)
        texts = answer.get("translatedText")
        return reply_of(
            self._connection,
            request,
            call,
            [texts] if isinstance(texts, str) else as_list(texts),
            prompt=body,
            envelope={key: value for key, value in answer.items() if key != "translatedText"},
        )

    @override
    async def check_pair(self, source: Locale, target: Locale) -> None:
        await self._codes(source, target)

    async def _codes(self, source: Locale, target: Locale) -> tuple[str, str]:
        """The server's names for the locales; their language subtags where it lists none.

        Raises:
            PermanentError: engine.pair_unsupported.
        """
        targets = await self._listed()
        if not targets:
            return source.language, target.language
        for source_code in _names(source):
            for target_code in _names(target):
                if target_code in targets.get(source_code, frozenset()):
                    return source_code, target_code
        message = (
            f"This LibreTranslate does not translate {source} into {target}; start it with --load-only "
            "including both, or choose another service."
        )
        raise PermanentError(message, code="engine.pair_unsupported")

    async def _listed(self) -> dict[str, frozenset[str]]:
        """The targets of each source, asked for once; empty where the server does not say."""
        if self._targets is None:
            found = await listed(self._connection, "languages")
            if found is None:
                return {}
            self._targets = {
                as_text(each.get("code")): frozenset(
                    as_text(target) for target in as_list(each.get("targets"))
                )
                for each in map(as_object, as_list(found))
            }
        return self._targets

    @override
    async def aclose(self) -> None:
        await self._connection.aclose()


def _names(locale: Locale) -> list[str]:
    """The names that servers have had for a locale, best first."""
    language = locale.language
    if language == "zh":
        is_traditional = locale.script == "Hant" or locale.region in _TRADITIONAL
        return ["zh-Hant", "zt"] if is_traditional else ["zh-Hans", "zh"]
    if language in ("no", "nn"):
        return [str(locale), "nb"]
    return [str(locale), language]
