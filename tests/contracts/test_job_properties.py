"""What holds of every job, whatever its workers and its people do, and in whatever order.

The machine acts like them: it takes what is owed, finishes, fails or parks it early or late,
cancels, resumes, starts and reviews. After every append the rules below hold; at the end every job
can still be brought to its end.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from contracts import streams as s
from contracts import workers
from dragoman_contracts import events as e
from dragoman_contracts.envelope import decode, digest, encode
from dragoman_contracts.job import Job, WorkKey, evolve, fold
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_contracts.pipeline import (
    accepts_late,
    is_owed,
    next_phase,
    owed,
    progress_pct,
    redrive_request,
    resume_request,
    start_request,
)
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.vocabulary import LIVE, RESTING, RESUMABLE, JobStatus, Stage, WorkKind

HISTORIES: tuple[tuple[e.Event, ...], ...] = (
    (),
    s.UP_TO_EXTRACTION,
    s.UP_TO_PLAN,
    (*s.UP_TO_PLAN, s.batch(0)),
    s.UP_TO_TRANSLATION,
    s.UP_TO_QA,
)
VERDICTS = st.sampled_from(e.QaVerdict)
_STAGES = {*Stage, *(phase.name for phase in TRANSLATE_DOCX.phases)}


def is_at_its_end(job: Job) -> bool:
    is_blocked = job.preflight_verdict is e.PreflightVerdict.BLOCKED
    return job.status is JobStatus.COMPLETED or is_blocked or job.is_checkpoint_discarded


def is_given_up(job: Job) -> bool:
    return job.is_checkpoint_discarded


def is_done(job: Job, key: WorkKey) -> bool:
    """A late outcome came in after the work was parked."""
    if key.kind == WorkKind.TRANSLATION_BATCH:
        return job.plan is not None and job.plan.batches[key.index] is not None
    phase = job.phase_of(key)
    return phase is not None and job.is_finished(phase)


def waits_for_start(job: Job) -> bool:
    return not job.is_started and job.status is JobStatus.QUEUED and next_phase(job) is None


class JobLife(RuleBasedStateMachine):
    """One job and everything that can happen to it."""

    leases: Bundle[WorkKey] = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.stream = s.JobStream()
        self.job: Job | None = None
        self.pct = 0.0

    def decide(
        self,
        job: Job,
        key: WorkKey,
        batch_count: int = 2,
        verdict: e.QaVerdict = e.QaVerdict.REASSEMBLY_PENDING,
        is_blocked: bool = False,
    ) -> tuple[e.Event, ...]:
        """The events a service appends when this work is done."""
        return workers.finish(
            job, key, batch_count=batch_count, verdict=verdict, is_blocked=is_blocked
        )

    @property
    def _job(self) -> Job:
        if self.job is None:
            raise LookupError("not submitted")
        return self.job

    def _append(self, *events: e.Event) -> None:
        """One append, and what must hold between the states before and after it."""
        before = {item.key for item in owed(self._job)} if self.job else set[WorkKey]()
        recorded = self.stream.append(*events)
        for each in recorded:
            self.job = evolve(self.job, each) if self.job else fold([each])
        after = {item.key for item in owed(self._job)}
        routed = set(s.routed(recorded))
        assert after - before <= routed, "newly owed work was not routed"
        assert routed <= after, "work was routed that is not owed"

    @initialize(is_auto_start=st.booleans(), history=st.sampled_from(HISTORIES))
    def submit(self, is_auto_start: bool, history: tuple[e.Event, ...]) -> None:
        """A new job; or, that the machine gets far, one that has come some way."""
        self._append(s.submitted(is_auto_start=is_auto_start))
        if is_auto_start:
            self.job = fold(self.stream.append(*history), self._job)

    @rule()
    @precondition(lambda self: self.job is not None and is_at_its_end(self.job))
    def erase(self) -> None:
        """What is left to happen at the end."""
        self._append(
            e.ArtifactErased(kind=ArtifactKind.QA_REPORT, digest=s.ref("qa report").digest)
        )

    @rule(target=leases, pick=st.integers(min_value=0))
    @precondition(lambda self: bool(self.job and owed(self.job)))
    def take(self, pick: int) -> WorkKey:
        items = owed(self._job)
        key = items[pick % len(items)].key
        self._append(*workers.begin(self._job, key))
        return key

    @rule(
        key=leases,
        batch_count=st.integers(0, 4),
        verdict=VERDICTS,
        is_blocked=st.sampled_from([False] * 9 + [True]),
    )
    def finish(
        self, key: WorkKey, batch_count: int, verdict: e.QaVerdict, is_blocked: bool
    ) -> None:
        """Also by a second worker, or late: the lease stays in the bundle."""
        self._append(
            *workers.finish(
                self._job, key, batch_count=batch_count, verdict=verdict, is_blocked=is_blocked
            )
        )

    @rule(pick=st.integers(min_value=0), batch_count=st.integers(0, 4), verdict=VERDICTS)
    @precondition(lambda self: bool(self.job and owed(self.job)))
    def work(self, pick: int, batch_count: int, verdict: e.QaVerdict) -> None:
        """Take and finish without anything happening between."""
        self.finish(self.take(pick), batch_count, verdict, is_blocked=False)

    @rule(key=consumes(leases))
    def fail(self, key: WorkKey) -> None:
        self._append(*workers.fail(self._job, key))

    @rule(key=consumes(leases))
    def park(self, key: WorkKey) -> None:
        self._append(*workers.park(self._job, key))

    @rule()
    @precondition(lambda self: self.job is not None and self.job.status in workers.CANCELLABLE)
    def cancel(self) -> None:
        self._append(e.CancelRequested())

    @rule()
    @precondition(
        lambda self: (
            self.job is not None and self.job.status in RESUMABLE and not is_given_up(self.job)
        )
    )
    def resume(self) -> None:
        self._append(resume_request(self._job))

    @rule(pick=st.integers(min_value=0))
    @precondition(lambda self: self.job is not None and bool(self.job.parked))
    def redrive(self, pick: int) -> None:
        """Twice the same, or beside other parked work."""
        keys = sorted(self._job.parked)
        key = keys[pick % len(keys)]
        goes_on = self._job.goes_on_without(key)
        self._append(redrive_request(self._job, key))
        assert key not in self._job.parked
        assert goes_on == (self._job.status is not JobStatus.FAILED)
        assert not goes_on or is_owed(self._job, key) or is_done(self._job, key)

    @rule(pick=st.integers(min_value=0))
    @precondition(lambda self: self.job is not None and bool(self.job.parked))
    def discard_work(self, pick: int) -> None:
        keys = sorted(self._job.parked)
        key = keys[pick % len(keys)]
        self._append(s.discarded(key.kind, key.index))
        assert self._job.status is JobStatus.FAILED
        assert key not in self._job.parked

    @rule()
    @precondition(
        lambda self: self.job is not None and self.job.status in LIVE | {JobStatus.CANCELLING}
    )
    def mark_failed(self) -> None:
        self._append(e.JobMarkedFailed())
        assert self._job.status is JobStatus.FAILED

    @rule(is_meant=st.sampled_from([False] * 9 + [True]))
    @precondition(lambda self: self.job is not None and self.job.status in RESUMABLE)
    def discard_checkpoint(self, is_meant: bool) -> None:
        if is_meant:
            self._append(e.CheckpointDiscarded())
            assert not self._job.is_interrupted

    @rule()
    @precondition(lambda self: self.job is not None and not self.job.is_started)
    def start(self) -> None:
        self._append(start_request(self._job))

    @rule(pending_count=st.integers(0, 2))
    @precondition(
        lambda self: (
            self.job is not None
            and self.job.is_review_owed
            and self.job.status in RESTING - RESUMABLE
        )
    )
    def review(self, pending_count: int) -> None:
        self._append(s.review_exported())
        self._append(workers.review(self._job, pending_count))

    @invariant()
    def owes_nothing_only_while_it_rests_or_waits_for_a_start(self) -> None:
        rests = self._job.status in RESTING or waits_for_start(self._job)
        assert bool(owed(self._job)) != rests

    @invariant()
    def is_owed_agrees_with_owed(self) -> None:
        keys = {item.key for item in owed(self._job)}
        assert {key for key in workers.all_keys(self._job) if is_owed(self._job, key)} == keys
        assert not any(accepts_late(self._job, key) for key in keys)

    @invariant()
    def progress_never_goes_back_and_is_100_only_at_the_end(self) -> None:
        pct = progress_pct(self._job)
        assert pct >= self.pct
        assert (pct == 100) == (self._job.status is JobStatus.COMPLETED)
        self.pct = pct

    @invariant()
    def only_a_failed_job_is_held(self) -> None:
        is_held = bool(self._job.parked) or bool(self._job.discarded) or self._job.is_marked_failed
        assert not is_held or self._job.status is JobStatus.FAILED

    @invariant()
    def a_stopped_job_knows_since_when(self) -> None:
        assert (self._job.stopped_at is not None) == (self._job.status in RESUMABLE)

    @invariant()
    def status_and_stage_are_words_of_the_vocabulary(self) -> None:
        assert self._job.status in JobStatus
        assert self._job.stage in _STAGES

    def teardown(self) -> None:
        """Whatever happened, people and workers can still bring the job to its end,
        and the log reads back.
        """
        if self.job is not None:
            self._bring_to_the_end()
            self._read_back()

    def _bring_to_the_end(self) -> None:
        for _ in range(40):
            job = self._job
            if is_at_its_end(job):
                return
            if owed(job):
                self._append(*self.decide(job, owed(job)[0].key))
            elif job.status in RESUMABLE:
                self._append(resume_request(job))
            elif job.is_review_owed:
                self._append(workers.review(job, 0))
            else:
                self._append(start_request(job))
        raise AssertionError(f"stuck in {self._job.status}, stage {self._job.stage}")

    def _read_back(self) -> None:
        assert fold(self.stream.recorded) == self.job, (
            "fold from scratch differs from evolving step by step"
        )
        previous = ""
        for each in self.stream.recorded:
            assert decode(encode(each)) == each
            assert each.previous_digest == previous
            previous = digest(encode(each))


JobLife.TestCase.settings = settings(max_examples=120, stateful_step_count=30)
TestJobLife = JobLife.TestCase


class JobLifeWithServices(JobLife):
    """The same with what the services really decide, as the runtime's worker asks them."""

    def decide(
        self,
        job: Job,
        key: WorkKey,
        batch_count: int = 2,
        verdict: e.QaVerdict = e.QaVerdict.REASSEMBLY_PENDING,
        is_blocked: bool = False,
    ) -> tuple[e.Event, ...]:
        """The events of the service's own `decide`; late ones of batches only."""
        if not is_owed(job, key) and key.kind != WorkKind.TRANSLATION_BATCH:
            return ()
        return workers.decide_as_service(
            job, key, batch_count=batch_count, verdict=verdict, is_blocked=is_blocked
        )


