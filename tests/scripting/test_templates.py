"""Templates give what handlebars.js gives; prompts are taken apart without a change of a letter."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from dragoman_scripting.errors import (
    TemplateInvalidError,
    TemplateTimedOutError,
    TemplateTooLargeError,
)
from dragoman_scripting.prompts import SectionKind
from dragoman_scripting.sandbox import Sandbox

# Made by the authors' handlebars.js 4.7.8, as it is on npm, with noEscape.
FILE = json.loads((Path(__file__).parent / "handlebars_cases.json").read_text())
CASES: list[dict[str, Any]] = FILE["cases"]
DEED: dict[str, Any] = FILE["DEED"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with Sandbox() as made:
        yield made


def data_of(case: dict[str, Any]) -> dict[str, Any]:
    return FILE[case["data"]] if isinstance(case["data"], str) else case["data"]


def test_there_are_enough_cases_to_tell() -> None:
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_a_template_gives_what_handlebars_gives(
    sandbox: Sandbox, case: dict[str, Any]
) -> None:
    if "error" in case:
        with pytest.raises(TemplateInvalidError) as caught:
            await sandbox.render(case["template"], data_of(case))
        assert case["error"][:40] in caught.value.message
        return
    assert await sandbox.render(case["template"], data_of(case)) == case["text"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "case", [each for each in CASES if "text" in each], ids=lambda case: case["name"]
)
async def test_an_explained_prompt_is_the_very_prompt(
    sandbox: Sandbox, case: dict[str, Any]
) -> None:
    found = await sandbox.explain(case["template"], data_of(case))
    assert found.text == case["text"]
    assert "".join(section.text for section in found.sections) == case["text"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_prompt_says_which_field_or_task_each_word_came_from(sandbox: Sandbox) -> None:
    template = (
        "Deed {{title}}.\n{{#each people as |p|}}- {{p.name}}, {{../pages}} pages\n{{/each}}"
        "Before: {{inputTasks.extractInfo}} {{@root.ratio}} {{gone}}{{inputTasks.later}}"
    )
    found = await sandbox.explain(template, DEED)
    told = [(s.kind, s.name, s.text) for s in found.sections if s.kind != SectionKind.TEMPLATE]
    assert told == [
        (SectionKind.FIELD, "title", DEED["title"]),
        (SectionKind.FIELD, "people", "Ann"),
        (SectionKind.FIELD, "pages", "3"),
        (SectionKind.FIELD, "people", "Bob"),
        (SectionKind.FIELD, "pages", "3"),
        (SectionKind.TASK, "extractInfo", DEED["inputTasks"]["extractInfo"]),
        (SectionKind.FIELD, "ratio", "0.5"),
    ]
    assert found.missing == ("gone", "inputTasks.later")
    assert found.token_estimate == -(-len(found.text.encode()) // 4)
    assert found.sections[1].line == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_a_field_that_looks_like_a_mark_is_text(sandbox: Sandbox) -> None:
    context: dict[str, Any] = {"a": "⟦dragoman0<0|x⟦dragoman0>", "b": "{{title}}"}
    found = await sandbox.explain("{{a}} {{b}}", context)
    assert found.text == f"{context['a']} {context['b']}"
    assert [section.name for section in found.sections] == ["a", "", "b"]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_names_of_a_template_are_those_of_fields_alone(sandbox: Sandbox) -> None:
    template = (
        "{{title}}{{#if isSigned}}{{#each people as |p i|}}{{p.name}}{{i}}{{tags}}{{../pages}}{{@index}}"
        '{{/each}}{{/if}}{{#with object}}{{a}}{{/with}}{{lookup list "0"}}{{inputTasks.one.two}}'
    )
    found = await sandbox.check_template(template)
    assert found.faults == ()
    assert [each.origin for each in found.names] == [
        "title", "isSigned", "people", "pages", "object", "list", "inputTasks.one",
    ]  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("template", ["{{#if a}}", "{{a", "{{#if}}x{{/if}}", "{{> head}}"])
async def test_a_broken_template_says_where(sandbox: Sandbox, template: str) -> None:
    with pytest.raises(TemplateInvalidError):
        await sandbox.render(template, {})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        ("{{#if a}}", 0, "on line 1"),
        ("\n{{upper a}}", 2, "no helper 'upper'"),
        ("{{#if (eq a 1)}}x{{/if}}", 1, "no helper 'eq'"),
        ("a\n\n{{> head}}", 3, '{{#*inline "head"}}'),
        ("{{#if}}x{{/if}}", 1, "takes one condition"),
        ("{{lookup a}}", 1, "a value and a name"),
        ("{{log}}", 1, "{{this.log}}"),
        ("{{#*odd}}x{{/odd}}", 1, "no decorator 'odd'"),
    ],
)
async def test_a_template_that_would_be_refused_is_found_out_before_it_is_rendered(
    sandbox: Sandbox, template: str, line: int, said: str
) -> None:
    (fault,) = (await sandbox.check_template(template)).faults
    assert said in fault.message
    assert fault.line == line


@pytest.mark.asyncio(loop_scope="module")
async def test_a_template_that_gives_a_text_has_no_fault(sandbox: Sandbox) -> None:
    for case in CASES:
        if "text" in case:
            found = await sandbox.check_template(case["template"])
            is_shadowed = case["name"] == "a field named like a helper"
            assert bool(found.faults) is is_shadowed, case["name"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_template_that_loops_a_million_times_and_more_is_ended(sandbox: Sandbox) -> None:
    loops = (
        "{{#each a}}{{#each ../a}}{{#each ../../a}}{{#if this}}{{/if}}{{/each}}{{/each}}{{/each}}"
    )
    with pytest.raises(TemplateTimedOutError):
        await sandbox.render(loops, {"a": list(range(2_000))}, timeout_s=1)
    assert await sandbox.render("{{a}}", {"a": "well"}) == "well"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_template_that_gives_too_much_is_refused(sandbox: Sandbox) -> None:
    grows = "{{#each a}}{{#each ../a}}{{@root.text}}{{/each}}{{/each}}"
    for size in (100, 2_000):
        context: dict[str, Any] = {"a": list(range(size)), "text": "x" * 1_000}
        with pytest.raises((TemplateTooLargeError, TemplateTimedOutError)):
            await sandbox.render(grows, context, timeout_s=20)
    assert await sandbox.render("{{a}}", {"a": "well"}) == "well"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_template_reaches_nothing_but_its_fields(sandbox: Sandbox) -> None:
    attack = (
        "{{#with this as |o|}}{{o.constructor}}{{lookup o 'constructor'}}{{lookup o '__proto__'}}"
        "{{/with}}{{#with 'x' as |s|}}{{s.constructor.constructor}}{{s.sub.apply}}{{/with}}"
    )
    assert await sandbox.render(attack, {}) == ""
