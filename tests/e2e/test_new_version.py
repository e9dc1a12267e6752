"""A new version of a document pays for what changed and keeps what people wrote, also when the
process is killed in the middle, and whatever people do to the earlier version meanwhile.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from docx import Document

from dragoman_contracts.job import fold
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.replaying import Replayer, StepResult
from dragoman_standalone.job_replay import ServicesWork
from e2e.command_line import dragoman, started
from e2e.slow_model import SlowModel, foreign, slow_model
from servers.model_protocol import question_in, units_in

TEXTS = tuple(f"Clause {number} binds both parties for {number + 3} days." for number in range(40))
PERSONS = "Так написал человек."


def written(folder: Path, texts: Sequence[str]) -> Path:
    """A document of these paragraphs, always under the same name."""
    document = Document()
    document.core_properties.comments = ""
    for text in texts:
        document.add_paragraph(text)
    path = folder / "contract.docx"
    document.save(str(path))
    return path


def arguments(folder: Path, *options: str) -> list[str | Path]:
    command: list[str | Path] = ["translate", folder / "contract.docx", "-o", folder / "out.docx"]
    command += ["--source", "en", "--target", "ru", "--engine", "openai"]
    return [*command, "--state", folder / "state", "--json", *options]


def translated(folder: Path, model: SlowModel, *options: str) -> dict[str, Any]:
    """The report of the document's file."""
    done = dragoman(*arguments(folder, *options), environment=model.settings)
    assert done.returncode == 0, done.stderr + done.stdout
    return cast("dict[str, Any]", json.loads(done.stdout)["files"][0])


def analysed(folder: Path, model: SlowModel, *options: str) -> dict[str, Any]:
    """The totals of the document, counted before it is translated."""
    done = dragoman(*arguments(folder, "--dry-run", *options), environment=model.settings)
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads(done.stdout)
    bands = {each["band"]: each["unit_count"] for each in found["total"]["bands"]}
    return {**found["total"], **{f"band {name}": count for name, count in bands.items()}}


def asked_of(model: SlowModel) -> list[str]:
    """The texts that the model was asked for since this was called last."""
    texts = [text for body in model.asked for _, text in units_in(question_in(body))]
    model.asked.clear()
    return texts


def reviewed(folder: Path, *command: str) -> str:
    done = dragoman("review", *command, "--state", folder / "state")
    assert done.returncode == 0, done.stderr
    return done.stdout


def paragraphs(folder: Path) -> list[str]:
    return [each.text for each in Document(str(folder / "out.docx")).paragraphs]


async def replayed(folder: Path, job_id: str) -> None:
    """Make the job again from its log alone: each step gives what is on record."""
    store = SqliteEventStore(folder / "state" / "events.db")
    try:
        stream = [each.recorded for each in await store.read(UUID(job_id))]
        objects = FileObjectStore(folder / "state" / "objects")
        replay, _ = await Replayer(ServicesWork(), objects).replay(stream)
    finally:
        await store.aclose()
    assert {step.result for step in replay.steps} <= {StepResult.EQUAL, StepResult.TAKEN}, replay
    assert replay.rebuilt == replay.recorded is not None
    assert fold(stream) is not None


