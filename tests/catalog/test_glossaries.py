"""Glossaries and domain packs, on SQLite and on PostgreSQL; and what a job takes of them."""

from uuid import UUID

import pytest

from catalog.catalogs import ADA, NOW
from dragoman_catalog import (
    Catalog,
    EntryExistsError,
    EntryMissingError,
    Glossary,
    GlossaryEntry,
    GlossaryTerm,
    PackEntry,
    PolicyOverrides,
    StaleEditError,
    TermChanges,
    changes_of,
    policy_for,
    terms_for,
)
from dragoman_catalog.glossary_rules import digest_with
from dragoman_contracts.identity import new_id, project_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import TermEntry, TermStatus

on_both = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)
EN, DE = Locale("en"), Locale("de")


def entry(source: str, target: str, **options: object) -> TermEntry:
    return TermEntry.model_validate(
        {"source_locale": "en", "target_locale": "de", "source": source, "target": target} | options
    )


def texts(terms: list[GlossaryTerm]) -> list[tuple[str, str]]:
    return [(term.source, term.target) for term in terms]


async def filled(catalog: Catalog, name: str, *entries: TermEntry, **said: object) -> Glossary:
    made = await catalog.glossaries.create(
        ADA, NOW, GlossaryEntry.model_validate({"name": name, **said})
    )
    changes = changes_of([], entries, new_id)
    return await catalog.glossaries.change_terms(ADA, NOW, made.glossary_id, changes, version=1)


@on_both
async def test_every_edit_of_terms_is_a_version_and_the_older_ones_stay(catalog: Catalog) -> None:
    house = await filled(catalog, "House", entry("pump", "Pumpe"), entry("valve", "Klappe"))
    known = await catalog.glossaries.terms(house.glossary_id)
    edited = [entry("pump", "Pumpe", note="always"), entry("seal", "Dichtung")]
    changes = changes_of(known, edited, new_id, replaces=True)
    assert (len(changes.added), len(changes.changed), len(changes.removed)) == (1, 1, 1)
    after = await catalog.glossaries.change_terms(
        ADA, NOW, house.glossary_id, changes, version=house.version
    )
    assert (house.version, after.version, after.term_count) == (2, 3, 2)
    of = catalog.glossaries.terms
    assert texts(await of(house.glossary_id)) == [("pump", "Pumpe"), ("seal", "Dichtung")]
    assert texts(await of(house.glossary_id, version=2)) == [
        ("pump", "Pumpe"),
        ("valve", "Klappe"),
    ]
    assert await of(house.glossary_id, version=2) == known
    assert texts(await of(house.glossary_id, text="DICHT")) == [("seal", "Dichtung")]
    first = (await of(house.glossary_id, limit=1))[0]
    later = await of(house.glossary_id, after=("pump\npumpe", first.term_id))
    assert texts(later) == [("seal", "Dichtung")]


@on_both
async def test_equal_terms_have_one_digest_whatever_way_they_came(catalog: Catalog) -> None:
    one = await filled(catalog, "One", entry("a", "b"), entry("c", "d"))
    two = await filled(catalog, "Two", entry("c", "d"), entry("x", "y"))
    known = await catalog.glossaries.terms(two.glossary_id)
    changes = changes_of(known, [entry("c", "d"), entry("a", "b")], new_id, replaces=True)
    two = await catalog.glossaries.change_terms(ADA, NOW, two.glossary_id, changes, version=2)
    assert one.digest == two.digest
    again = changes_of(await catalog.glossaries.terms(one.glossary_id), [entry("a", "b")], new_id)
    assert again.is_empty
    same = await catalog.glossaries.change_terms(ADA, NOW, one.glossary_id, again, version=2)
    assert same == one


@on_both
async def test_an_edit_on_an_older_version_and_a_second_like_term_are_refused(
    catalog: Catalog,
) -> None:
    house = await filled(catalog, "House", entry("pump", "Pumpe"))
    twin = changes_of([], [entry("pump", "Pumpe")], new_id)
    with pytest.raises(StaleEditError):
        await catalog.glossaries.change_terms(ADA, NOW, house.glossary_id, twin, version=1)
    with pytest.raises(EntryExistsError):
        await catalog.glossaries.change_terms(ADA, NOW, house.glossary_id, twin, version=2)
    gone = TermChanges(removed=twin.added)
    with pytest.raises(EntryMissingError):
        await catalog.glossaries.change_terms(ADA, NOW, house.glossary_id, gone, version=2)
    with pytest.raises(EntryExistsError):
        await catalog.glossaries.create(ADA, NOW, GlossaryEntry(name="House"))
    assert await catalog.glossaries.find(house.glossary_id) == house


