"""How a policy comes together."""

from dragoman_catalog import DomainPack, LanguagePair, PolicyOverrides, Project, ProjectSettings, policy_for
from dragoman_contracts.identity import new_id, project_id
from dragoman_contracts.locale import Locale

PACK = DomainPack(code="general", name="General", description="")


def project(settings: ProjectSettings) -> Project:
    return Project(project_id=project_id("p"), code="p", name="P", settings=settings, version=1)


def pair(overrides: PolicyOverrides) -> LanguagePair:
    return LanguagePair(
        pair_id=new_id(),
        project_id=project_id("p"),
        source_locale=Locale("en"),
        target_locale=Locale("de"),
        is_active=True,
        overrides=overrides,
        version=1,
    )


def test_an_empty_project_takes_the_installation_engine_and_the_defaults() -> None:
    policy = policy_for(project(ProjectSettings()), None, PACK, PolicyOverrides(), installation_engine="apertium")
    assert (policy.engine, policy.model, policy.batch_size, policy.domain_pack_code) == ("apertium", "", 25, "general")


def test_the_request_goes_before_the_pair_and_the_pair_before_the_project() -> None:
    settings = ProjectSettings(default_engine="identity", batch_size=5, qa_profile="strict")
    of_pair = pair(PolicyOverrides(engine="pseudo", batch_size=7))
    asked = PolicyOverrides(engine="openai", nonce="again")
    policy = policy_for(project(settings), of_pair, PACK, asked, installation_engine="x")
    assert (policy.engine, policy.batch_size, policy.qa_profile, policy.nonce) == ("openai", 7, "strict", "again")


def test_a_model_stays_with_the_engine_it_was_chosen_for() -> None:
    settings = ProjectSettings(default_engine="openai", model="project-model")
    of_pair = pair(PolicyOverrides(engine="anthropic", model="pair-model"))
    none = PolicyOverrides()
    assert policy_for(project(settings), None, PACK, none, installation_engine="x").model == "project-model"
    assert policy_for(project(settings), of_pair, PACK, none, installation_engine="x").model == "pair-model"
    asked = PolicyOverrides(engine="pseudo")
    assert policy_for(project(settings), of_pair, PACK, asked, installation_engine="x").model == ""
    asked = PolicyOverrides(model="asked-model")
    assert policy_for(project(settings), of_pair, PACK, asked, installation_engine="x").model == "asked-model"
