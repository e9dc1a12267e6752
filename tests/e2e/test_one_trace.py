"""One job is one trace, from the request to the last event, whichever way the platform runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from e2e.api_client import ApiClient, first_token
from e2e.command_line import dragoman
from e2e.documents import own_document
from e2e.installation import EVERY_SERVICE, Installation
from servers.otlp import OtlpServer, ReceivedSpan

_CLIENTS_TRACE, _CLIENTS_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
WORK = {
    "intake.preflight",
    "extract.extraction",
    "translate.translation_plan",
    "translate.translation_batch",
    "qa.qa",
    "reassemble.reassembly",
}


def require_one_trace(spans: list[ReceivedSpan], root: str, parent: str = "") -> None:
    """One trace id, one root, and every other span under one that is there and began before it."""
    assert len({span.trace_id for span in spans}) == 1
    by_id = {span.span_id: span for span in spans}
    assert [span.name for span in spans if span.parent_span_id == parent] == [root]
    for span in spans:
        if span.parent_span_id != parent:
            assert span.parent_span_id in by_id, f"{span.name} hangs under a span that nobody sent"
            assert by_id[span.parent_span_id].started_ns <= span.started_ns
    assert not any(span.is_error for span in spans)


async def test_a_job_of_the_services_is_one_trace_across_all_six(
    tmp_path: Path, service_environment: dict[str, str], otlp: OtlpServer
) -> None:
    environment = {**service_environment, "DRAGOMAN_OTLP_ENDPOINT": otlp.url}
    # Work that waits for a busy machine is not sent again.
    environment |= {"DRAGOMAN_RECONCILE_EVERY_S": "30"}
    installation = Installation(tmp_path, environment, EVERY_SERVICE)
    installation.start()
    client = ApiClient(f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}")
    try:
        async with asyncio.timeout(120):
            await client.until_ready()
            client.sign_in(await first_token(environment["DRAGOMAN_DATABASE_URL"]))
            job = await client.submit(
                "order.docx",
                own_document(1),
                traceparent=f"00-{_CLIENTS_TRACE}-{_CLIENTS_SPAN}-01",
            )
            assert (await client.rested(job["job_id"]))["status"] == "completed"
    finally:
        await client.aclose()
        await asyncio.to_thread(installation.stop)  # each sends its last spans before it ends

    spans = otlp.wait_for_spans(
        lambda found: {"POST /jobs", *WORK} <= {span.name for span in found}
    )
    require_one_trace(spans, root="POST /jobs", parent=_CLIENTS_SPAN)
    assert {span.service for span in spans} == {
        "gateway",
        "relay",
        "intake",
        "extract",
        "translate",
        "qa",
        "reassemble",
    }
    works = [span for span in spans if span.kind == "consumer"]
    assert all(span.name.startswith(span.service) for span in works)
    by_id = {span.span_id: span for span in spans}
    assert {by_id[span.parent_span_id].kind for span in works} == {"producer"}, "a service map"
    (root,) = [span for span in spans if span.name == "POST /jobs"]
    assert (root.kind, root.trace_id) == ("server", _CLIENTS_TRACE)
    kinds = {span.name.partition(" ")[0]: span.kind for span in spans}
    assert (kinds["append"], kinds["chat"], kinds["send"]) == ("client", "client", "producer")
    for name, attribute in {
        "POST /jobs": "http.route",
        "append events": "db.system.name",
        "chat pseudo": "gen_ai.provider.name",
        "qa.qa": "messaging.destination.name",
    }.items():
        assert attribute in next(span for span in spans if span.name == name).attributes
    batches = [
        span.attributes["index"] for span in spans if span.name == "translate.translation_batch"
    ]
    assert sorted(batches) == ["0", "1", "2"], "62 units are three batches, each done once"
    named = {span.attributes.get("job_id", job["job_id"]) for span in spans}
    assert named == {job["job_id"]}


def test_a_job_of_the_one_process_is_one_trace_too(tmp_path: Path, otlp: OtlpServer) -> None:
    (tmp_path / "order.docx").write_bytes(own_document(1))
    done = dragoman(
        *(
            "translate",
            tmp_path / "order.docx",
            "-o",
            tmp_path / "out",
            "--source",
            "en",
            "--target",
            "ru",
        ),
        *("--engine", "pseudo", "--state", tmp_path / "state"),
        environment={"DRAGOMAN_OTLP_ENDPOINT": otlp.url},
    )
    assert done.returncode == 0, done.stderr
    spans = otlp.wait_for_spans(lambda found: {"translate", *WORK} <= {span.name for span in found})
    require_one_trace(spans, root="translate")
    assert {span.service for span in spans} == {"dragoman"}
