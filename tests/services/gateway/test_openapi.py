"""The OpenAPI document against the running API: no answer that it does not describe, none that is our fault."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from develop import write_asyncapi_yaml
from develop.write_openapi_json import DOCUMENT, openapi_json
from dragoman_catalog import Role
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import submit

_RUN = ("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--continue-on-failure", "--no-color")
"""Every check but one: a well-formed request may still name a project that is not there, or an engine."""


async def _schemathesis(gateway: Desk, folder: Path, *arguments: str) -> tuple[int, str]:
    secret = await gateway.token(gateway.admin, Role.ADMIN)
    program = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        str(program),
        "run",
        f"{gateway.url}/api/v1/openapi.json",
        "--header",
        f"Authorization: Bearer {secret}",
        *_RUN,
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


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


async def test_generated_requests_meet_no_answer_that_is_not_documented(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        status, output = await _schemathesis(
            gateway, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "4", "--seed", "7"
        )
    assert status == 0, output


async def test_generated_requests_about_a_real_job_meet_no_answer_that_is_not_documented(tmp_path: Path) -> None:
    async with desk(tmp_path) as gateway:
        job_id = (await submit(gateway.as_operator)).json()["job_id"]
        await gateway.advance(job_id, to="qa")
        await gateway.project()
        (tmp_path / "schemathesis.toml").write_text(f'[parameters]\n"path.job_id" = "{job_id}"\n')
        status, output = await _schemathesis(
            gateway,
            tmp_path,
            "--phases",
            "fuzzing",
            "--max-examples",
            "20",
            "--seed",
            "7",
            "--include-path-regex",
            "/jobs/",
        )
        version = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()["version"]
    assert status == 0, output
    assert version > 10  # the run met the job, and did something with it
