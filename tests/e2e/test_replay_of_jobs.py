"""A finished job is made again from its log and its recorded calls: no engine,
no network, the same bytes.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import zipfile
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from dragoman_contracts.envelope import RecordedEvent, record
from dragoman_contracts.events import ArtifactErased, BatchTranslated
from dragoman_contracts.job import begin
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.text import Unit
from dragoman_extract.domain import segmented
from dragoman_gateway.artifacts.desk import ReplayPackage, write_package
from dragoman_gateway.artifacts.rules import NotVerifiedError, PackageRefusedError
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.replaying import Replay, Replayer, StepResult
from dragoman_standalone.job_replay import ServicesWork
from e2e.command_line import dragoman
from e2e.documents import own_document, some_documents
from e2e.slow_model import SlowModel, foreign, slow_model

_FAST = {"DRAGOMAN_BACKOFF_BASE_S": "0.1"}


class _Forgetful(SlowModel):
    """A model that, asked for several units at once, leaves out the last one,
    and every third time talks instead.
    """

    def answer(self, body: bytes) -> bytes:
        """The answer, whole only where one unit was asked for."""
        number, answer = len(self.asked), json.loads(super().answer(body))
        message = answer["choices"][0]["message"]
        units = json.loads(message["content"])["units"]
        if len(units) > 1:
            message["content"] = (
                json.dumps({"units": units[:-1]}) if number % 3 else "I am sorry, here it is:"
            )
        return json.dumps(answer).encode()


def translated(folder: Path, files: dict[str, bytes], model: SlowModel) -> dict[UUID, bytes]:
    """Translate the files with the model; the results by job.

    A file of the corpus with letters raised inside words waits for a person: the model writes other
    letters.
    """
    for name, data in files.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    done = dragoman(
        *(
            "translate",
            folder / "in",
            "-o",
            folder / "out",
            "--source",
            "en",
            "--target",
            "ru",
            "--engine",
            "openai",
        ),
        *("--state", folder / "state", "--json"),
        environment={**model.settings, **_FAST},
    )
    assert done.returncode in (0, 3), done.stderr + done.stdout
    report = cast("dict[str, Any]", json.loads(done.stdout))
    delivered = [each for each in report["files"] if each["status"] == "completed"]
    assert len(delivered) >= min(len(files), 3), done.stdout
    return {UUID(each["job_id"]): Path(each["output"]).read_bytes() for each in delivered}


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[tuple[SqliteEventStore, FileObjectStore]]:
    """The stores of the state folder."""
    store = SqliteEventStore(folder / "state" / "events.db")
    objects = FileObjectStore(folder / "state" / "objects")
    try:
        yield store, objects
    finally:
        await store.aclose()


async def stream_of(store: SqliteEventStore, job_id: UUID) -> list[RecordedEvent]:
    """The events of a job."""
    return [each.recorded for each in await store.read(job_id)]


def results(replay: Replay) -> Counter[StepResult]:
    """How many steps came out how."""
    return Counter(step.result for step in replay.steps)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection."""

    def refuse(*_: object) -> None:
        raise AssertionError("a replay opens no connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("model_type", [SlowModel, _Forgetful])
def test_a_finished_job_is_made_again_byte_for_byte(
    tmp_path: Path, model_type: type[SlowModel]
) -> None:
    model = model_type()
    try:
        delivered = translated(tmp_path, some_documents(own=2, corpus=2), model)
    finally:
        model.close()
    asked = len(model.asked)
    pointers = list((tmp_path / "state" / "objects").glob("*/outcomes"))
    assert pointers
    for folder in pointers:
        shutil.rmtree(folder)

    async def replayed() -> None:
        async with opened(tmp_path) as (store, objects):
            for job_id, document in delivered.items():
                replay, rebuilt = await Replayer(ServicesWork(), objects).replay(
                    await stream_of(store, job_id)
                )
                assert replay.is_equal, replay
                assert replay.rebuilt == replay.recorded
                assert rebuilt == document

    asyncio.run(replayed())
    assert len(model.asked) == asked
    assert not list((tmp_path / "state" / "objects").glob("*/outcomes")), "a replay leaves no trace"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, UUID]:
    """A folder with one translated document, and its job."""
    folder = tmp_path_factory.mktemp("translated")
    with slow_model() as model:
        return folder, next(iter(translated(folder, {"order.docx": own_document(1)}, model)))


@pytest.fixture
def one(kept: tuple[Path, UUID], tmp_path: Path) -> UUID:
    """The translated document's job, in a folder of the test's own."""
    folder, job_id = kept
    shutil.copytree(folder / "state", tmp_path / "state")
    return job_id


async def test_a_call_that_was_changed_is_found(tmp_path: Path, one: UUID) -> None:
    async with opened(tmp_path) as (store, objects):
        stream = await stream_of(store, one)
        call = next(
            each.data.calls[0].digest for each in stream if isinstance(each.data, BatchTranslated)
        )
        (file,) = (tmp_path / "state" / "objects").glob(f"*/objects/{call[:2]}/{call[2:]}")
        file.write_bytes(file.read_bytes().replace("д".encode(), "т".encode()))
        replay, _ = await Replayer(ServicesWork(), objects).replay(stream)
    assert not replay.is_equal
    (failed,) = (step for step in replay.steps if step.result is StepResult.FAILED)
    assert (failed.type, failed.code) == ("translation.batch_translated", "object.corrupt")


