"""Answers are found again unit by unit: a document that changed pays for what changed, whatever
batches its units are in, also where nothing is taken over from an earlier version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from docx import Document

from dragoman_contracts.events import BatchTranslated
from dragoman_contracts.job import fold
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.replaying import Replayer, StepResult
from dragoman_standalone.job_replay import ServicesWork
from e2e.command_line import dragoman
from e2e.slow_model import SlowModel
from servers.model_protocol import question_in, units_in

TEXTS = tuple(
    f"Part {number} of the order is delivered within {number + 3} days." for number in range(30)
)


class Counting(SlowModel):
    """A model that remembers the texts it was asked for, those that only help left out."""

    def texts(self) -> list[str]:
        """The sources of the units asked for, in order."""
        return [text for body in self.asked for _, text in units_in(question_in(body))]

    def new_texts(self) -> list[str]:
        """The sources asked for since this was called last."""
        texts = self.texts()
        self.asked.clear()
        return texts


@pytest.fixture
def model() -> Iterator[Counting]:
    served = Counting()
    try:
        yield served
    finally:
        served.close()


def translated(
    folder: Path, texts: Sequence[str], model: SlowModel, *options: str
) -> dict[str, Any]:
    """Translate a document of these paragraphs; the report of its file."""
    document = Document()
    document.sections[0].header.paragraphs[0].text = "Terms of delivery"
    document.core_properties.comments = ""
    for text in texts:
        document.add_paragraph(text)
    document.save(str(folder / "order.docx"))
    done = dragoman(
        *("translate", folder / "order.docx", "-o", folder / "out.docx", "--source", "en"),
        *("--target", "ru", "--engine", "openai", "--state", folder / "state", "--json"),
        *("--new-version-of", "none", *options),
        environment=model.settings,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    report = cast("dict[str, Any]", json.loads(done.stdout))
    return cast("dict[str, Any]", report["files"][0])


async def job_of(folder: Path, job_id: str) -> tuple[int, int, int]:
    """The units, the reused units and the calls paid of a job, which is made again as it was."""
    store = SqliteEventStore(folder / "state" / "events.db")
    objects = FileObjectStore(folder / "state" / "objects")
    try:
        stream = [each.recorded for each in await store.read(UUID(job_id))]
        replay, _ = await Replayer(ServicesWork(), objects).replay(stream)
    finally:
        await store.aclose()
    assert {step.result for step in replay.steps} <= {StepResult.EQUAL, StepResult.TAKEN}, replay
    assert replay.rebuilt == replay.recorded is not None
    job = fold(stream)
    assert job is not None
    assert job.plan is not None
    assert any(isinstance(each.data, BatchTranslated) for each in stream)
    return job.plan.item_count, job.plan.reused_count, job.plan.usage.call_count


@pytest.mark.slow
async def test_only_what_changed_is_paid_and_every_job_can_be_made_again(
    tmp_path: Path, model: Counting
) -> None:
    first = translated(tmp_path, TEXTS, model)
    assert sorted(model.new_texts()) == sorted((*TEXTS, "Terms of delivery"))
    units, reused, calls = await job_of(tmp_path, first["job_id"])
    assert (units, reused) == (31, 0)
    assert calls > 0

    changed = translated(tmp_path, (*TEXTS[:7], "Part 7 is late.", *TEXTS[8:]), model)
    assert model.new_texts() == ["Part 7 is late."]
    assert await job_of(tmp_path, changed["job_id"]) == (31, 30, 1)

    inserted = translated(tmp_path, ("A word before.", *TEXTS), model)
    assert model.new_texts() == ["A word before."]
    assert await job_of(tmp_path, inserted["job_id"]) == (32, 31, 1)

    removed = translated(tmp_path, TEXTS[1:], model)
    excluded = translated(tmp_path, TEXTS, model, "--exclude", "headers")
    assert model.new_texts() == []
    assert await job_of(tmp_path, removed["job_id"]) == (30, 30, 0)
    assert await job_of(tmp_path, excluded["job_id"]) == (30, 30, 0)
