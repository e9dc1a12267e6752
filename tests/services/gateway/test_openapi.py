"""The OpenAPI document against the running API: no answer that it does not describe,
none that is our fault.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from develop import write_asyncapi_yaml
from develop.write_openapi_json import DOCUMENT, openapi_json
from dragoman_gateway.web.reference import schema_of, type_text
from services.gateway.desks import desk
from services.gateway.fuzzed_api import schemathesis
from services.gateway.test_submission_api import submit


def test_the_openapi_document_is_the_one_written_from_the_routes() -> None:
    cure = "run: python tests/develop/write_openapi_json.py"
    is_current = DOCUMENT.read_text(encoding="utf-8") == openapi_json()
    assert is_current, cure


async def test_the_running_api_serves_the_written_document(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        served = (await gateway.as_nobody.get("/api/v1/openapi.json")).json()
    assert served == json.loads(DOCUMENT.read_text(encoding="utf-8"))


async def test_the_gateway_serves_the_asyncapi_document_to_anybody(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        answer = await gateway.as_nobody.get("/api/v1/asyncapi.yaml")
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.content == write_asyncapi_yaml.DOCUMENT.read_bytes()


async def test_the_reference_page_names_every_operation_and_fetches_nothing(tmp_path: Path) -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    wanted = {each["operationId"] for path in document["paths"].values() for each in path.values()}
    async with desk(tmp_path) as gateway:
        answer = await gateway.as_nobody.get("/api/docs")
    assert set(re.findall(r'<details class="card" id="([^"]+)">', answer.text)) == wanted
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_types_of_the_reference_page_are_in_words() -> None:
    optional = {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}
    several = {"type": "array", "items": {"$ref": "#/components/schemas/Unit"}}
    assert [type_text(each) for each in (optional, several)] == ["uuid", "list of Unit"]
    assert schema_of({"anyOf": [several, {"type": "null"}]}) == "Unit"


@pytest.mark.slow
async def test_generated_requests_meet_no_answer_that_is_not_documented(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        status, output = await schemathesis(
            gateway,
            tmp_path,
            "--phases",
            "examples,fuzzing",
            "--max-examples",
            "4",
            "--seed",
            "7",
        )
    assert status == 0, output


@pytest.mark.slow
async def test_generated_requests_about_a_real_job_meet_no_answer_that_is_not_documented(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as gateway:
        job_id = (await submit(gateway.as_operator)).json()["job_id"]
        await gateway.advance(job_id, to="qa")
        await gateway.project()
        (tmp_path / "schemathesis.toml").write_text(f'[parameters]\n"path.job_id" = "{job_id}"\n')
        status, output = await schemathesis(
            gateway,
            tmp_path,
            "--phases",
            "fuzzing",
            "--max-examples",
            "8",
            "--seed",
            "7",
            "--include-path-regex",
            "/jobs/",
        )
        version = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()["version"]
    assert status == 0, output
    assert version > 10  # the run met the job, and did something with it
