"""Pipelines of any kind end well whatever happens: failures, parking, cancels,
late answers, resumes, redrives.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from contracts import generic
from contracts import streams as s
from dragoman_contracts import events as e
from dragoman_contracts.batches import Batches, batches_of
from dragoman_contracts.envelope import decode, encode
from dragoman_contracts.job import WorkKey, fold
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.pipeline import (
    WorkItem,
    accepts_late,
    is_owed,
    owed,
    progress_pct,
    redrive_request,
    resume_request,
    routes,
)
from dragoman_contracts.references import ArtifactKind, NamedObject
from dragoman_contracts.vocabulary import LIVE, RESUMABLE, JobStatus, WorkKind

HISTORIES = 500
MAKERS = [
    generic.regenerate_source,
    generic.deed,
    generic.crawl,
    generic.translate_and_index,
    generic.count_words,
]
_MOST_STEPS = 600
_WORK = {"work_id", "kind", "index", "phase"}


@pytest.fixture(autouse=True)
def steps() -> Iterator[None]:
    with generic.extra_steps():
        yield


class History:
    """One random history of a job."""

    def __init__(self, which: Pipeline, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a history, not a secret
        self.chain_length = self.dice.randint(1, 6)
        self.stream = s.JobStream()
        self.paid: list[tuple[str, int]] = []
        self.late: list[WorkItem] = []
        recorded = self.stream.append(generic.submitted(which), actor="user:1")
        self.job = self.stream.job
        assert [item.key for item in routes(recorded[0])] == self.owed

    @property
    def owed(self) -> list[WorkKey]:
        return [item.key for item in owed(self.job)]

    def run(self) -> None:
        progress = 0.0
        for _ in range(_MOST_STEPS):
            assert progress_pct(self.job) >= progress - 1e-9
            progress = progress_pct(self.job)
            if self.job.status is JobStatus.COMPLETED:
                return
            self._step()
        raise AssertionError(f"The job did not end: {self.job.status}, {self.owed}")

    def _step(self) -> None:
        if self.job.status in RESUMABLE:
            recorded = self._append(self._goes_on())
            assert [item.key for item in routes(recorded[0])] == self.owed
            return
        items = owed(self.job)
        assert items, self.job.status
        assert all(is_owed(self.job, item.key) for item in items)
        assert len({item.work_id for item in items}) == len(items)
        recorded = self._happens(self.dice.choice(items))
        if self.late and self.dice.random() < 0.5:
            recorded += self._answered_late(self.late.pop())
        sent = {item.key for each in recorded for item in routes(each)}
        assert self.job.is_stopped or sent <= set(self.owed), (sent, self.owed)

    def _goes_on(self) -> e.Event:
        key = next(iter(self.job.parked), None)
        if key is not None and len(self.job.parked) == 1 and self.dice.random() < 0.4:
            return redrive_request(self.job, key)
        return resume_request(self.job)

    def _happens(self, item: WorkItem) -> s.Recorded:
        roll, is_cancellation = self.dice.random(), item.kind == WorkKind.CANCELLATION
        if roll < 0.08 and self.job.status in LIVE:
            self.late.append(item)
            return self._append(e.CancelRequested())
        if roll < 0.16 and not is_cancellation:
            return self._append(s.failed(item.kind, item.index, item.phase))
        if roll < 0.22 and not is_cancellation:
            return self._append(s.parked(item.kind, item.index, item.phase))
        return self._append(*generic.decide(self.job, item, self.chain_length))

    def _answered_late(self, item: WorkItem) -> s.Recorded:
        """The answer of work that was under way when the job was stopped."""
        if is_owed(self.job, item.key) or not accepts_late(self.job, item.key):
            return ()
        return self._append(*generic.decide(self.job, item, self.chain_length))

    def _append(self, *events: e.Event) -> s.Recorded:
        self.paid += [
            (each.phase, each.index) for each in events if isinstance(each, e.PhaseBatchDone)
        ]
        recorded = self.stream.append(*events)
        self.job = fold(recorded, self.job)
        return recorded


@pytest.mark.parametrize("make", MAKERS)
def test_every_history_ends_completed_with_each_batch_recorded_once(
    make: Callable[[], Pipeline],
) -> None:
    batches = 0
    for seed in range(HISTORIES):
        history = History(make(), seed)
        history.run()
        chains = sum(phase.kind == "index_articles" for phase in history.job.pipeline.phases)
        expected = chains * history.chain_length + generic.TASKS * (make is generic.deed)
        assert len(history.paid) == len(set(history.paid)) == expected
        assert progress_pct(history.job) == 100
        assert fold(decode(encode(each)) for each in history.stream.recorded) == history.job
        batches += expected
    print(f"{HISTORIES} histories, {batches} batches, each recorded once")


def test_two_phases_of_one_kind_have_work_of_their_own() -> None:
    stream = s.given(first=generic.submitted(generic.regenerate_source()))
    assert stream.owed == [WorkKey("clear_vectors", 0, "clear_online")]
    ids = {
        phase.name: WorkKey("clear_vectors", 0, phase.name).work_id(s.JOB)
        for phase in stream.job.pipeline.phases
    }
    assert len(set(ids.values())) == len(ids)


def test_a_phase_for_people_owes_nothing_and_is_passed_at_the_end() -> None:
    which = generic.pipeline("asked", ("draft", "script", 1), ("approval", "approval", 0))
    stream = s.given(first=generic.submitted(which))
    stream.append(*generic.decide(stream.job, owed(stream.job)[0], 1))
    assert stream.job.status is JobStatus.COMPLETED


def test_a_pipeline_of_steps_this_installation_lacks_owes_nothing_here() -> None:
    which = generic.pipeline("foreign", ("bake", "bake_bread", 1))
    event = s.submitted().model_copy(
        update={"pipeline": which, "first_kind": "bake_bread", "first_phase": "bake"}
    )
    assert s.given(first=event).owed == []


def test_batches_share_what_did_not_change() -> None:
    before = Batches.owed(5_000)
    after = before.with_output(70, s.ref("x"))
    assert (before[70], after[70], after.pending_count) == (None, s.ref("x"), 4_999)
    assert (
        sum(one is not other for one, other in zip(before.chunks, after.chunks, strict=True)) == 1
    )
    assert batches_of(after) == after
    assert after.with_next().pending[-1] == 5_000


def test_files_of_a_phase_are_artifacts_by_name_and_its_log_by_phase() -> None:
    stream = s.JobStream()
    stream.append(generic.submitted(generic.deed()), actor="user:1")
    same, log = s.ref("same bytes"), s.ref("log", "text/plain; charset=utf-8")
    files = (
        NamedObject(name="a.md", object=same),
        NamedObject(name="pages/b.md", object=same),
        NamedObject(name="a.md", object=same),
    )
    parked = s.parked("script", phase="init").model_copy(update={"log": s.ref("failed log")})
    stream.append(parked)
    stream.append(e.WorkRedriven.model_validate(parked.model_dump(include=_WORK)))
    stream.append(e.PhaseFinished(phase="init", artifacts=files, log=log))
    assert [(each.kind, each.name, each.object) for each in stream.job.artifacts[1:]] == [
        (ArtifactKind.COMMAND_LOG, "init.log", s.ref("failed log")),
        (ArtifactKind.FILE, "a.md", same),
        (ArtifactKind.FILE, "pages/b.md", same),
        (ArtifactKind.COMMAND_LOG, "init.log", log),
    ]
    # Bytes are erased, not names.
    stream.append(e.ArtifactErased(kind=ArtifactKind.FILE, digest=same.digest))
    assert ArtifactKind.FILE not in {each.kind for each in stream.job.artifacts}
    assert fold(decode(encode(each)) for each in stream.recorded) == stream.job


def test_an_artifact_of_one_kind_alone_is_written_as_before() -> None:
    stream = s.given()
    shown = stream.job.artifacts[0].model_dump(mode="json")
    assert shown["kind"] == "source_docx"
    assert "name" not in shown
