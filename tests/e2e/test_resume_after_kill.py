"""`dragoman translate` dies in mid-translation,
and a second run goes on without paying for anything twice.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from e2e.command_line import dragoman, started
from e2e.documents import own_document
from e2e.slow_model import SlowModel, slow_model

_ANSWERS = 6
_IN_FLIGHT = 4  # as many as the one process has translations under way
_FILES = 4


@pytest.fixture
def model() -> Iterator[SlowModel]:
    """A model that answers six calls and lets the others wait."""
    with slow_model(answers=_ANSWERS) as serving:
        yield serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four documents of three batches each."""
    sources = tmp_path / "contracts"
    for number in range(_FILES):
        path = sources / f"{number % 2}" / f"order-{number}.docx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(own_document(number))
    return sources


def arguments(folder: Path, *more: str) -> list[str | Path]:
    """The command line, the same for every run but for what is added."""
    root = folder.parent
    command: list[str | Path] = [
        "translate",
        folder,
        "-o",
        root / "out",
        "--source",
        "en",
        "--target",
        "ru",
    ]
    return [*command, "--engine", "openai", "--state", root / "state", "--json", *more]


def interrupted(folder: Path, model: SlowModel, how: signal.Signals) -> int:
    """Run until calls are in flight, then send the signal; the exit status."""
    running = started(*arguments(folder), log=folder.parent / "log", environment=model.settings)
    try:
        model.wait_until_held(_IN_FLIGHT)
        running.send_signal(how)
        return running.wait(60)
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What the command printed."""
    assert done.stdout, done.stderr
    return cast("dict[str, Any]", json.loads(done.stdout))


def test_after_kill_9_a_resumed_run_repeats_no_call_whose_answer_was_recorded(
    folder: Path, model: SlowModel
) -> None:
    assert interrupted(folder, model, signal.SIGKILL) == -signal.SIGKILL
    answered, in_flight = set(model.answered), set(model.asked) - set(model.answered)
    assert (len(answered), len(in_flight)) == (_ANSWERS, _IN_FLIGHT)
    asked_before = len(model.asked)
    model.release()

    refused = dragoman(*arguments(folder), environment=model.settings)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    assert "--fresh" in refused.stderr
    assert len(model.asked) == asked_before, (
        "nothing is asked of the model before a person has decided"
    )

    resumed = dragoman(*arguments(folder, "--resume"), environment=model.settings)
    assert resumed.returncode == 0, resumed.stderr
    report = report_of(resumed)
    assert report["counts"] == {"completed": _FILES}
    assert all(Path(each["output"]).is_file() for each in report["files"])
    asked_again = model.asked[asked_before:]
    assert not answered & set(asked_again), "a recorded answer is paid for once"
    repeated = [body for body in asked_again if body in in_flight]
    assert len(repeated) <= len(in_flight)
    assert len(asked_again) == len(set(asked_again)) >= 3 * _FILES - _ANSWERS

    again = dragoman(*arguments(folder), environment=model.settings)
    assert again.returncode == 0, "a finished run can be run again"
    assert [each["job_id"] for each in report_of(again)["files"]] == [
        each["job_id"] for each in report["files"]
    ]
    assert len(model.asked) == asked_before + len(asked_again)


def test_ctrl_c_ends_with_130_and_the_run_can_be_resumed(folder: Path, model: SlowModel) -> None:
    assert interrupted(folder, model, signal.SIGINT) == 130
    said = (folder.parent / "log").read_text()
    assert "--resume" in said
    assert "Traceback" not in said
    answered, asked_before = set(model.answered), len(model.asked)
    model.release()

    resumed = dragoman(*arguments(folder, "--resume"), environment=model.settings)
    assert resumed.returncode == 0, resumed.stderr
    assert report_of(resumed)["counts"] == {"completed": _FILES}
    assert not answered & set(model.asked[asked_before:])


def test_fresh_gives_up_the_old_jobs_and_makes_new_ones(folder: Path) -> None:
    with slow_model(answers=2) as model:  # too few for any document to be finished
        interrupted(folder, model, signal.SIGKILL)
        asked_before, answered = len(model.asked), set(model.answered)
        model.release()
        fresh = dragoman(*arguments(folder, "--fresh"), environment=model.settings)
    assert fresh.returncode == 0, fresh.stderr
    asked_again = model.asked[asked_before:]
    assert len(asked_again) == len(set(asked_again)) >= 3 * _FILES - 2, (
        "the old jobs pay for nothing any more"
    )
    assert not answered & set(asked_again)
    made = {each["job_id"] for each in report_of(fresh)["files"]}
    listed = dragoman("jobs", "list", "--state", folder.parent / "state", "--json")
    jobs = {job["job_id"]: job["status"] for job in report_of(listed)["items"]}
    assert len(jobs) == 2 * _FILES
    assert jobs == {job_id: "completed" if job_id in made else "cancelled" for job_id in jobs}


def test_resume_and_fresh_together_are_wrong_usage(folder: Path) -> None:
    done = dragoman(*arguments(folder, "--resume", "--fresh"))
    assert done.returncode == 2
    assert "not both" in done.stderr
