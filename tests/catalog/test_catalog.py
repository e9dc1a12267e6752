"""The repositories, on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, update

from catalog.catalogs import ADA, NOW
from dragoman_catalog import (
    Catalog,
    EntryExistsError,
    EntryMissingError,
    LastAdminError,
    PolicyOverrides,
    ProjectSettings,
    Role,
    StaleEditError,
    migrate_catalog,
    tables,
)
from dragoman_contracts.identity import new_id, project_id
from dragoman_contracts.locale import Locale
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

pytestmark = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)


async def test_migrations_make_the_tables_the_code_uses(catalog_url: str) -> None:
    await migrate_catalog(catalog_url)
    await migrate_catalog(catalog_url)  # a second start changes nothing
    engine = create_views_engine(sqlalchemy_url(catalog_url))

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"version_table": "alembic_version_catalog"}
        )
        return list(compare_metadata(context, tables.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_settings_of_another_version_are_left_out_when_they_are_read(
    catalog: Catalog, catalog_url: str
) -> None:
    settings = {"batch_size": 7, "prompt_version": "2", "segmentation_rules": "house"}
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    async with engine.execution_options(is_writing=True).begin() as connection:
        await connection.execute(update(tables.projects).values(settings=settings))
    project = await catalog.projects.find("default")
    assert project is not None
    pair = await catalog.language_pairs.create(
        ADA,
        NOW,
        project,
        source=Locale("en"),
        target=Locale("de"),
        is_active=True,
        overrides=PolicyOverrides(),
    )
    async with engine.execution_options(is_writing=True).begin() as connection:
        await connection.execute(
            update(tables.language_pairs).values(overrides={"prompt_version": "2", "engine": "x"})
        )
    await engine.dispose()
    assert project.settings == ProjectSettings(batch_size=7)
    found = await catalog.language_pairs.find(pair.pair_id)
    assert found is not None
    assert found.overrides == PolicyOverrides(engine="x")


async def test_a_new_catalogue_has_the_default_project_and_the_domain_packs_that_are_shipped(
    catalog: Catalog,
) -> None:
    project = await catalog.projects.find("default")
    assert project is not None
    assert project.project_id == project_id("default")
    assert project.settings == ProjectSettings()
    assert [pack.code for pack in await catalog.domain_packs.all()] == [
        "contracts",
        "general",
        "marketing",
        "technical-manual",
    ]
    assert await catalog.projects.find("other") is None


async def test_a_project_is_edited_only_on_its_newest_version(catalog: Catalog) -> None:
    settings = ProjectSettings(default_engine="pseudo", retention_days=30)
    made = await catalog.projects.create(ADA, NOW, code="legal", name="Legal", settings=settings)
    edited = await catalog.projects.edit(
        ADA, NOW, "legal", version=1, name="Law", settings=settings
    )
    assert (made.version, edited.version, edited.name) == (1, 2, "Law")
    assert await catalog.projects.find("legal") == edited
    with pytest.raises(StaleEditError):
        await catalog.projects.edit(ADA, NOW, "legal", version=1, name="Late", settings=settings)
    with pytest.raises(EntryMissingError):
        await catalog.projects.edit(ADA, NOW, "none", version=1, name="X", settings=settings)
    with pytest.raises(EntryExistsError):
        await catalog.projects.create(ADA, NOW, code="legal", name="Again", settings=settings)


async def test_every_edit_has_an_audit_row_and_a_refused_one_has_none(catalog: Catalog) -> None:
    await catalog.projects.create(ADA, NOW, code="legal", name="Legal", settings=ProjectSettings())
    later = NOW + timedelta(seconds=1)
    await catalog.projects.edit(
        ADA, later, "legal", version=1, name="Law", settings=ProjectSettings()
    )
    with pytest.raises(StaleEditError):
        await catalog.projects.edit(
            ADA, later, "legal", version=1, name="X", settings=ProjectSettings()
        )
    edited, created = await catalog.audit()
    assert [created.action, edited.action] == ["project.created", "project.edited"]
    assert (created.actor, created.source_address, created.entity_id) == (
        "user:ada",
        "192.0.2.7",
        "legal",
    )
    assert created.before_digest == ""
    assert created.after_digest == edited.before_digest != edited.after_digest
    assert await catalog.audit(before=(edited.occurred_at, edited.entry_id)) == [created]
    assert await catalog.audit(since=later) == [edited]
    assert await catalog.audit(until=later, actor="user:ada", action="project.created") == [created]
    assert await catalog.audit(project_ids=frozenset({project_id("default")})) == []
    assert await catalog.audit(project_ids=frozenset({project_id("legal")}), limit=1) == [edited]


async def test_a_language_pair_is_found_by_its_locales_and_can_be_closed_and_removed(
    catalog: Catalog,
) -> None:
    project = await catalog.projects.find("default")
    assert project is not None
    en, swiss = Locale("en"), Locale("de-CH")
    pair = await catalog.language_pairs.create(
        ADA,
        NOW,
        project,
        source=en,
        target=swiss,
        is_active=True,
        overrides=PolicyOverrides(engine="pseudo"),
    )
    assert await catalog.language_pairs.between(project.project_id, en, Locale("DE_ch")) == pair
    assert await catalog.language_pairs.between(project.project_id, swiss, en) is None
    with pytest.raises(EntryExistsError):
        await catalog.language_pairs.create(
            ADA, NOW, project, source=en, target=swiss, is_active=False, overrides=PolicyOverrides()
        )
    closed = await catalog.language_pairs.edit(
        ADA, NOW, pair.pair_id, version=1, is_active=False, overrides=PolicyOverrides()
    )
    assert await catalog.language_pairs.find(pair.pair_id) == closed
    with pytest.raises(StaleEditError):
        await catalog.language_pairs.remove(ADA, NOW, pair.pair_id, version=1)
    await catalog.language_pairs.remove(ADA, NOW, pair.pair_id, version=2)
    assert await catalog.language_pairs.all(project.project_id) == []


async def test_a_password_opens_only_to_its_own_active_user(catalog: Catalog) -> None:
    root = await catalog.users.ensure_first_admin(NOW)
    assert (await catalog.users.ensure_first_admin(NOW)).user_id == root.user_id
    ben = await catalog.users.create(
        ADA, NOW, name="ben", display_name="Ben", role=Role.OPERATOR, password="correct horse"
    )
    assert await catalog.users.authenticated("ben", "correct horse") == ben
    assert await catalog.users.authenticated("ben", "wrong") is None
    assert await catalog.users.authenticated("nobody", "correct horse") is None
    assert await catalog.users.authenticated("admin", "") is None
    secret = await catalog.sessions.open(ADA, NOW, ben, ttl=timedelta(hours=1))
    await catalog.users.edit(
        ADA, NOW, ben.user_id, version=1, display_name="Ben", role=Role.OPERATOR, is_active=False
    )
    assert await catalog.users.authenticated("ben", "correct horse") is None
    assert await catalog.sessions.user(secret, NOW) is None


async def test_the_last_active_admin_cannot_be_made_operator_or_inactive(catalog: Catalog) -> None:
    root = await catalog.users.ensure_first_admin(NOW)
    for role, is_active in ((Role.OPERATOR, True), (Role.ADMIN, False)):
        with pytest.raises(LastAdminError):
            await catalog.users.edit(
                ADA,
                NOW,
                root.user_id,
                version=1,
                display_name="Root",
                role=role,
                is_active=is_active,
            )
    assert await catalog.users.find(root.user_id) == root


async def test_a_token_opens_until_it_expires_or_is_revoked_and_its_secret_is_not_stored(
    catalog: Catalog,
) -> None:
    root = await catalog.users.ensure_first_admin(NOW)
    made = await catalog.tokens.create(
        ADA,
        NOW,
        user_id=root.user_id,
        name="CI",
        role=Role.OPERATOR,
        project_codes=("default",),
        expires_at=NOW + timedelta(days=1),
    )
    used = await catalog.tokens.use(made.secret, NOW)
    assert used is not None
    assert (used.user, used.token.project_codes) == (root, ("default",))
    assert await catalog.tokens.use(made.secret, NOW + timedelta(days=1)) is None
    assert await catalog.tokens.use(made.secret + "x", NOW) is None
    (listed,) = await catalog.tokens.all()
    assert listed.last_used_at == NOW
    await catalog.tokens.revoke(ADA, NOW, made.token.token_id)
    await catalog.tokens.revoke(ADA, NOW, made.token.token_id)
    assert await catalog.tokens.use(made.secret, NOW) is None
    assert [row.action for row in await catalog.audit()].count("token.revoked") == 1
    with pytest.raises(EntryMissingError):
        await catalog.tokens.create(ADA, NOW, user_id=new_id(), name="X", role=Role.ADMIN)


async def test_a_sign_in_link_works_once_and_not_after_it_expired(catalog: Catalog) -> None:
    root = await catalog.users.ensure_first_admin(NOW)
    ttl = timedelta(minutes=10)
    link = await catalog.sign_in_links.create(ADA, NOW, root.user_id, ttl=ttl)
    assert await catalog.sign_in_links.redeem(link, NOW + ttl) is None
    assert await catalog.sign_in_links.redeem(link, NOW) == root
    assert await catalog.sign_in_links.redeem(link, NOW) is None
    assert await catalog.sign_in_links.redeem("drl_guess", NOW) is None


async def test_a_session_ends_by_time_and_by_signing_out(catalog: Catalog) -> None:
    root = await catalog.users.ensure_first_admin(NOW)
    ttl = timedelta(hours=8)
    first = await catalog.sessions.open(ADA, NOW, root, ttl=ttl)
    assert await catalog.sessions.user(first, NOW) == root
    assert await catalog.sessions.user(first, NOW + ttl) is None
    await catalog.sessions.close(ADA, NOW, first)
    await catalog.sessions.close(ADA, NOW, first)
    assert await catalog.sessions.user(first, NOW) is None
    assert [row.action for row in await catalog.audit()].count("session.closed") == 1


async def test_the_terms_of_a_submission_are_read_at_once_and_say_what_is_not_entered(
    catalog: Catalog,
) -> None:
    en, swiss = Locale("en"), Locale("de-CH")
    terms = await catalog.submission_terms("default", "general", en, swiss)
    assert terms.project == await catalog.projects.find("default")
    assert terms.pack == await catalog.domain_packs.find("general")
    assert terms.pair is None
    assert terms.project is not None
    pair = await catalog.language_pairs.create(
        ADA,
        NOW,
        terms.project,
        source=en,
        target=swiss,
        is_active=True,
        overrides=PolicyOverrides(),
    )
    assert (await catalog.submission_terms("default", "general", en, swiss)).pair == pair
    nothing = await catalog.submission_terms("nowhere", "nothing", en, swiss)
    assert (nothing.project, nothing.pair, nothing.pack) == (None, None, None)
