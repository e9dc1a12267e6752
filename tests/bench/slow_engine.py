"""A document on an engine of fixed latency: what we add to batches × latency / concurrency."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from typing_extensions import override

from bench.scale import Scale
from bench.tables import Table
from documents import wordml
from dragoman_catalog import PolicyOverrides
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.vocabulary import RESTING, JobStatus
from dragoman_gateway.submissions.rules import SubmissionRequest
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.settings import load
from dragoman_runtime.telemetry import configure_telemetry
from dragoman_standalone.platform import running
from dragoman_standalone.settings import StandaloneSettings
from e2e.slow_model import SlowModel

_CONCURRENCY = 4
_UNITS_A_CALL = 5
_LOOK_S = 0.02
_REQUEST = SubmissionRequest(
    project_code="default",
    domain_pack_code="general",
    source_language=Locale("en"),
    target_language=Locale("ru"),
    overrides=PolicyOverrides(engine="openai", batch_size=_UNITS_A_CALL),
)


class _FixedLatency(SlowModel):
    """Answers each request after the same time, however many there are."""

    def __init__(self, latency_s: float) -> None:
        super().__init__()
        self._latency_s = latency_s

    @override
    def answer(self, body: bytes) -> bytes:
        time.sleep(self._latency_s)
        return super().answer(body)


async def engine_table(scale: Scale) -> Table:
    """One document through the real stages in one process, on a model server of the bench's own."""
    table = Table(
        f"Engine of fixed latency: one document, {_CONCURRENCY} calls at a time, one process",
        (
            "calls",
            "latency s",
            "calls x latency / concurrency s",
            "document s",
            "share over %",
            "CPU-ms/call",
        ),
        "Document s is from submission to the finished document. CPU is this process's, the model server's included.",
    )
    for batches in (scale.model_calls, scale.model_calls * 4):
        latency_s = scale.model_latency_s
        took_s, cpu_s, calls = await _timed(batches, latency_s)
        ideal_s = math.ceil(calls / _CONCURRENCY) * latency_s
        table.add(
            calls, latency_s, ideal_s, took_s, (took_s / ideal_s - 1) * 100, cpu_s * 1000 / calls
        )
    return table


async def _timed(batches: int, latency_s: float) -> tuple[float, float, int]:
    """Seconds, and seconds of CPU, from submission to the end, and the number of calls: more than
    one a batch while the model's pace is not known.

    Raises:
        RuntimeError: the document was not translated.
    """
    model = _FixedLatency(latency_s)
    try:
        with TemporaryDirectory() as name:
            url, key = (
                model.settings["DRAGOMAN_OPENAI_BASE_URL"],
                model.settings["DRAGOMAN_OPENAI_API_KEY"],
            )
            given = {
                "state_dir": Path(name),
                "openai_base_url": url,
                "openai_api_key": key,
                "openai_model": "test",
            }
            given |= {"concurrency": _CONCURRENCY, "openai_max_concurrent_calls": _CONCURRENCY}
            settings = load(StandaloneSettings, given)
            configure_telemetry(settings, "bench")
            async with running(settings) as platform:
                started, cpu = time.perf_counter(), time.process_time()
                upload = Upload("large.docx", _document(batches))
                submitted = await platform.desks.submissions.submit(
                    _REQUEST, upload, local_principal()
                )
                job = await _at_rest(Jobs(platform.store), submitted.job.job_id)
                took_s, cpu = time.perf_counter() - started, time.process_time() - cpu
    finally:
        model.close()
    if len(model.asked) < batches or job.status is not JobStatus.COMPLETED:
        raise RuntimeError(
            f"{len(model.asked)} calls were made for {batches} batches; the job is {job.status}"
        )
    return took_s, cpu, len(model.asked)


async def _at_rest(jobs: Jobs, job_id: UUID) -> Job:
    while True:
        job, _ = await jobs.load(job_id)
        if job.status in RESTING:
            return job
        await asyncio.sleep(_LOOK_S)


def _document(calls: int) -> bytes:
    """As many paragraphs as make this many calls, no two alike."""
    texts = (
        f"The goods of order {number} are delivered soon."
        for number in range(calls * _UNITS_A_CALL)
    )
    return wordml.document("".join(wordml.paragraph(wordml.run(text)) for text in texts))