async def test_a_question_that_is_not_on_record_is_asked_of_nobody(
    tmp_path: Path, one: UUID
) -> None:
    async with opened(tmp_path) as (store, objects):
        stream = [
            each.model_copy(
                update={"data": each.data.model_copy(update={"calls": each.data.calls[:0]})}
            )
            if isinstance(each.data, BatchTranslated)
            else each
            for each in await stream_of(store, one)
        ]
        replay, _ = await Replayer(ServicesWork(), objects).replay(stream)
    assert {step.code for step in replay.steps if step.result is StepResult.FAILED} == {
        "engine.not_recorded"
    }


async def test_rules_that_changed_since_are_named_by_step_and_field(
    tmp_path: Path, one: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_rules(*arguments: Any) -> tuple[Unit, ...]:
        return tuple(unit.model_copy(update={"style": "Other"}) for unit in segmented(*arguments))

    monkeypatch.setattr("dragoman_extract.domain.segmented", other_rules)
    async with opened(tmp_path) as (store, objects):
        replay, _ = await Replayer(ServicesWork(), objects).replay(await stream_of(store, one))
    different = [step for step in replay.steps if step.result is StepResult.DIFFERENT]
    assert [(step.type, step.fields) for step in different] == [
        ("document.extracted", ("units", "manifest"))
    ]
    assert replay.rebuilt == replay.recorded, "later steps stand on the record"


async def test_what_was_erased_by_right_is_no_difference(tmp_path: Path, one: UUID) -> None:
    async with opened(tmp_path) as (store, objects):
        stream = await stream_of(store, one)
        source, envelope = begin(stream[0]).source, stream[-1]
        await objects.delete(envelope.project_id, source)
        missing, _ = await Replayer(ServicesWork(), objects).replay(stream)
        event = ArtifactErased(kind=ArtifactKind.SOURCE_DOCX, digest=source.digest)
        later = record(
            event,
            project_id=envelope.project_id,
            stream_id=one,
            version=envelope.version + 1,
            occurred_at=envelope.occurred_at,
            origin=envelope.origin,
            previous_digest="",
        )
        erased, _ = await Replayer(ServicesWork(), objects).replay([*stream, later])
    assert not missing.is_equal
    assert results(missing)[StepResult.FAILED] == 3
    assert erased.is_equal
    assert results(erased)[StepResult.ERASED] == 3
    assert erased.rebuilt is None


async def package_of(folder: Path, job_id: UUID) -> Path:
    """The job's package, in a file."""
    async with opened(folder) as (store, objects):
        data = await write_package(await store.read_states(job_id), objects)
        assert data == await write_package(await store.read_states(job_id), objects), (
            "the same job, the same bytes"
        )
    path = folder / "package.zip"
    path.write_bytes(data)
    return path


async def test_a_package_is_opened_checked_and_replayed_with_nothing_else_at_hand(
    tmp_path: Path, one: UUID
) -> None:
    path = await package_of(tmp_path, one)
    shutil.rmtree(tmp_path / "state")
    package = ReplayPackage.open(path)
    replay, rebuilt = await Replayer(ServicesWork(), package).replay(package.stream)
    assert replay.is_equal
    assert rebuilt is not None
    assert replay.rebuilt == replay.recorded == sha256(rebuilt).hexdigest()
    assert not package.manifest.absent
    with zipfile.ZipFile(path) as archive:
        tmx = archive.read("translation.tmx").decode()
    assert tmx.count("<tu ") == 64
    assert "order 1 is delivered" in tmx
    assert foreign("order 1 is delivered") in tmx


@pytest.mark.parametrize("entry", ["manifest.json", "events.ndjson"])
async def test_a_package_with_a_changed_entry_is_refused(
    tmp_path: Path, one: UUID, entry: str
) -> None:
    path = await package_of(tmp_path, one)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries[entry] = (
        entries[entry].replace(b"openai", b"opfnai").replace(b'"version":', b'"version": 1')
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    with pytest.raises(PackageRefusedError):
        ReplayPackage.open(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"not a package"])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(content)
    with pytest.raises(PackageRefusedError):
        ReplayPackage.open(path)


async def test_a_job_without_a_verified_translation_is_not_packaged(
    tmp_path: Path, one: UUID
) -> None:
    async with opened(tmp_path) as (store, objects):
        states = await store.read_states(one)
        with pytest.raises(NotVerifiedError):
            await write_package(states[:3], objects)


async def test_the_command_makes_a_job_again_from_the_log_and_from_its_package(
    tmp_path: Path, one: UUID
) -> None:
    path = await package_of(tmp_path, one)
    for what in (("replay", str(one), "--state", tmp_path / "state"), ("replay", path)):
        done = await asyncio.to_thread(dragoman, *what, "--verify", "--json")
        assert done.returncode == 0, done.stderr
        replay = json.loads(done.stdout)
        assert replay["recorded"] is not None
        assert replay["rebuilt"] == replay["recorded"]
    for what in ("no-such-file.zip", str(UUID(int=7))):
        refused = await asyncio.to_thread(dragoman, "replay", what, "--state", tmp_path / "state")
        assert refused.returncode == 2
        assert what in refused.stderr
