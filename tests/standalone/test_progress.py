"""What a run of `dragoman translate` shows while somebody waits: bar, NDJSON,
and where both come from.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console
from typing_extensions import override

import dragoman_extract.app
import dragoman_intake.app
import dragoman_qa.app
import dragoman_reassemble.app
import dragoman_translate.app
from contracts.streams import UP_TO_PLAN, failed, given
from dragoman_contracts.locale import Locale
from dragoman_contracts.under_way import Doing, WorkNote, WorkUnderWay
from dragoman_contracts.vocabulary import JobStatus, Service, WorkKind
from dragoman_runtime.service import ServicePart
from dragoman_runtime.settings import LogLevel, load
from dragoman_runtime.telemetry import get_logger
from dragoman_runtime.worker import Task, WorkContext
from dragoman_runtime.worker import leases as of_worker
from dragoman_standalone import progress as shown
from dragoman_standalone import translating
from dragoman_standalone.inputs import Input
from dragoman_standalone.outcome import FileOutcome
from dragoman_standalone.platform import opened, performing
from dragoman_standalone.progress import Moved, ProgressStyle, progress_of
from dragoman_standalone.settings import StandaloneSettings, quiet
from dragoman_translate.app import ConfiguredEngines
from upgrade.ways import small_document

MOVED = Moved(
    "a.docx", 1, 1, "translation", 30.0, 5, 40, lines=("Batch 1: 2 of 4 units, 14 tokens/s",)
)


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of NDJSON so far."""
    return [
        cast("dict[str, Any]", json.loads(line)) for line in capsys.readouterr().err.splitlines()
    ]


def test_ndjson_has_a_line_for_each_step_and_no_more_than_one_a_second_between(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with progress_of(ProgressStyle.NDJSON, 1) as progress:
        for number in range(200):  # ten seconds of looking twenty times a second
            now += 0.05
            progress.moved(replace(MOVED, lines=(f"waiting for {number // 20} s",)))
        progress.moved(replace(MOVED, progress_pct=31.0))
        progress.moved(replace(MOVED, progress_pct=31.0, stage="qa"))
        for _ in range(100):
            now += 0.05
            progress.moved(replace(MOVED, progress_pct=31.0, stage="qa"))
    lines = said(capsys)
    assert 9 <= len([line for line in lines if line["progress_pct"] == 30.0]) <= 11
    assert [line["stage"] for line in lines if line["progress_pct"] == 31.0] == [
        "translation",
        "qa",
    ]


def test_ndjson_carries_what_the_api_says_of_work_under_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = WorkUnderWay(
        kind=WorkKind.TRANSLATION_BATCH,
        index=1,
        units_per_s=0.5,
        note=WorkNote(
            doing=Doing.WRITING,
            done_count=2,
            item_count=4,
            token_count=90,
            tokens_per_s=14.0,
            model="m",
        ),
    )
    with progress_of(ProgressStyle.NDJSON, 3) as progress:
        progress.moved(translating.moved("a.docx", (2, 3), given(*UP_TO_PLAN).job, [work]))
    (line,) = said(capsys)
    (under_way,) = line.pop("work_under_way")
    assert line == {
        "event": "progress",
        "file": "a.docx",
        "number": 2,
        "count": 3,
        "stage": "translation",
        "progress_pct": line["progress_pct"],
        "units_done": 2,
        "units": 40,
        "remaining_s": 76.0,
        "retries": [],
    }
    assert under_way["text"] == "Batch 2: 2 of 4 units, 14 tokens/s, about 4 s left"
    assert (under_way["index"], under_way["done_units"], under_way["tokens"]) == (1, 2, 90)


def test_a_wait_for_the_next_attempt_says_cause_time_and_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=15.4)
    told = {"code": "engine.unavailable", "attempt": 3, "retry_at": due}
    event = failed(WorkKind.TRANSLATION_BATCH).model_copy(update=told)
    waiting = given(*UP_TO_PLAN, event).job
    moved = translating.moved("a.docx", (1, 1), waiting, [])
    assert moved.lines == ("no connection, trying again in 15 s (4 of 5)",)
    bar, written = bar_of(monkeypatch, 1, 120)
    with bar:
        bar.moved(moved)
    assert "no connection, trying again in 15 s (4 of 5)" in written.getvalue()
    with progress_of(ProgressStyle.NDJSON, 1) as progress:
        progress.moved(moved)
    (line,) = said(capsys)
    (retry,) = line["retries"]
    assert (retry["code"], retry["attempt"], retry["max_attempts"]) == ("engine.unavailable", 4, 5)
    under_way = [WorkUnderWay(kind=WorkKind.TRANSLATION_BATCH, index=0)]
    assert len(translating.moved("a.docx", (1, 1), waiting, under_way).retries) == 0


@pytest.mark.parametrize(("asked", "logged"), [(None, False), ("warning", True)])
def test_logs_are_silent_until_asked_for_and_stand_apart_in_ndjson(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    asked: LogLevel | None,
    logged: bool,
) -> None:
    monkeypatch.delenv("DRAGOMAN_LOG_LEVEL", raising=False)
    monkeypatch.setattr(logging.root, "handlers", list(logging.root.handlers))
    shown.carry_logs(quiet(load(StandaloneSettings), asked))
    get_logger().warning("engine.failed", error_code="engine.unavailable")
    logging.getLogger("library").error("trouble")
    lines = said(capsys)
    assert {line["event"] for line in lines} == ({"log"} if logged else set[str]())
    assert [line["log"]["event"] for line in lines] == (
        ["engine.failed", "trouble"] if logged else []
    )


