"""The commands of a job as people see them: without secrets, with what they said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_contracts.deciding import finish
from dragoman_contracts.events import PhaseStarted
from dragoman_contracts.references import NamedObject, ObjectRef
from dragoman_gateway.jobs.detail.commands import masked
from services.gateway.desks import Desk, desk

LOG = "read page 1\nread page 2\n"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (["p", "--api-key=abc", "{input}"], ["p", "--api-key=••••", "{input}"]),
        (["p", "--token", "abc", "-o", "out"], ["p", "--token", "••••", "-o", "out"]),
        (["p", "--hf_token", "abc"], ["p", "--hf_token", "••••"]),
        (["p", "--key", "--verbose"], ["p", "--key", "--verbose"]),
        (["p", "http://ada:pass@host/v1"], ["p", "http://••••@host/v1"]),
        (["p", "--keyboard=de", "--monkey", "1"], ["p", "--keyboard=de", "--monkey", "1"]),
    ],
    ids=["by sign", "by word", "underscores", "no value", "in an address", "no secrets"],
)
def test_what_is_called_like_a_secret_is_not_shown(said: list[str], shown: list[str]) -> None:
    assert masked(said) == shown


async def ended(gateway: Desk, job_id: str) -> None:
    """Let the job's command end well, with a log, a text and a picture."""
    job, _ = await gateway.jobs.load(UUID(job_id))

    async def put(text: str, media_type: str) -> ObjectRef:
        return await gateway.objects.put(job.project_id, text.encode(), media_type)

    (phase,) = job.pipeline.phases
    files = (
        NamedObject(name="pictures/1.png", object=await put("\x89PNG", "image/png")),
        NamedObject(
            name="document.md", object=await put("# Invoice\n\n<script>x</script>", "text/markdown")
        ),
    )
    log = await put(LOG, "text/plain")
    done = [
        event.model_copy(update={"log": log}) if hasattr(event, "log") else event
        for event in finish(job, phase, artifacts=files)
    ]
    started = PhaseStarted(phase=phase.name, kind=phase.kind)
    await gateway.history.say(UUID(job_id), started, *done)


async def test_the_page_and_the_api_tell_command_log_files_and_preview(gateway: Desk) -> None:
    command = ["parse", "{input}", "--secret", "abc", "--doc", "{document_id}"]
    await gateway.as_admin.post("/api/v1/pipelines", json={"name": "p", "command": command})
    opened = await gateway.as_operator.post(
        "/api/v1/jobs", data={"pipeline_id": "p"}, files={"file": ("a.pdf", b"%PDF")}
    )
    job_id, document = opened.json()["job_id"], opened.json()["document_id"]
    assert (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/log")).text == ""
    await ended(gateway, job_id)

    detail = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert detail["status"] == "completed"
    assert [each["command"] for each in detail["commands"]] == [
        f"parse {{input}} --secret •••• --doc {document}"
    ]
    assert {each["name"] for each in detail["artifacts"]} >= {"document.md", "pictures/1.png"}
    log = await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/log")
    assert (log.text, log.headers["x-log-truncated"]) == (LOG, "false")
    shown = (await gateway.as_operator.get(f"/api/v1/documents/{document}")).json()
    assert (shown["status"], shown["job_id"]) == ("completed", job_id)
    refused = await gateway.as_operator.post(f"/api/v1/documents/{document}/reset-status")
    assert (refused.status_code, refused.json()["code"]) == (409, "document.not_resettable")
