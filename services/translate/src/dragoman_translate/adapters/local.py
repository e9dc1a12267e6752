"""Engines that need nothing but the text: `identity` and `pseudo`, for tests and dry runs."""

from __future__ import annotations

import json
from collections.abc import Callable

from dragoman_contracts.locale import Locale
from dragoman_translate.ports import (
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    EngineSignature,
    RawTarget,
    ReplyListener,
)

# These engines leave text as it is by design, or write it in other letters: what it says and in
# which language is not their affair. What is lost, cut, added or shifted is.
_SAYS_NOTHING = (
    "text.untranslated",
    "text.unchanged",
    "language.script",
    "language.wrong",
    "terms.missing",
    "terms.translated",
)
_OTHER_LETTERS = (
    *_SAYS_NOTHING,
    "placeholders.missing",
    "placeholders.added",
    "placeholders.tags",
    "addresses.missing",
    "codes.missing",
    "amounts.currency",
    "amounts.unit",
    "tags.inside_word",
)
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшщэ"
_PSEUDO = str.maketrans(_LATIN + _LATIN.upper(), _CYRILLIC + _CYRILLIC.upper())


def pseudo_text(text: str) -> str:
    """The text with each letter a to z as a Cyrillic one of its own, capitals likewise; all else,
    tags too, as it is.
    """
    return text.translate(_PSEUDO)


def same_text(text: str) -> str:
    """The text itself."""
    return text


class LocalEngine:
    """An engine that is a function of the text: exact, free, the same for every pair of locales."""

    def __init__(
        self, name: str, rewrite: Callable[[str], str], inapplicable_checks: tuple[str, ...] = ()
    ) -> None:
        self._name = name
        self._rewrite = rewrite
        self._capabilities = EngineCapabilities(
            max_units_per_batch=1_000, inapplicable_checks=inapplicable_checks
        )

    @property
    def name(self) -> str:
        """`identity` or `pseudo`."""
        return self._name

    @property
    def capabilities(self) -> EngineCapabilities:
        """Any batch; QA checks that would only say what the engine is are left out."""
        return self._capabilities

    @property
    def signature(self) -> EngineSignature:
        """Its name: the same text always gives the same answer."""
        return EngineSignature(name=self._name)

    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Accept every pair."""

    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        """Rewrite each unit's protocol text."""
        targets = tuple(
            RawTarget(unit_id=unit.unit_id, target=self._rewrite(unit.source.text))
            for unit in request.units
        )
        return EngineReply(
            targets=targets,
            model=self._name,
            prompt={
                "units": [
                    {"id": unit.unit_id, "source": unit.source.text} for unit in request.units
                ]
            },
            response=json.dumps(
                {"units": [{"id": target.unit_id, "target": target.target} for target in targets]},
                ensure_ascii=False,
            ),
        )

    async def aclose(self) -> None:
        """Do nothing: there is nothing to end."""


def identity_engine() -> LocalEngine:
    """The engine that gives each source back:
    shows that nothing but an engine changes a document.
    """
    return LocalEngine("identity", same_text, inapplicable_checks=_SAYS_NOTHING)


def pseudo_engine() -> LocalEngine:
    """The engine that writes Latin letters as Cyrillic ones: shows at a glance what was translated
    and what was not.

    Text without a Latin letter comes back as it is, so "untranslated" says nothing about it; nor
    does what has to stay letter by letter.
    """
    return LocalEngine("pseudo", pseudo_text, inapplicable_checks=_OTHER_LETTERS)
