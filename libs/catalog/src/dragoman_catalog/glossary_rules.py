"""The rules of glossaries: which terms an import changes, and which terms a job takes. Pure.

A job's glossaries stand in their order of precedence:

    project     invoice → Rechnung
    installation invoice → Faktura     left out: the project has its own word for an invoice
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from dragoman_catalog.glossary_values import Glossary, GlossaryTerm, TermChanges
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import Term, TermEntry, TermList, TermStatus

_DIGESTS = 1 << 256


def changes_of(
    known: Sequence[GlossaryTerm],
    entries: Iterable[TermEntry],
    new_id: Callable[[], UUID],
    *,
    replaces: bool = False,
) -> TermChanges:
    """The changes that make the entries terms of a glossary.

    An entry is that of a known term where locales, source and target are the same; of two entries
    for one term the last counts. With `replaces`, known terms without an entry are removed.
    """
    by_key = {term_key(term): term for term in known}
    wanted = {term_key(entry): entry for entry in entries}
    added: list[GlossaryTerm] = []
    changed: list[GlossaryTerm] = []
    for key, entry in wanted.items():
        before = by_key.get(key)
        after = GlossaryTerm(
            **entry.model_dump(exclude={"term_id"}), term_id=before.term_id if before else new_id()
        )
        if before is None:
            added.append(after)
        elif after != before:
            changed.append(after)
    removed = [term for key, term in by_key.items() if key not in wanted] if replaces else []
    return TermChanges(
        added=tuple(added),
        changed=tuple(changed),
        removed=tuple(removed),
        unchanged_count=len(wanted) - len(added) - len(changed),
    )


def term_key(term: TermEntry) -> tuple[str, str, str, str]:
    """The locales and texts by which a term is told from others of its glossary."""
    return (term.source_locale, term.target_locale, term.source, term.target)


def digest_with(digest: str, added: Iterable[TermEntry], removed: Iterable[TermEntry]) -> str:
    """The digest of terms after some came and others went.

    It is the sum of the terms' sha256, so that their order does not count and a change of one term
    does not need the others.
    """
    total = int(digest, 16) if digest else 0
    total += sum(map(_number, added)) - sum(map(_number, removed))
    return f"{total % _DIGESTS:064x}"


def terms_for(
    glossaries: Sequence[tuple[Glossary, Sequence[GlossaryTerm]]], source: Locale, target: Locale
) -> TermList:
    """The terms of a job between two locales, of glossaries in their order of precedence.

    The first glossary that has a source decides on its targets; a target that is forbidden later
    is forbidden, too, unless an earlier one says otherwise.
    """
    taken: dict[tuple[str, str], Term] = {}
    decided: dict[str, UUID] = {}
    used: list[tuple[UUID, int, str]] = []
    for glossary, terms in glossaries:
        found = [each for each in terms if is_for(each, source, target)]
        for each in found:
            key = _spelt(each)
            is_ours = decided.setdefault(key, glossary.glossary_id) == glossary.glossary_id
            if is_ours or each.status is TermStatus.FORBIDDEN:
                taken.setdefault((key, each.target), each.term)
        if found:
            used.append((glossary.glossary_id, glossary.version, glossary.name))
    return TermList(terms=tuple(taken.values()), glossaries=tuple(used))


def is_for(term: TermEntry, source: Locale, target: Locale) -> bool:
    """Whether a term is of use between two locales: `en` for `en-GB`, and the other way round."""
    return _fits(term.source_locale, source) and _fits(term.target_locale, target)


def _fits(term: Locale, job: Locale) -> bool:
    ours, theirs = term.split("-"), job.split("-")
    shorter = min(len(ours), len(theirs))
    return ours[:shorter] == theirs[:shorter]


def _spelt(term: TermEntry) -> str:
    return term.source if term.is_case_sensitive else term.source.casefold()


def _number(term: TermEntry) -> int:
    # Fields in one order, and no id: equal terms of two glossaries have one digest.
    text = TermEntry.model_validate(
        term.model_dump(exclude={"term_id"}, warnings=False)
    ).model_dump_json()
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
