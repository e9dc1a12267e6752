"""Who may do what to a memory, and what a replacement makes of a unit. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from dragoman_catalog.memory_values import Memory
from dragoman_catalog.values import Role
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.text import Content, Tag, normalised, plain_text
from dragoman_gateway.web.errors import ForbiddenError
from dragoman_gateway.web.principals import Principal
from dragoman_linguistics import TaggedText, parse, render, render_by
from dragoman_memory.unit import MemoryState, MemoryUnit


class MemoryMissingError(PermanentError):
    """There is no such memory, or none that the principal sees."""

    default_code = "memory.missing"


class UnitRefusedError(PermanentError):
    """A unit's target cannot be taken as it was written."""

    default_code = "memory.unit_refused"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A text to find in targets and what takes its place. Tags stay where they are."""

    find: str
    replace: str
    match_case: bool = False
    whole_words: bool = False

    def pattern(self) -> re.Pattern[str]:
        """The search as a regular expression."""
        text = re.escape(self.find)
        if self.whole_words:
            text = rf"\b{text}\b"
        return re.compile(text, 0 if self.match_case else re.IGNORECASE)


def is_seen(memory: Memory, principal: Principal) -> bool:
    """Whether the principal may read the memory: the installation's are read by all."""
    return memory.is_shared or principal.sees(memory.project_id)


def require_writer(memory: Memory, principal: Principal) -> None:
    """Refuse who may not change the memory's units.

    Raises:
        ForbiddenError: it is the installation's, which admins of all projects write to.
    """
    if memory.is_shared:
        principal.require(Role.ADMIN)
        if principal.project_codes is not None:
            raise ForbiddenError(
                "This memory is the installation's; use a credential that is not limited to projects."
            )


def require_promoter(principal: Principal, *states: MemoryState) -> None:
    """Refuse who may not make units approved, nor change those that are: what is approved is used
    without anybody being asked again.

    Raises:
        ForbiddenError: the principal is no admin.
    """
    if MemoryState.APPROVED in states:
        principal.require(Role.ADMIN)


def written(unit: MemoryUnit) -> tuple[str, str]:
    """Source and target as people read them, with tags as `<1>…</1>`."""
    key = render(unit.source)
    return key.text, render_by(unit.target, key)


def read_target(unit: MemoryUnit, text: str) -> Content:
    """The target that a person wrote.

    Raises:
        UnitRefusedError: it is empty, or has a tag that the source has not.
    """
    content = normalised(parse(text, _key(unit)))
    if not plain_text(content).strip():
        raise UnitRefusedError("The target is empty; write it, or delete the unit.")
    known = [part for part in unit.source if isinstance(part, Tag)]
    foreign = [str(p) for p in content if isinstance(p, Tag) and p not in known]
    if foreign:
        raise UnitRefusedError(
            f"The source has no tag {', '.join(sorted(set(foreign)))}; use the source's tags."
        )
    return content


def edited(
    unit: MemoryUnit,
    by: str,
    now: datetime,
    *,
    target: Content | None = None,
    state: MemoryState | None = None,
    domain: str | None = None,
    notes: tuple[str, ...] | None = None,
) -> MemoryUnit:
    """The unit with what was said of it; the same unit where nothing is another."""
    said: dict[str, object] = {
        "target": target,
        "state": state,
        "domain": domain,
        "notes": notes,
    }
    changes = {
        name: value
        for name, value in said.items()
        if value is not None and value != getattr(unit, name)
    }
    if not changes:
        return unit
    return unit.model_copy(update=changes | {"changed_at": now, "changed_by": by})


def replaced(unit: MemoryUnit, wanted: Replacement, pattern: re.Pattern[str]) -> Content | None:
    """The unit's target with what was found replaced; None where nothing was, or nothing is left."""
    content = normalised(
        pattern.sub(lambda _: wanted.replace, part) if isinstance(part, str) else part
        for part in unit.target
    )
    is_same = content == unit.target or not plain_text(content).strip()
    return None if is_same else content


def _key(unit: MemoryUnit) -> TaggedText:
    return render(unit.source)
