"""The desk of the review area: everything its routes ask for."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_catalog import Catalog
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.opening import JobOpener
from dragoman_gateway.review.desk.answers import ReviewAnswers
from dragoman_gateway.review.desk.desktop import Desktops
from dragoman_gateway.review.desk.drafting import Drafting
from dragoman_gateway.review.desk.exchanging import Exchanging
from dragoman_gateway.review.desk.explaining import Explaining
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.desk.presence import PresenceDesk
from dragoman_gateway.review.desk.remembering import Remembering
from dragoman_gateway.review.desk.reviewing import Reviewing
from dragoman_gateway.review.desk.sessions import ReviewSessions
from dragoman_gateway.review.desk.what_if import JobTerms, WhatIf, WhatIfPorts
from dragoman_gateway.web.actors import Actors
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """Everything that is read (`desktops`, `answers`), acts on units (`acts`) and on the review as a whole
    (`sessions`), files for reviewers (`exchange`), documents to
    look at (`drafts`), why units read as they do (`explaining`), who is there (`presence`), and
    what is remembered for the project (`remembering`).
    """

    desktops: Desktops
    answers: ReviewAnswers
    acts: Reviewing
    sessions: ReviewSessions
    exchange: Exchanging
    drafts: Drafting
    explaining: Explaining
    what_if: WhatIf
    presence: PresenceDesk
    remembering: Remembering


def review_desk(
    *,
    control: JobControl,
    store: EventStore,
    objects: ObjectStore,
    catalog: Catalog,
    actors: Actors,
    clock: Clock,
    tool_version: str,
    opener: JobOpener,
    terms: JobTerms,
) -> ReviewDesk:
    """The desk over these ports."""
    material = Material(objects)
    desktops = Desktops(control, material)
    acts = Reviewing(
        desktops=desktops,
        control=control,
        objects=objects,
        actors=actors,
        clock=clock,
        material=material,
    )
    sessions = ReviewSessions(desktops=desktops, control=control, objects=objects)
    return ReviewDesk(
        desktops=desktops,
        answers=ReviewAnswers(objects, catalog),
        acts=acts,
        sessions=sessions,
        exchange=Exchanging(
            desktops=desktops,
            control=control,
            acts=acts,
            objects=objects,
            tool_version=tool_version,
        ),
        drafts=Drafting(desktops=desktops, material=material, objects=objects),
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
    )
