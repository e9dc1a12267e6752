"""Jobs that run a command: their ends, their logs and files, and what is done once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts import streams as s
from dragoman_contracts.commands import CommandConfig, is_truncated
from dragoman_contracts.events import CancelRequested, JobCancelled, ResumeRequested, WorkParked
from dragoman_contracts.job import Job, WorkKey, fold
from dragoman_contracts.pipeline import is_owed, progress_pct, resume_request
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.under_way import WorkNote, WorkUnderWay
from dragoman_contracts.vocabulary import JobStatus
from dragoman_extract.command_rules import inputs, values_of
from dragoman_runtime.objects import get_value
from dragoman_runtime.replaying import Replayer, StepResult
from dragoman_runtime.under_way import work_under_way
from dragoman_runtime.worker import WorkerLimits
from dragoman_runtime.worker.failure import ParkingReason
from dragoman_standalone.job_replay import ServicesWork
from services.extract.commands import environment, is_alive, pid_in, until
from services.extract.jobs import PHASE, CommandShop, command_shop

KEY = WorkKey("command", 0, PHASE)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[CommandShop]:
    async with command_shop(tmp_path) as opened:
        yield opened


def counting(path: Path, more: str = "") -> list[str]:
    """A command that says in a file that it ran."""
    return ["sh", "-c", f'echo run >> "{path}"; {more}', "{input}", "{output_dir}"]


def runs(path: Path) -> int:
    """How often it ran."""
    return len(path.read_text().splitlines()) if path.exists() else 0


async def test_a_job_with_one_command_completes_with_its_files_and_its_log(
    shop: CommandShop,
) -> None:
    await shop.submit(
        command=["sh", "-c", 'cp "$0" "$1/ä.md"; echo said', "{input}", "{output_dir}"]
    )
    job = await shop.perform()
    assert job.status is JobStatus.COMPLETED
    assert await shop.shop.types() == [
        *("job.submitted", "phase.started", "phase.finished", "job.completed")
    ]
    files = await shop.files(job)
    assert files["file:file_.md"] == b"text"
    assert files["command_log:run.log"] == b"said\n"
    manifest = json.loads(files["file:files.json"])
    assert [(each["path"], each["name"]) for each in manifest["files"]] == [("ä.md", "file_.md")]
    assert job.runs[PHASE].done_count == 1
    assert progress_pct(job) == 100
    assert (shop.folder / "commands").exists()
    assert [each for each in (shop.folder / "commands").iterdir() if each.is_dir()] == []


async def test_every_variable_is_filled_in(shop: CommandShop) -> None:
    await shop.submit(
        command=["printf", "%s\n", *(f"{{{name}}}" for name in _VALUES)],
        name="dir/My file.PDF",
        model={
            "model_id": str(UUID(int=7)),
            "provider": "local",
            "model_name": "ocr-vl",
            "category": "VL",
            "base_url": "http://127.0.0.1:8000/v1",
        },
    )
    job = await shop.perform()
    subject = job.submitted.subject
    assert subject is not None
    said = (await shop.files(job))["command_log:run.log"].decode().split("\n")
    assert dict(zip(_VALUES, said, strict=False)) == {
        "input_name": "My file.PDF",
        "s3_prefix": f"{s.PROJECT}/documents/{subject.id}/1",
        "file_hash": job.source.digest,
        "document_id": str(subject.id),
        "document_version": "1",
        "project_code": "legal",
        "job_id": str(s.JOB),
        "vlm_url": "http://127.0.0.1:8000/v1",
        "model_name": "ocr-vl",
    }


_VALUES = (
    "input_name",
    "s3_prefix",
    "file_hash",
    "document_id",
    "document_version",
    "project_code",
    "job_id",
    "vlm_url",
    "model_name",
)


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        ({"command": ["sh", "-c", "echo why; exit 3"]}, "command.failed", ("status 3", "why")),
        ({"command": ["sh", "-c", "kill -9 $$"]}, "command.failed", ("SIGKILL", "said nothing")),
        ({"command": ["no-such"]}, "command.not_found", ("'no-such'", "DRAGOMAN_COMMAND_PATH")),
        ({"command": ["/etc/passwd"]}, "command.not_found", ("'/etc/passwd'",)),
        (
            {"command": ["sh", "-c", "echo slow; exec sleep 60"], "timeout_s": 1},
            "command.timed_out",
            ("within 1 s", "timeout_s", "slow"),
        ),
    ],
)
async def test_a_command_that_fails_parks_its_job_with_its_log(
    shop: CommandShop, config: dict[str, Any], code: str, words: tuple[str, ...]
) -> None:
    await shop.submit(**config)
    job = await shop.perform()
    assert job.status is JobStatus.FAILED
    trouble = job.parked[KEY]
    assert trouble.code == code
    assert trouble.reason is not None
    reason = await get_value(shop.shop.objects, s.PROJECT, trouble.reason, ParkingReason)
    for word in words:
        assert word in reason.message
    log = next(each for each in job.artifacts if each.kind is ArtifactKind.COMMAND_LOG)
    assert (log.name, is_truncated(log.object)) == ("run.log", False)
    parked = (await shop.shop.events())[-1].recorded.data
    assert isinstance(parked, WorkParked)
    assert parked.log == log.object


async def test_too_many_files_park_the_job_and_the_log_stays(shop: CommandShop) -> None:
    await shop.submit(
        command=["sh", "-c", 'cd "$0"; seq 2001 | xargs touch; echo wrote', "{output_dir}"]
    )
    job = await shop.perform()
    assert job.parked[KEY].code == "command.output_refused"
    assert await shop.files(job) == {"command_log:run.log": b"wrote\n"}


async def test_a_long_log_says_that_it_is_cut(shop: CommandShop) -> None:
    await shop.submit(command=["sh", "-c", "yes | head -c 1000000"])
    job = await shop.perform()
    log = next(each for each in job.artifacts if each.kind is ArtifactKind.COMMAND_LOG)
    assert is_truncated(log.object)
    assert log.object.size_bytes <= 262_144


async def test_equal_work_is_done_once_and_anew_where_it_is_forced(
    shop: CommandShop, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    command = counting(ran, 'cp "$0" "$1"/out.md')
    first, again, forced = s.JOB, uuid4(), uuid4()
    await shop.submit(first, command=command)
    await shop.submit(again, command=command, timeout_s=5)
    await shop.submit(forced, command=command, nonce="1")
    files = [await shop.files(await shop.perform(each)) for each in (first, again)]
    assert files[0] == files[1]
    assert runs(ran) == 1
    await shop.perform(forced)
    assert runs(ran) == 2


async def test_inputs_hold_what_the_template_uses(shop: CommandShop) -> None:
    def of(job: Job) -> dict[str, object]:
        return dict(inputs(job, shop.delivery().item))

    async def job_of(*command: str, job_id: UUID = s.JOB, **more: str) -> Job:
        stream = s.JobStream(job_id=job_id)
        stream.append(await shop.submitted(command=list(command), **more))
        return stream.job

    plain, other = await job_of("a", "{input}"), await job_of("a", "{input}", job_id=uuid4())
    assert of(plain) == of(other)
    assert of(plain) == of(await job_of("a", "{input}", name="b.txt"))
    assert of(plain) != of(await job_of("b", "{input}"))
    assert of(await job_of("{job_id}")) != of(await job_of("{job_id}", job_id=uuid4()))
    for name in ("input_name", "document_id", "s3_prefix"):
        assert of(await job_of(f"{{{name}}}")) != of(await job_of(f"{{{name}}}", name="b.txt"))


async def test_a_cancelled_job_s_command_is_ended_at_once_and_a_resume_runs_it_again(
    shop: CommandShop, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    go_on = 'if [ $(wc -l < "$2") = 1 ]; then echo $$ > "$2.pid"; exec sleep 600; fi'
    await shop.submit(command=[*counting(ran, go_on), str(ran)])
    running = asyncio.ensure_future(shop.worker().receive(shop.delivery()))
    pid = await asyncio.to_thread(pid_in, Path(f"{ran}.pid"))
    await shop.shop.append(CancelRequested())
    await running
    assert not is_alive(pid)
    await shop.shop.append(JobCancelled())
    job = await shop.shop.job()
    assert job.status is JobStatus.CANCELLED
    assert not is_owed(job, KEY)
    await shop.shop.append(resume_request(job))
    assert isinstance(await shop.shop.last(), ResumeRequested)
    job = await shop.perform()
    assert (job.status, runs(ran)) == (JobStatus.COMPLETED, 2)


async def test_a_killed_worker_s_command_is_gone_and_the_next_does_the_work(
    shop: CommandShop, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    go_on = 'if [ $(wc -l < "$2") = 1 ]; then echo $$ > "$2.pid"; exec sleep 600; fi'
    await shop.submit(command=[*counting(ran, go_on), str(ran)])
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.extract.jobs", str(tmp_path)), env=environment()
    )
    pid = await asyncio.to_thread(pid_in, Path(f"{ran}.pid"))
    worker.kill()
    await worker.wait()
    await asyncio.to_thread(until, lambda: not is_alive(pid))
    assert (await shop.perform(owner="the next")).status is JobStatus.IN_PROGRESS
    await shop.shop.store.expire_leases()
    job = await shop.perform(owner="the next")
    assert (job.status, runs(ran)) == (JobStatus.COMPLETED, 2)
    assert (await shop.shop.types()).count("phase.finished") == 1


async def test_progress_and_the_end_of_the_log_are_noted_while_it_runs(
    shop: CommandShop, tmp_path: Path
) -> None:
    said, go = tmp_path / "said", tmp_path / "go"
    await shop.submit(
        command=[
            *(
                "sh",
                "-c",
                "echo dragoman-progress: 3/4; echo > $0; until [ -e $1 ]; do sleep 0.05; done",
            ),
            *(str(said), str(go)),
        ]
    )
    worker = shop.worker(limits=WorkerLimits(heartbeat=timedelta(seconds=0.1)))
    worker.start()
    running = asyncio.ensure_future(worker.receive(shop.delivery()))
    notes: list[WorkUnderWay] = []
    while not any(each.note.item_count for each in notes):
        await asyncio.sleep(0.05)
        leases = await shop.shop.store.live_leases(s.JOB)
        notes += work_under_way(await shop.shop.job(), leases)
    assert notes[-1].note == WorkNote(
        done_count=3, item_count=4, log_tail="dragoman-progress: 3/4\n"
    )
    assert progress_pct(await shop.shop.job(), notes[-1:]) == 75
    go.touch()
    await running
    await worker.stop()


async def test_a_replay_takes_what_a_command_wrote_from_the_record(
    shop: CommandShop, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    await shop.submit(command=counting(ran))
    await shop.perform()
    stream = [each.recorded for each in await shop.shop.events()]
    replay, rebuilt = await Replayer(ServicesWork(), shop.shop.objects).replay(stream)
    assert [step.result for step in replay.steps] == [StepResult.TAKEN]
    assert (rebuilt, runs(ran), replay.is_equal) == (None, 1, True)
    assert [fold(stream[:count]) for count in range(1, len(stream) + 1)]


def test_a_job_on_no_document_has_no_values_of_one() -> None:
    stream = s.given(first=s.submitted().model_copy(update={"subject": None}))
    values = values_of(stream.job, CommandConfig(command=("true",)), None)
    assert {name for name, value in values.items() if value} == {"file_hash", "job_id"}