def test_a_setting_turns_the_logs_of_one_shot_commands_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_LOG_LEVEL", "info")
    assert quiet(load(StandaloneSettings)).log_level == "info"
    monkeypatch.delenv("DRAGOMAN_LOG_LEVEL")
    assert quiet(load(StandaloneSettings)).log_level == "off"


def bar_of(monkeypatch: pytest.MonkeyPatch, total: int, width: int) -> tuple[Any, io.StringIO]:
    """A bar on a terminal of this width, and what it writes."""
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=width, color_system=None)

    def on_terminal(*, stderr: bool) -> Console:
        return terminal

    monkeypatch.setattr(shown, "Console", on_terminal)
    return progress_of(ProgressStyle.BAR, total), written


@pytest.mark.parametrize("width", [60, 100])
def test_the_bar_says_what_is_translated_and_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    bar, written = bar_of(monkeypatch, 1, width)
    with bar:
        bar.moved(replace(MOVED, remaining_s=42.0))
    text = written.getvalue()
    assert "30 %" in text
    assert "about 42 s left" in text
    assert ("Batch 1: 2 of 4 units, 14 tokens/s" in text) == (width > 60)
    assert max(len(line) for line in text.splitlines()) < width * 3, (
        "one line, cut where there is no room"
    )


def test_the_bar_never_goes_back_and_guesses_no_time_for_files_that_are_not_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bar, written = bar_of(monkeypatch, 2, 140)
    with bar:
        bar.moved(replace(MOVED, count=2, progress_pct=40.0, remaining_s=42.0))
        bar.moved(replace(MOVED, count=2, progress_pct=20.0, remaining_s=42.0))
        bar.moved(Moved("b.docx", 2, 2, "extraction", 10.0))
    text = written.getvalue()
    assert "25 %" in text
    assert "left" not in text
    assert "a.docx, 1 of 2: Batch 1" in text


def test_a_line_names_the_file_its_number_and_the_first_of_several_batches() -> None:
    assert MOVED.text == "Batch 1: 2 of 4 units, 14 tokens/s"
    assert Moved("a.docx", 2, 3, "qa", 80.0).text == "a.docx, 2 of 3: qa"
    assert (
        replace(MOVED, lines=("Batch 1: x", "Batch 2: y", "Batch 3: z")).text
        == "Batch 1: x (and 2 more)"
    )


class Recorded:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.seen: list[Moved] = []

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def moved(self, moved: Moved) -> None:
        self.seen.append(moved)

    def finished(self, outcome: FileOutcome) -> None:
        return


class Slowly(Task[Any]):
    """The task of a batch that says how far it is before it does it."""

    @override
    def fingerprint(self, job: Any, item: Any) -> None:
        return None


def _unsaid(note: WorkNote) -> None:
    """The true batch would count its units once more, from 0."""


def slowly(task: Task[Any]) -> Task[Any]:
    """A batch of six units that is told unit by unit."""
    if task.kind is not WorkKind.TRANSLATION_BATCH:
        return task

    async def perform(context: WorkContext) -> Any:
        context.report(WorkNote(doing=Doing.WAITING_FOR_FIRST_TOKEN, item_count=6))
        for done in range(7):
            await asyncio.sleep(0.12)
            context.report(
                WorkNote(doing=Doing.WRITING, done_count=done, item_count=6, tokens_per_s=14.0)
            )
        quiet = copy(context)
        quiet.report = _unsaid
        return await task.perform(quiet)

    return Slowly(task.kind, task.outcome, task.inputs, perform, task.decide)


async def test_units_are_counted_as_they_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_worker, "NOTES_EVERY_S", 0.02)
    monkeypatch.setattr(translating, "_ASK_S", 0.02)
    path = tmp_path / "contract.docx"
    path.write_bytes(small_document("contract", 6))
    settings = load(StandaloneSettings, {"state_dir": tmp_path / "state"})
    engines, progress = ConfiguredEngines(settings), Recorded()
    parts = [
        ServicePart(Service.INTAKE, dragoman_intake.app.tasks()),
        dragoman_extract.app.part(settings),
        ServicePart(
            Service.TRANSLATE, [slowly(task) for task in dragoman_translate.app.tasks(engines)]
        ),
        dragoman_qa.app.part(settings),
        dragoman_reassemble.app.part(),
    ]
    order = translating.Order(Locale("en"), Locale("ru"), translating.overrides_of("pseudo", None))
    file = Input(path, path.name, tmp_path / "out.docx")
    async with opened(settings) as platform, performing(platform, parts):
        (outcome,) = await translating.translate(platform, [file], order, progress)

    assert outcome.status is JobStatus.COMPLETED
    counted = [
        each.units_done for each in progress.seen if each.units_done is not None and each.lines
    ]
    assert {1, 2, 3, 4, 5} & set(counted), "units are counted before their batch is recorded"
    assert counted == sorted(counted)
    assert all(0 <= each.progress_pct < 100 for each in progress.seen)
    assert [each.progress_pct for each in progress.seen] == sorted(
        each.progress_pct for each in progress.seen
    )
    assert any(
        "waiting for the model's first token" in line
        for each in progress.seen
        for line in each.lines
    )
    assert any(each.remaining_s for each in progress.seen)