async def test_people_s_edits_of_version_1_stand_in_version_2_which_pays_for_the_rest(
    tmp_path: Path,
) -> None:
    with slow_model() as model:
        # given a version that is translated, one unit of which a person rewrote
        written(tmp_path, TEXTS)
        first = translated(tmp_path, model)
        assert first["savings"]["translated"]["unit_count"] == len(TEXTS)
        assert sorted(asked_of(model)) == sorted(TEXTS)
        reviewed(tmp_path, "open", first["job_id"])
        reviewed(tmp_path, "edit", first["job_id"], "8", PERSONS)

        # when a paragraph is inserted right before it, and another changed
        texts = (*TEXTS[:7], "A new clause.", *TEXTS[7:20], "Clause 20 is void.", *TEXTS[21:])
        written(tmp_path, texts)
        counted = analysed(tmp_path, model)
        assert asked_of(model) == []
        second = translated(tmp_path, model)

        # then the two are paid for, and the person's text stands where it belongs
        assert sorted(asked_of(model)) == ["A new clause.", "Clause 20 is void."]
        made = paragraphs(tmp_path)
        assert made[8] == PERSONS
        assert [made[7], made[21]] == [foreign("A new clause."), foreign("Clause 20 is void.")]
        savings = second["savings"]
        assert savings["previous_version"]["unit_count"] == len(TEXTS) - 1
        assert savings["context_changed"]["unit_count"] == 4
        assert savings["translated"]["unit_count"] == 2

        # and the analysis had said so
        reused = counted["reused"]
        assert reused["from_people"]["unit_count"] == 1
        assert reused["from_engine"]["unit_count"] == len(TEXTS) - 2
        assert counted["band previous_version"] == savings["previous_version"]["unit_count"]
        assert counted["load"]["unit_count"] == 2
        again = analysed(tmp_path, model, "--new-version-of", "none")
        assert again["band already_paid"] == len(texts)
        assert again["load"]["unit_count"] == 0
        await replayed(tmp_path, second["job_id"])

        # and it says so
        shown = dragoman("explain", second["job_id"], "9", "--state", tmp_path / "state").stdout
        assert "from    previous_version" in shown
        assert "a person's, kept, other neighbours" in shown
        assert first["job_id"] in shown
        listed = dragoman(
            *("review", "list", second["job_id"], "--finding", "context.changed", "--json"),
            *("--state", tmp_path / "state"),
        )
        numbers = [each["position"] + 1 for each in json.loads(listed.stdout)["items"]]
        assert numbers == [7, 9, 21, 23]

        # and a third version, of the second, keeps the person's text as well
        written(tmp_path, texts[1:])
        translated(tmp_path, model)
        assert asked_of(model) == []
        assert paragraphs(tmp_path)[7] == PERSONS

        # and none of it where that is wanted
        written(tmp_path, texts[2:])
        fresh = translated(tmp_path, model, "--new-version-of", "none")
        assert asked_of(model) == []
        assert fresh["savings"]["on_record"]["unit_count"] == len(texts) - 2
        assert paragraphs(tmp_path)[6] == foreign(TEXTS[7])


def interrupted(folder: Path, model: SlowModel) -> None:
    """Translate until a call is in flight, then kill the process."""
    running = started(*arguments(folder), log=folder / "log", environment=model.settings)
    try:
        model.wait_until_held(1)
        running.send_signal(signal.SIGKILL)
        assert running.wait(60) == -signal.SIGKILL
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()


async def test_a_killed_job_goes_on_with_the_edits_it_began_with(tmp_path: Path) -> None:
    with slow_model() as model:
        written(tmp_path, TEXTS)
        first = translated(tmp_path, model)["job_id"]
        reviewed(tmp_path, "open", first)
        reviewed(tmp_path, "edit", first, "8", PERSONS)
    with slow_model(answers=0) as model:
        # given a job on the next version that is killed while the model answers
        written(tmp_path, ("A new clause.", *TEXTS))
        interrupted(tmp_path, model)
        model.release()
        # when the person writes something else meanwhile, and the job goes on
        reviewed(tmp_path, "edit", first, "8", "Нечто иное.")
        second = translated(tmp_path, model, "--resume")
        # then it has what it was submitted with, as has the job that is made again
        assert set(asked_of(model)) == {"A new clause."}
        assert paragraphs(tmp_path)[8] == PERSONS
        await replayed(tmp_path, second["job_id"])


def test_what_is_no_earlier_version_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    with slow_model() as model:
        written(tmp_path, TEXTS)
        wrong = run(tmp_path, model, "--new-version-of", "yesterday's")
        assert wrong.returncode == 2
        assert "no id of a job or document" in wrong.stderr
        unknown = run(tmp_path, model, "--new-version-of", str(UUID(int=5)))
        assert unknown.returncode == 1
        assert "previous.unknown" in unknown.stdout
        assert model.asked == []


def run(folder: Path, model: SlowModel, *options: str) -> subprocess.CompletedProcess[str]:
    return dragoman(*arguments(folder, *options), environment=model.settings)
