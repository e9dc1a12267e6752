"""The desk of the review area: everything its routes ask for."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_catalog import Catalog
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.jobs.opening import JobOpener
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.review.desk.answers import ReviewAnswers
from dragoman_gateway.review.desk.candidates import CandidateWriter
from dragoman_gateway.review.desk.covering import CoverageDesk
from dragoman_gateway.review.desk.desktop import Desktops
from dragoman_gateway.review.desk.drafting import Drafting
from dragoman_gateway.review.desk.exchanging import Exchanging
from dragoman_gateway.review.desk.explaining import Explaining
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.desk.presence import PresenceDesk
from dragoman_gateway.review.desk.previewing import Previewing
from dragoman_gateway.review.desk.remembering import Remembering
from dragoman_gateway.review.desk.rendering import LibreOffice
from dragoman_gateway.review.desk.retranslating import EngineRules, Retranslating
from dragoman_gateway.review.desk.reviewing import Reviewing
from dragoman_gateway.review.desk.sessions import ReviewSessions
from dragoman_gateway.review.desk.what_if import JobTerms, WhatIf, WhatIfPorts
from dragoman_gateway.web.actors import Actors
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """Everything that is read (`desktops`, `answers`), acts on units (`acts`) and on the review as
    a whole (`sessions`), units translated again (`again`), files for reviewers (`exchange`),
    documents to look at (`drafts`), pictures of their pages (`previews`), why units read as they do
    (`explaining`), the same job by another engine (`what_if`), who is there (`presence`), what is
    remembered for the project (`remembering`), and how far people are with it (`coverage`).
    """

    desktops: Desktops
    answers: ReviewAnswers
    acts: Reviewing
    sessions: ReviewSessions
    again: Retranslating
    exchange: Exchanging
    drafts: Drafting
    previews: Previewing
    explaining: Explaining
    what_if: WhatIf
    presence: PresenceDesk
    remembering: Remembering
    coverage: CoverageDesk


def review_desk(
    *,
    control: JobControl,
    queries: JobQueries,
    store: EventStore,
    objects: ObjectStore,
    catalog: Catalog,
    actors: Actors,
    clock: Clock,
    tool_version: str,
    engines: EngineRules,
    office: LibreOffice,
    memory_jobs: MemoryJobs,
    opener: JobOpener,
    terms: JobTerms,
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
    drafts = Drafting(desktops=desktops, material=material, objects=objects)
    sessions = ReviewSessions(
        desktops=desktops, control=control, objects=objects, candidates=candidates
    )
    return ReviewDesk(
        desktops=desktops,
        answers=ReviewAnswers(objects, catalog),
        acts=acts,
        sessions=sessions,
        again=Retranslating(
            desktops=desktops, control=control, material=material, objects=objects, rules=engines
        ),
        exchange=Exchanging(
            desktops=desktops,
            control=control,
            acts=acts,
            objects=objects,
            candidates=candidates,
            tool_version=tool_version,
        ),
        drafts=drafts,
        previews=Previewing(control, drafts, office),
        explaining=Explaining(control=control, store=store, objects=objects),
        what_if=WhatIf(
            WhatIfPorts(opener, terms, store, objects, catalog, clock),
            control=control,
            desktops=desktops,
            acts=acts,
            sessions=sessions,
        ),
        presence=PresenceDesk(control, catalog, clock),
        remembering=Remembering(catalog, clock),
        coverage=CoverageDesk(queries, catalog, clock),
    )
