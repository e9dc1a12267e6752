"""Names that no route knows: query parameters and fields are refused with the names
that were perhaps meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from develop.write_openapi_json import DOCUMENT
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import FIELDS

_OPENAPI: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
_EXAMPLES = {"index": "0", "kind": "reassembly", "digest": "0" * 64, "code": "default"}
_ID = "00000000-0000-4000-8000-000000000000"


def _operations() -> Iterator[tuple[str, str, list[str]]]:
    """Each operation of the document: method, address with its variables filled in,
    names of its query parameters.
    """
    for template, operations in _OPENAPI["paths"].items():
        address = re.sub(r"\{(\w+)\}", lambda match: _EXAMPLES.get(match[1], _ID), template)
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            yield (
                method.upper(),
                address,
                [each["name"] for each in parameters if each["in"] == "query"],
            )


_OPERATIONS = list(_operations())
_UNLISTED = [
    ("GET", "/api/v1/openapi.json", list[str]()),
    ("GET", "/api/v1/asyncapi.yaml", list[str]()),
    ("GET", "/api/v1/docs", list[str]()),
]


async def _ask(
    gateway: Desk, method: str, address: str, parameters: dict[str, str]
) -> dict[str, Any]:
    answer = await gateway.as_admin.request(method, address, params=parameters)
    assert answer.status_code == 422, (method, address, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "request.unknown_parameter", (method, address)
    return problem


async def test_every_route_refuses_a_parameter_that_it_does_not_have(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        for method, address, _ in _OPERATIONS + _UNLISTED:
            problem = await _ask(gateway, method, address, {"nonsense": "1"})
            assert problem["detail"].startswith("There is no query parameter 'nonsense' here")
            [error] = problem["errors"]
            assert (error["location"], error["field"]) == ("query", "nonsense")
    assert len(_OPERATIONS) > 40


async def test_a_misspelt_parameter_is_told_from_the_one_that_was_meant(tmp_path: Path) -> None:
    met = 0
    async with desk(tmp_path) as gateway:
        for method, address, names in _OPERATIONS:
            for name in names:
                problem = await _ask(gateway, method, address, {name + "s": "1"})
                assert (
                    f"did you mean '{name}'" in problem["detail"]
                    or f"or '{name}'" in problem["detail"]
                )
                met += 1
    assert met > 30


async def test_the_document_says_of_every_route_that_it_can_refuse(tmp_path: Path) -> None:
    for template, operations in _OPENAPI["paths"].items():
        for method, operation in operations.items():
            assert "422" in operation["responses"], (method, template)


async def test_where_no_name_is_near_all_of_the_route_are_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        problem = await _ask(gateway, "GET", f"/api/v1/jobs/{_ID}/units", {"zzz": "1"})
    assert problem["detail"] == (
        "There is no query parameter 'zzz' here; known are 'cursor', 'finding', 'limit', "
        "'origin', 'q', 'stage', 'verification_state'."
    )


async def test_each_of_several_unknown_parameters_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        problem = await _ask(
            gateway, "GET", "/api/v1/jobs", {"Limit": "3", "projekt": "x", "status": "failed"}
        )
    assert [each["field"] for each in problem["errors"]] == ["Limit", "projekt"]
    assert [each["message"].rpartition("; ")[2] for each in problem["errors"]] == [
        "did you mean 'limit'?",
        "did you mean 'project'?",
    ]


async def test_a_refusal_does_not_grow_with_the_request(tmp_path: Path) -> None:
    parameters = {f"{number}{'x' * 500}": "1" for number in range(60)}
    async with desk(tmp_path) as gateway:
        problem = await _ask(gateway, "GET", "/api/v1/jobs", parameters)
    assert len(problem["errors"]) == 10
    assert len(json.dumps(problem)) < 10_000


async def test_a_refused_request_does_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        answer = await gateway.as_operator.post(
            "/api/v1/jobs?on_unfinished=fresh", data=FIELDS, files={"file": ("offer.docx", b"PK")}
        )
        jobs = (await gateway.as_operator.get("/api/v1/jobs")).json()["items"]
    assert answer.json()["code"] == "request.unknown_parameter"
    assert jobs == []


@pytest.mark.parametrize("path", ["/console/", "/console/new", "/console/parked"])
async def test_pages_pass_over_what_others_add_to_their_addresses(
    tmp_path: Path, path: str
) -> None:
    async with desk(tmp_path) as gateway:
        await gateway.as_operator.post(
            "/api/v1/session", json={"name": "olga", "password": "a long password"}
        )
        plain = await gateway.as_operator.get(path)
        tracked = await gateway.as_operator.get(path, params={"utm_source": "mail"})
    assert tracked.status_code == plain.status_code == 200


async def test_a_misspelt_field_of_a_body_is_told_from_the_one_that_was_meant(
    tmp_path: Path,
) -> None:
    body = {"name": "Offers", "settings": {"defualt_engine": "pseudo"}}
    async with desk(tmp_path) as gateway:
        answer = await gateway.as_admin.post(
            "/api/v1/projects", json={**body, "code": "offers", "nam": "x"}
        )
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert {each["field"]: each["message"] for each in answer.json()["errors"]} == {
        "settings.defualt_engine": "There is no field 'defualt_engine' here; did you mean 'default_engine'?",
        "nam": "There is no field 'nam' here; did you mean 'name'?",
    }


async def test_a_setting_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    gone = {"prompt_version": "2", "segmentation_rules": "house"}
    async with desk(tmp_path) as gateway:
        project = {"name": "Offers", "code": "offers", "settings": gone}
        pair = {"source_language": "en", "target_language": "de", "overrides": gone}
        answers = [
            await gateway.as_admin.post("/api/v1/projects", json=project),
            await gateway.as_admin.post("/api/v1/projects/default/language-pairs", json=pair),
        ]
    for answer in answers:
        assert answer.status_code == 422
        assert {each["field"].rpartition(".")[2] for each in answer.json()["errors"]} == set(gone)


async def test_a_misspelt_field_of_a_form_is_told_from_the_one_that_was_meant(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as gateway:
        answer = await gateway.as_operator.post(
            "/api/v1/jobs",
            data={**FIELDS, "target_lang": "de"},
            files={"file": ("offer.docx", b"PK")},
        )
    assert [each["message"] for each in answer.json()["errors"]] == [
        "There is no field 'target_lang' here; did you mean 'target_language'?"
    ]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("memories/{id}/units/edit", "POST"),
        ("memories/{id}/units/replace", "POST"),
        ("memories/{id}/units/{id}", "DELETE, PATCH"),
        ("jobs/{id}/units/retranslate", "POST"),
        ("jobs/{id}/units/word/document.xml%231/explanation", "GET"),
    ],
)
async def test_a_route_of_all_units_is_no_unit(tmp_path: Path, path: str, methods: str) -> None:
    at = f"/api/v1/{path}".replace("{id}", str(uuid4()))
    async with desk(tmp_path) as gateway:
        answer = await gateway.as_operator.put(at, json={})
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)
        for method in {"GET", "PATCH", "DELETE"} - set(methods.split(", ")):
            answer = await gateway.as_operator.request(method, at, json={})
            assert answer.status_code == 405, (method, answer.text)
