"""The desk of the review area: everything its routes ask for."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_catalog import Catalog
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.review.desk.answers import ReviewAnswers
from dragoman_gateway.review.desk.candidates import CandidateWriter
from dragoman_gateway.review.desk.desktop import Desktops
from dragoman_gateway.review.desk.drafting import Drafting
from dragoman_gateway.review.desk.exchanging import Exchanging
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.desk.presence import PresenceDesk
from dragoman_gateway.review.desk.remembering import Remembering
from dragoman_gateway.review.desk.reviewing import Reviewing
from dragoman_gateway.review.desk.sessions import ReviewSessions
from dragoman_gateway.web.actors import Actors
from dragoman_runtime.clock import Clock
from dragoman_runtime.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """Everything that is read (`desktops`, `answers`), acts on units (`acts`) and on the review as a whole
    (`sessions`), files for reviewers (`exchange`), documents to
    look at (`drafts`), who is there (`presence`), and
    what is remembered for the project (`remembering`).
    """

    desktops: Desktops
    answers: ReviewAnswers
    acts: Reviewing
    sessions: ReviewSessions
    exchange: Exchanging
    drafts: Drafting
    presence: PresenceDesk
    remembering: Remembering


def review_desk(
    *,
    control: JobControl,
    objects: ObjectStore,
    catalog: Catalog,
    actors: Actors,
    clock: Clock,
    tool_version: str,
    memory_jobs: MemoryJobs,
) -> ReviewDesk:
    """The desk over these ports."""
    material = Material(objects)
    desktops = Desktops(control, material)
    candidates = CandidateWriter(catalog, memory_jobs, clock)
    acts = Reviewing(
        desktops=desktops,
        control=control,
        objects=objects,
        actors=actors,
        clock=clock,
        material=material,
    )
    return ReviewDesk(
        desktops=desktops,
        answers=ReviewAnswers(objects, catalog),
        acts=acts,
        sessions=ReviewSessions(
            desktops=desktops, control=control, objects=objects, candidates=candidates
        ),
        exchange=Exchanging(
            desktops=desktops,
            control=control,
            acts=acts,
            objects=objects,
            candidates=candidates,
            tool_version=tool_version,
        ),
        drafts=Drafting(desktops=desktops, material=material, objects=objects),
        presence=PresenceDesk(control, catalog, clock),
        remembering=Remembering(catalog, clock),
    )
