"""DeepL's API, version 2: POST /v2/translate with JSON.

Texts with markup are sent as XML with `tag_handling_version` v2, which is strict: accounts that
used tags before December 2025 would get v1 otherwise, which mends what is not well-formed.
"""

from __future__ import annotations

import json

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_models.adapters.chatting import Body
from dragoman_models.adapters.connection import Connection
from dragoman_models.adapters.translating import listed, reply_of
from dragoman_models.endpoint import Endpoint
from dragoman_models.errors import ContextExceededError
from dragoman_models.json_values import as_list, as_object, as_text, count_in
from dragoman_models.ports import TextTranslator, TranslationReply, TranslationRequest

_MOST_TEXTS = 50
_MOST_BYTES = 128 * 1024
_FORMALITY = {"more": "prefer_more", "less": "prefer_less"}  # ignored where there is no such form
_BRITISH = frozenset({"AU", "GB", "IE", "IN", "MT", "NZ", "SG", "ZA"})
_TRADITIONAL = frozenset({"HK", "MO", "TW"})


class DeepLTranslator(TextTranslator):
    """Translates up to 50 texts and 128 KiB a request."""

    def __init__(self, endpoint: Endpoint) -> None:
        key = endpoint.api_key.get_secret_value()
        headers = {"Authorization": f"DeepL-Auth-Key {key}" if key else ""}
        self._connection = Connection(endpoint, headers, ("/v2/translate", "/v2"))
        self._languages: dict[str, frozenset[str]] = {}

    @override
    async def check_pair(self, source: Locale, target: Locale) -> None:
        wanted = {"source": source.language.upper(), "target": target_code(target)}
        for side, code in wanted.items():
            known = await self._listed(side)
            # A variety that is not listed is asked for all the same: lists are of the main ones.
            if known and code.partition("-")[0] not in known:
                locale = source if side == "source" else target
                message = f"DeepL has no {side} language {locale}; choose another service."
                raise PermanentError(message, code="engine.pair_unsupported")

    async def _listed(self, side: str) -> frozenset[str]:
        """The languages of a side without their varieties, asked for once; empty where DeepL does
        not say.
        """
        if side not in self._languages:
            found = await listed(self._connection, "v2/languages", {"type": side})
            if not isinstance(found, list):
                return frozenset()
            codes = (as_text(as_object(each).get("language")) for each in found)
            self._languages[side] = frozenset(code.upper().partition("-")[0] for code in codes)
        return self._languages[side]

    @override
    async def translate(self, request: TranslationRequest) -> TranslationReply:
        body = self._body(request)
        size_bytes = len(json.dumps(body, ensure_ascii=False).encode())
        if len(request.texts) > _MOST_TEXTS or size_bytes > _MOST_BYTES:
            message = f"DeepL takes {_MOST_TEXTS} texts and {_MOST_BYTES} bytes a request; ask for less at once."
            raise ContextExceededError(message)
        call = await self._connection.ask("v2/translate", body, "translations of DeepL")
        answer = as_object(call.answer.value)
        found = [as_object(each) for each in as_list(answer.get("translations"))]
        billed = sum(count_in(each, "billed_characters") for each in found)
        envelope: list[JsonValue] = [
            {key: value for key, value in each.items() if key != "text"} for each in found
        ]
        return reply_of(
            self._connection,
            request,
            call,
            [each.get("text") for each in found],
            prompt=call.body,
            envelope={"translations": envelope},
            billed_characters=billed or sum(len(each) for each in request.texts),
            model=as_text(found[0].get("model_type_used")) if found else "",
        )

    def _body(self, request: TranslationRequest) -> Body:
        body: Body = {
            "text": list(request.texts),
            "source_lang": request.source.language.upper(),
            "target_lang": target_code(request.target),
            "show_billed_characters": True,
        }
        if request.is_markup:
            body |= {"tag_handling": "xml", "tag_handling_version": "v2"}
        if request.context:
            body["context"] = request.context
        if request.formality:
            body["formality"] = _FORMALITY[request.formality]
        if request.glossary_id:
            body["glossary_id"] = request.glossary_id
        if request.instructions:
            body["custom_instructions"] = list(request.instructions)
        if self._connection.endpoint.model:
            body["model_type"] = self._connection.endpoint.model
        return body

    @override
    async def aclose(self) -> None:
        await self._connection.aclose()


def target_code(locale: Locale) -> str:
    """DeepL's name for a target: with a region or script where it tells them apart."""
    language, region = locale.language.upper(), locale.region or ""
    match language:
        case "EN":
            return "EN-GB" if region in _BRITISH else "EN-US"
        case "PT":
            return "PT-BR" if region == "BR" else "PT-PT"
        case "ZH":
            is_traditional = locale.script == "Hant" or region in _TRADITIONAL
            return "ZH-HANT" if is_traditional else "ZH-HANS"
        case "ES":
            return "ES-419" if region == "419" else "ES"
        case "NO" | "NN":
            return "NB"
        case _:
            return language
