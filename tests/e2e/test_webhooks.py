"""A job from its submission to the webhook of its end: told by a process that is killed in the middle
of telling it, and by the gateway of an installation of services.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

from dragoman_standalone.server_record import ServerRecord, record_path
from e2e.api_client import ApiClient, first_token
from e2e.command_line import started
from e2e.documents import own_document
from e2e.installation import TOGETHER, Installation
from servers.process import wait_until
from services.gateway.hook_server import HookServer, verified


@contextmanager
def up(root: Path, number: int) -> Generator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """`dragoman up` on the folder, and a client with its own token."""
    log = root / f"up-{number}.log"
    process = started("up", "--state", root / "state", "--port", "0", log=log)
    try:
        wait_until(lambda: "Dragoman is at" in log.read_text(), timeout_s=90, what="up")
        record = ServerRecord.model_validate_json(
            record_path(root / "state").read_text(encoding="utf-8")
        )
        headers = {"Authorization": f"Bearer {record.token}"}
        with httpx.Client(base_url=record.url, headers=headers, timeout=60) as client:
            yield client, process
    finally:
        process.terminate()
        process.wait(60)


def test_a_message_is_told_again_with_its_id_by_the_process_that_comes_after(
    tmp_path: Path,
) -> None:
    with HookServer("held") as server:
        with up(tmp_path, 1) as (client, process):
            entry = {"title": "Tickets", "url": server.url, "types": ["job.completed"]}
            made = client.post("/api/v1/webhooks", json=entry)
            assert made.status_code == 201, made.text
            secret, webhook_id = made.json()["secret"], made.json()["webhook"]["webhook_id"]
            fields = {
                "project_code": "default",
                "domain_pack_code": "general",
                "source_language": "en",
                "target_language": "ru",
                "engine": "pseudo",
            }
            files = {"file": ("order.docx", own_document(1, paragraphs=2))}
            submitted = client.post("/api/v1/jobs", data=fields, files=files)
            assert submitted.status_code == 202, submitted.text
            assert server.wait_for(1)
            process.kill()
            process.wait(60)
        with up(tmp_path, 2) as (client, _):
            assert server.wait_for(2)
            path = f"/api/v1/webhooks/{webhook_id}/deliveries"
            wait_until(
                lambda: bool(client.get(path).json()["items"]), timeout_s=30, what="the attempt"
            )
            (delivery,) = client.get(path).json()["items"]
        first, second = server.received
    assert first.id == second.id == delivery["message_id"]
    assert first.body == second.body
    assert all(verified(each, secret) for each in server.received)
    assert second.message["data"]["job_id"] == submitted.json()["job_id"]
    assert second.message["data"]["file_name"] == "order.docx"
    assert (delivery["type"], delivery["outcome"]) == ("job.completed", "delivered")


async def test_the_gateway_of_services_tells_again_what_was_not_taken(
    tmp_path: Path, service_environment: dict[str, str]
) -> None:
    environment = {
        **service_environment,
        "DRAGOMAN_ENCRYPTION_KEY": "a key of this test alone, long enough",
        "DRAGOMAN_PRIVATE_PROVIDERS": "127.0.0.1",
        "DRAGOMAN_PUBLIC_URL": "https://dragoman.example",
    }
    installation = Installation(tmp_path, environment, TOGETHER)
    url = f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}"
    client = ApiClient(url)
    with HookServer(500) as server:
        installation.start()
        try:
            async with asyncio.timeout(180):
                await client.until_ready()
                token = await first_token(environment["DRAGOMAN_DATABASE_URL"])
                client.sign_in(token)
                headers = {"Authorization": f"Bearer {token}"}
                async with httpx.AsyncClient(base_url=url, headers=headers) as http:
                    entry = {"title": "Tickets", "url": server.url}
                    made = await http.post("/api/v1/webhooks", json=entry)
                    assert made.status_code == 201, made.text
                job = await client.submit("order.docx", own_document(1, paragraphs=2))
                assert await asyncio.to_thread(server.wait_for, 2)
        finally:
            await client.aclose()
            statuses = await asyncio.to_thread(installation.stop)
    assert statuses == dict.fromkeys(TOGETHER, 0)
    refused, taken = server.received
    assert refused.id == taken.id
    assert verified(taken, made.json()["secret"])
    assert (taken.message["type"], taken.message["data"]["job_id"]) == (
        "job.completed",
        job["job_id"],
    )
    own = f"https://dragoman.example/api/v1/jobs/{job['job_id']}"
    assert taken.message["data"]["links"]["self"] == own
