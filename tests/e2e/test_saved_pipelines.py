"""A pipeline that a person saved runs as it says:
a translation's beginning alone ends behind its last phase.
"""

from __future__ import annotations

from pathlib import Path

from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.pipelines.schemas import NewPipeline
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.settings import load
from dragoman_standalone.platform import running
from dragoman_standalone.settings import StandaloneSettings
from e2e.test_both_ways_to_run import REQUEST, at_rest

COUNTING = NewPipeline.model_validate(
    {
        "name": "count-words",
        "phases": [
            {"name": "check", "kind": "preflight"},
            {"name": "count", "kind": "extraction", "weight": 9},
        ],
    }
)


async def test_preflight_and_extraction_alone_count_a_documents_words(
    tmp_path: Path, small_docx: bytes
) -> None:
    async with running(load(StandaloneSettings, {"state_dir": tmp_path})) as platform:
        await platform.desks.pipelines.save(local_principal(), COUNTING)
        request = REQUEST.model_copy(update={"pipeline": "count-words"})
        counted = await platform.desks.submissions.submit(
            request, Upload("terms.docx", small_docx), local_principal()
        )
        translated = await platform.desks.submissions.submit(
            REQUEST, Upload("terms.docx", small_docx), local_principal()
        )
        job = await at_rest(platform.store, counted.job)
        other = await at_rest(platform.store, translated.job)
        types = [each.recorded.type for each in await platform.store.read(job.job_id)]
    assert (job.status, other.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED)
    assert types[-2:] == ["document.extracted", "job.completed"]
    assert job.final_docx is None
    assert job.extraction is not None
    assert other.extraction is not None
    assert job.extraction.word_count == other.extraction.word_count > 0
