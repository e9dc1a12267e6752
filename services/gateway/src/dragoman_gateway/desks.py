"""The desks: the use cases of each area, made of what the gateway needs from outside.

Nothing here knows HTTP, so that the one process can use the desks without the libraries that serve it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_catalog import Catalog
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_gateway.artifacts.desk import ArtifactDesk
from dragoman_gateway.audit.desk import AuditDesk
from dragoman_gateway.audit.view import AuditQueries
from dragoman_gateway.jobs.desk import JobControl, JobDesk
from dragoman_gateway.jobs.detail.live import Follower, Pace
from dragoman_gateway.jobs.opening import JobOpener
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.parked.desk import DeadLetterDesk, ParkedDesk
from dragoman_gateway.parked.view import ParkedQueries
from dragoman_gateway.people.desk import PeopleDesk
from dragoman_gateway.pipelines.desk import PipelineDesk
from dragoman_gateway.projects.desk import ProjectDesk
from dragoman_gateway.settings import HttpSettings
from dragoman_gateway.submissions.desk import Submissions
from dragoman_gateway.submissions.rules import SubmissionRules
from dragoman_gateway.views import views_position
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.downloads import DownloadSigner
from dragoman_gateway.web.position import ViewsPosition
from dragoman_gateway.web.readiness import Readiness
from dragoman_gateway.web.signin import SignIn
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_runtime.eventstore import EventStore, Jobs
from dragoman_runtime.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """How the HTTP side behaves. `event_poll` is how often an open event stream looks for news."""

    session_ttl: timedelta = timedelta(hours=12)
    link_ttl: timedelta = timedelta(minutes=15)
    download_ttl: timedelta = timedelta(hours=1)
    process_wait: timedelta = timedelta(seconds=25)
    event_poll: timedelta = timedelta(milliseconds=250)
    heartbeat: timedelta = timedelta(seconds=15)
    max_views_lag: int = 5000
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """Everything the gateway needs from outside.

    `views` is the database that the projections write to; `job_lists` lists jobs in its stead, for a process that keeps
    no view. `signing_key` is shared by all replicas and kept over restarts. `dead_letters` is the database that holds
    the broker's dead letters; None where there is no broker.
    """

    store: EventStore
    objects: ObjectStore
    views: AsyncEngine
    catalog: Catalog
    rules: SubmissionRules
    signing_key: bytes
    producer: str = "dragoman-gateway"
    clock: Clock = field(default_factory=SystemClock)
    options: GatewayOptions = field(default_factory=GatewayOptions)
    dead_letters: AsyncEngine | None = None
    job_lists: JobQueries | None = None


@dataclass(frozen=True, slots=True)
class Desks:
    """The use cases of each area, made once for all requests of a process. No area gets more than its own."""

    jobs: JobDesk
    submissions: Submissions
    artifacts: ArtifactDesk
    parked: ParkedDesk
    dead_letters: DeadLetterDesk
    audit: AuditDesk
    people: PeopleDesk
    projects: ProjectDesk
    pipelines: PipelineDesk
    sign_in: SignIn
    readiness: Readiness


def desks_of(ports: GatewayPorts) -> Desks:
    """The desks over these ports: the same for the services and for the one process."""
    store, objects, catalog, clock, options = ports.store, ports.objects, ports.catalog, ports.clock, ports.options
    jobs, actors = Jobs(store), Actors(objects, ports.producer)
    downloads = DownloadSigner(ports.signing_key, ttl=options.download_ttl)
    control = JobControl(store=store, jobs=jobs, clock=clock, actors=actors)
    position = views_position(ports.views, store)
    return Desks(
        jobs=_job_desk(ports, jobs, control, downloads, position),
        submissions=Submissions(
            jobs=jobs,
            objects=objects,
            catalog=catalog,
            clock=clock,
            control=control,
            opener=JobOpener(store=store, jobs=jobs, clock=clock, actors=actors),
            rules=ports.rules,
        ),
        artifacts=ArtifactDesk(
            store=store, jobs=jobs, objects=objects, clock=clock, actors=actors, downloads=downloads
        ),
        parked=ParkedDesk(control, ParkedQueries(ports.views), objects),
        dead_letters=DeadLetterDesk(ports.dead_letters, clock),
        audit=AuditDesk(AuditQueries(ports.views), catalog),
        people=PeopleDesk(catalog, clock, link_ttl=options.link_ttl, public_url=options.public_url),
        projects=ProjectDesk(catalog, clock),
        pipelines=PipelineDesk(catalog, clock),
        sign_in=SignIn(catalog, clock, signing_key=ports.signing_key, session_ttl=options.session_ttl),
        readiness=Readiness(store, objects, catalog, position, max_views_lag=options.max_views_lag),
    )


def _job_desk(
    ports: GatewayPorts, jobs: Jobs, control: JobControl, downloads: DownloadSigner, position: ViewsPosition
) -> JobDesk:
    options = ports.options
    pace = Pace(options.process_wait, options.event_poll, options.heartbeat)
    return JobDesk(
        store=ports.store,
        jobs=jobs,
        objects=ports.objects,
        queries=ports.job_lists or JobQueries(ports.views),
        position=position,
        catalog=ports.catalog,
        control=control,
        follower=Follower(ports.store, jobs, ports.clock, pace),
        downloads=downloads,
        clock=ports.clock,
        engines=ports.rules.engines,
    )


def http_options(settings: HttpSettings) -> GatewayOptions:
    """The settings as the application takes them."""
    return GatewayOptions(
        session_ttl=timedelta(hours=settings.session_hours),
        link_ttl=timedelta(minutes=settings.sign_in_link_minutes),
        download_ttl=timedelta(minutes=settings.download_minutes),
        process_wait=timedelta(seconds=settings.process_wait_s),
        event_poll=timedelta(milliseconds=settings.event_poll_ms),
        max_views_lag=settings.max_views_lag,
        public_url=settings.public_url,
    )


def submission_rules(settings: HttpSettings, engines: frozenset[str] = frozenset()) -> SubmissionRules:
    """The choices of a submission; `engines` empty means that any engine's name is taken."""
    return SubmissionRules(
        pipeline=TRANSLATE_DOCX,
        default_engine=settings.default_engine,
        engines=engines,
        max_upload_bytes=settings.max_upload_mib * 1024 * 1024,
    )
