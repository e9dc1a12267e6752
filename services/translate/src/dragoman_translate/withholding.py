"""Keeps from an engine what the job's policy lets no provider see, and puts it back into targets.

The only place where this is done: everything that a request is made of goes through `withheld`.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from dragoman_contracts.redaction import Redaction
from dragoman_contracts.text import Unit, UnitTarget
from dragoman_linguistics.redaction import Redactor, Vault
from dragoman_translate.ports import EngineContext, PromptTerm, UnitHints

_M = TypeVar("_M", bound=BaseModel)
_T = TypeVar("_T", EngineContext, UnitHints)


@dataclass(frozen=True, slots=True)
class Withheld:
    """The fields of a question as an engine may see them, and the texts behind its placeholders."""

    shown: Mapping[str, Any]
    vaults: Mapping[str, Vault]

    def restored(self, targets: Iterable[UnitTarget]) -> tuple[UnitTarget, ...]:
        """The targets with the texts in place of their placeholders."""
        return tuple(
            target.model_copy(
                update={"target": self.vaults[target.unit_id].restored(target.target)}
            )
            if target.unit_id in self.vaults
            else target
            for target in targets
        )


def withheld(
    units: Sequence[Unit],
    context: EngineContext,
    hints: Mapping[str, UnitHints],
    rules: Redaction | None,
) -> Withheld:
    """The units, the context and the hints of a question without what the rules name.

    A term that holds any of it is left out: no engine could follow it.

    Raises:
        RedactionTimeoutError: a pattern of the project takes too long.
    """
    if rules is None or rules.is_empty:
        return Withheld({}, {})
    redactor = Redactor(rules)
    shown, vaults = list[Unit](), dict[str, Vault]()
    for unit in units:
        redacted, vault = redactor.unit(unit)
        shown.append(redacted)
        if vault.texts:
            vaults[unit.unit_id] = vault
    marked = {unit_id: _without_secrets(redactor, each) for unit_id, each in hints.items()}
    return Withheld(
        {
            "units": tuple(shown),
            "context": _without_secrets(redactor, context),
            "hints": marked,
        },
        vaults,
    )


def _without_secrets(redactor: Redactor, about: _T) -> _T:
    terms = tuple(each for each in about.terms if not _is_secret(redactor, each))
    return _marked(redactor, about.model_copy(update={"terms": terms}))


def _is_secret(redactor: Redactor, term: PromptTerm) -> bool:
    return bool(redactor.spans(term.source) or redactor.spans(term.target))


def _marked(redactor: Redactor, value: _M) -> _M:
    """The value with every text in it marked, however deep: a field that comes later, too."""
    changes = {
        name: _marked_any(redactor, getattr(value, name)) for name in type(value).model_fields
    }
    return value.model_copy(update=changes)


def _marked_any(redactor: Redactor, value: Any) -> Any:
    if isinstance(value, str):
        return redactor.marked(value)
    if isinstance(value, BaseModel):
        return _marked(redactor, value)
    if isinstance(value, tuple):
        return tuple(_marked_any(redactor, each) for each in cast("tuple[Any, ...]", value))
    if isinstance(value, dict):
        pairs = cast("dict[Any, Any]", value).items()
        return {key: _marked_any(redactor, each) for key, each in pairs}
    return value