JobLifeWithServices.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestJobLifeWithServices = JobLifeWithServices.TestCase


class RacingWorker:
    """A batch worker that reads, decides on what it read,
    and appends only if nobody was there in between.
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.seen: Job | None = None
        self.is_done = False

    def step(self, stream: s.JobStream) -> None:
        """Read, or else append; on a conflict read again."""
        if self.is_done:
            return
        if self.seen is None or self.seen.version != len(stream.recorded):
            self.seen = stream.job
            return
        stream.append(*workers.finish(self.seen, WorkKey(WorkKind.TRANSLATION_BATCH, self.index)))
        self.is_done = True


@settings(max_examples=60)
@given(turns=st.lists(st.integers(0, 5), max_size=30), batch_count=st.integers(1, 4))
def test_racing_batch_workers_complete_the_translation_once(
    turns: list[int], batch_count: int
) -> None:
    stream = s.given(*s.UP_TO_EXTRACTION, s.planned(batch_count))
    racers = [RacingWorker(index % batch_count) for index in range(6)]
    for turn in turns:
        racers[turn].step(stream)
    while not all(racer.is_done for racer in racers):
        for racer in racers:
            racer.step(stream)
    names = [each.data.name for each in stream.recorded]
    assert names.count(e.TranslationCompleted.name) == 1
    assert names.count(e.BatchTranslated.name) == batch_count
    assert stream.owed == [WorkKey(WorkKind.QA)]
