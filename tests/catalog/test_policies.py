"""How a policy comes together."""

import json

import pytest
from pydantic import JsonValue, ValidationError

from dragoman_catalog import (
    DomainPack,
    LanguagePair,
    PolicyOverrides,
    Project,
    ProjectSettings,
    policy_for,
)
from dragoman_catalog.quality import STORED
from dragoman_contracts.identity import new_id, project_id
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import from_json
from dragoman_contracts.policy import Policy

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
    policy = policy_for(
        project(ProjectSettings()), None, PACK, PolicyOverrides(), installation_engine="apertium"
    )
    assert (policy.engine, policy.model, policy.batch_size, policy.domain_pack_code) == (
        "apertium",
        "",
        25,
        "general",
    )


def test_the_request_goes_before_the_pair_and_the_pair_before_the_project() -> None:
    settings = ProjectSettings(default_engine="identity", batch_size=5, qa_profile="strict")
    of_pair = pair(PolicyOverrides(engine="pseudo", batch_size=7))
    asked = PolicyOverrides(engine="openai", nonce="again")
    policy = policy_for(project(settings), of_pair, PACK, asked, installation_engine="x")
    assert (policy.engine, policy.batch_size, policy.qa_profile, policy.nonce) == (
        "openai",
        7,
        "strict",
        "again",
    )


def test_a_model_stays_with_the_engine_it_was_chosen_for() -> None:
    settings = ProjectSettings(default_engine="openai", model="project-model")
    of_pair = pair(PolicyOverrides(engine="anthropic", model="pair-model"))
    none = PolicyOverrides()
    assert (
        policy_for(project(settings), None, PACK, none, installation_engine="x").model
        == "project-model"
    )
    assert (
        policy_for(project(settings), of_pair, PACK, none, installation_engine="x").model
        == "pair-model"
    )
    asked = PolicyOverrides(engine="pseudo")
    assert policy_for(project(settings), of_pair, PACK, asked, installation_engine="x").model == ""
    asked = PolicyOverrides(model="asked-model")
    assert (
        policy_for(project(settings), of_pair, PACK, asked, installation_engine="x").model
        == "asked-model"
    )


def test_switches_of_what_is_translated_are_chosen_one_by_one() -> None:
    settings = ProjectSettings(
        extraction={"comments": False, "untranslated_styles": ["Code", "Aside"]}
    )
    of_pair = pair(PolicyOverrides(extraction={"headers": False}))
    asked = PolicyOverrides(extraction={"comments": True})
    policy = policy_for(project(settings), of_pair, PACK, asked, installation_engine="x")
    chosen = {"comments": True, "headers": False, "untranslated_styles": ["Aside", "Code"]}
    assert policy.extraction == chosen
    assert (
        policy_for(
            project(ProjectSettings()), None, PACK, PolicyOverrides(), installation_engine="x"
        ).extraction
        == {}
    )


def test_a_colour_is_one_in_either_case_and_named_twice() -> None:
    chosen: dict[str, JsonValue] = {"untranslated_colours": ["ff0000", "FF0000"]}
    assert PolicyOverrides(extraction=chosen).as_asked()["extraction"] == {
        "untranslated_colours": ["FF0000"]
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"coments": False},
        {"comments": "perhaps"},
        {"comments": "true"},
        {"comments": 1},
        {"untranslated_styles": "Code"},
        {"untranslated_styles": [""]},
        {"untranslated_highlights": ["yelow"]},
        {"untranslated_colours": ["red"]},
    ],
)
def test_a_switch_that_is_none_is_refused_with_the_names_of_all(
    wrong: dict[str, JsonValue],
) -> None:
    with pytest.raises(ValidationError, match="Switches are alternative_text, charts"):
        PolicyOverrides(extraction=wrong)


def test_a_choice_nobody_made_leaves_digests_as_they_were() -> None:
    assert "extraction" not in PolicyOverrides(engine="pseudo").as_asked()
    assert PolicyOverrides(extraction={"comments": False}).as_asked()["extraction"] == {
        "comments": False
    }


def test_the_profile_of_qa_and_its_changes_are_chosen_one_by_one() -> None:
    settings = ProjectSettings(
        qa_profile="strict", qa={"numbers.added": "off", "length.long": "info"}
    )
    of_pair = pair(PolicyOverrides(qa={"length.long": "warning"}))
    asked = PolicyOverrides(qa={"text.repeated": "info"})
    policy = policy_for(project(settings), of_pair, PACK, asked, installation_engine="x")
    assert policy.qa_profile == "strict"
    assert policy.qa == {"numbers.added": "off", "length.long": "warning", "text.repeated": "info"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("qa_profile", "severe", "profiles are default, lenient, strict"),
        ("qa", {"numbers.lost": "info"}, "there is no QA check 'numbers.lost'"),
        ("qa", {"numbers.added": "loud"}, "severities are"),
    ],
)
def test_unknown_profiles_and_checks_are_refused(field: str, value: JsonValue, said: str) -> None:
    for type_ in (ProjectSettings, PolicyOverrides):
        with pytest.raises(ValidationError, match=said):
            type_.model_validate({field: value})


def test_a_profile_that_was_stored_before_it_had_a_meaning_is_refused_when_a_policy_is_made() -> (
    None
):
    settings = ProjectSettings.model_validate({"qa_profile": "house"}, context=STORED)
    with pytest.raises(ValueError, match="there is no QA profile 'house'"):
        policy_for(project(settings), None, PACK, PolicyOverrides(), installation_engine="x")


def test_a_request_has_the_digest_it_had_when_there_were_other_choices() -> None:
    asked = (
        '{"engine": "pseudo", "model": null, "prompt_version": null, "batch_size": null, "segmentation_rules": null, '
        '"qa_profile": null, "nonce": null}'
    )
    assert json.dumps(PolicyOverrides(engine="pseudo").as_asked()) == asked


def test_a_policy_that_was_stored_with_other_fields_is_read() -> None:
    stored = b'{"engine":"pseudo","glossary_digest":"","memory_position":0,"prompt_version":"2","qa_profile":"strict"}'
    assert from_json(Policy, stored) == Policy(engine="pseudo", qa_profile="strict")


def test_a_request_that_names_no_changes_of_qa_has_the_digest_it_had() -> None:
    assert "qa" not in PolicyOverrides().as_asked()
    assert PolicyOverrides(qa={"text.repeated": "info"}).as_asked()["qa"] == {
        "text.repeated": "info"
    }
