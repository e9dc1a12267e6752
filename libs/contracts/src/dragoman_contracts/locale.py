"""Locale: a BCP-47 language tag, normalised when it enters (RFC 5646 §2.1 and §2.1.1)."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from dragoman_contracts.errors import InvalidLocaleError

# Language, optional extended languages, script, region, then variants, extensions and private use.
_TAG = re.compile(
    r"(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"
    r"(?:-(?P<script>[A-Za-z]{4}))?"
    r"(?:-(?P<region>[A-Za-z]{2}|\d{3}))?"
    r"(?P<rest>(?:-(?:[A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?)",
    re.ASCII,
)
_RTL_SCRIPTS = frozenset({"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg", "Mand", "Samr"})
_RTL_LANGUAGES = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "syr", "ug", "ur", "yi"}
)


class Locale(str):
    """A language tag such as `de-CH` or `zh-Hant`, in the case RFC 5646 §2.1.1 recommends.

    Equal tags compare equal whatever case or separator they were typed with (`zh_hant` is
    `zh-Hant`).

    Raises:
        InvalidLocaleError: the text is not a well-formed tag; ask the caller for one such as `en`
            or `pt-BR`.
    """

    __slots__ = ()

    def __new__(cls, tag: str) -> Self:
        """Parse and normalise `tag`."""
        # POSIX and CLDR write an underscore where BCP 47 has a hyphen.
        match = _TAG.fullmatch(tag.strip().replace("_", "-"))
        if match is None:
            raise InvalidLocaleError(
                f"{tag[:40]!r} is not a BCP-47 language tag; write it like en, de-CH or zh-Hant."
            )
        language, script, region, rest = match.group("language", "script", "region", "rest")
        parts = [language.lower()]
        if script:
            parts.append(script.title())
        if region:
            parts.append(region.upper())
        return super().__new__(cls, "-".join(parts) + rest.lower())

    @property
    def language(self) -> str:
        """The primary language subtag: `zh` of `zh-Hant`."""
        return self.split("-", 1)[0]

    @property
    def script(self) -> str | None:
        """The script subtag, when the tag names one."""
        match = _TAG.fullmatch(self)
        return match.group("script") if match else None

    @property
    def region(self) -> str | None:
        """The region subtag, when the tag names one: `CH` of `de-CH`, `419` of `es-419`."""
        match = _TAG.fullmatch(self)
        return match.group("region") if match else None

    @property
    def is_right_to_left(self) -> bool:
        """Whether text in this locale runs from right to left."""
        return self.script in _RTL_SCRIPTS if self.script else self.language in _RTL_LANGUAGES

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(max_length=64)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "maxLength": 64,
            "description": "BCP-47 language tag",
            "examples": ["en", "de-CH"],
        }