@on_both
async def test_a_job_uses_those_of_its_project_then_its_pack_then_the_installation(
    catalog: Catalog,
) -> None:
    project = project_id("default")
    await filled(catalog, "All", entry("pump", "Pumpe"))
    await filled(catalog, "Asked", entry("pump", "Pumpe"), is_automatic=False)
    await filled(catalog, "Mine", entry("pump", "Pumpe"), project_id=project)
    await filled(catalog, "Other pack", entry("pump", "Pumpe"), domain_pack_code="marketing")
    found = await catalog.glossaries.automatic(project, "contracts")
    assert [each.name for each in found] == ["Mine", "Contracts", "All"]
    shipped = await catalog.glossaries.terms(found[1].glossary_id)
    assert (len(shipped), found[1].term_count) == (60, 60)
    assert found[1].digest == digest_with("", shipped, ())


@on_both
async def test_a_removed_glossary_is_gone_with_its_terms(catalog: Catalog) -> None:
    house = await filled(catalog, "House", entry("pump", "Pumpe"))
    await catalog.glossaries.remove(ADA, NOW, house.glossary_id, version=2)
    assert await catalog.glossaries.find(house.glossary_id) is None
    assert await catalog.glossaries.terms(house.glossary_id) == []
    rows = await catalog.audit(entity_id=str(house.glossary_id))
    assert {row.action for row in rows} == {
        "glossary.created",
        "glossary.terms_edited",
        "glossary.removed",
    }


@on_both
async def test_a_domain_pack_keeps_every_version_it_had(catalog: Catalog) -> None:
    before = await catalog.domain_packs.find("marketing")
    assert before is not None
    change = PackEntry(name="Ads", style_guide="Short.", engine="pseudo", qa={"length.long": "off"})
    after = await catalog.domain_packs.edit(ADA, NOW, "marketing", version=1, entry=change)
    assert (after.version, after.name, after.qa) == (2, "Ads", {"length.long": "off"})
    kept = await catalog.domain_packs.versions("marketing")
    assert [each.pack for each in kept] == [after, before]
    with pytest.raises(StaleEditError):
        await catalog.domain_packs.edit(ADA, NOW, "marketing", version=1, entry=change)
    with pytest.raises(EntryExistsError):
        await catalog.domain_packs.create(ADA, NOW, "marketing", change)
    project = await catalog.projects.find("default")
    assert project is not None
    policy = policy_for(project, None, after, PolicyOverrides(), installation_engine="identity")
    assert (policy.engine, policy.qa) == ("pseudo", {"length.long": "off"})
    asked = PolicyOverrides(engine="identity", qa={"length.long": "info"})
    policy = policy_for(project, None, after, asked, installation_engine="openai")
    assert (policy.engine, policy.qa) == ("identity", {"length.long": "info"})


def _glossary(name: str, number: int) -> Glossary:
    return Glossary(
        name=name, glossary_id=UUID(int=number), term_count=1, digest="", edited_at=NOW,
        edited_by="ada", version=number,
    )  # fmt: skip


def _term(source: str, target: str, **options: object) -> GlossaryTerm:
    return changes_of([], [entry(source, target, **options)], new_id).added[0]


def test_the_first_glossary_that_has_a_source_decides_on_its_targets() -> None:
    forbidden = {"status": TermStatus.FORBIDDEN}
    found = terms_for(
        [
            (
                _glossary("House", 1),
                [_term("invoice", "Rechnung"), _term("x", "y", source_locale="fr")],
            ),
            (_glossary("None", 2), [_term("x", "y", target_locale="es")]),
            (
                _glossary("World", 3),
                [
                    _term("Invoice", "Faktura"),
                    _term("invoice", "Nota", **forbidden),
                    _term("invoice", "Rechnung", **forbidden),
                    _term("order", "Bestellung"),
                ],
            ),
        ],
        EN,
        Locale("de-CH"),
    )
    assert [(term.source, term.target, term.status.value) for term in found.terms] == [
        ("invoice", "Rechnung", "preferred"),
        ("invoice", "Nota", "forbidden"),
        ("order", "Bestellung", "preferred"),
    ]
    assert found.glossaries == ((UUID(int=1), 1, "House"), (UUID(int=3), 3, "World"))
