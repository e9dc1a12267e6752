"""The desks: the use cases of each area, made of what the gateway needs from outside.

Nothing here knows HTTP, so that the one process can use the desks without the libraries that serve
it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from pydantic import SecretStr, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_catalog import Catalog, EncryptionKeyMissingError, KeySeal, ProviderSeed
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_gateway.account.desk import AccountDesk
from dragoman_gateway.analyses.desk import AnalysisDesk
from dragoman_gateway.analyses.matching import PinnedMatches
from dragoman_gateway.artifacts.desk import ArtifactDesk
from dragoman_gateway.audit.desk import AuditDesk
from dragoman_gateway.audit.view import AuditQueries
from dragoman_gateway.budgets.desk import BudgetDesk
from dragoman_gateway.documents.desk import DocumentDesk
from dragoman_gateway.documents.view import DocumentQueries
from dragoman_gateway.jobs.desk import JobControl, JobDesk
from dragoman_gateway.jobs.detail.live import Follower, Pace
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.jobs.opening import JobOpener, Submitted
from dragoman_gateway.jobs.running import PipelineRuns
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.memories.desk import MemoryDesk, memory_desk
from dragoman_gateway.models.desk import ModelDesk, Playground
from dragoman_gateway.objects.desk import ClassDesk, ObjectDesk
from dragoman_gateway.objects.desk.creating import JobMaker
from dragoman_gateway.objects.view import ObjectQueries
from dragoman_gateway.parked.desk import DeadLetterDesk, ParkedDesk
from dragoman_gateway.parked.view import ParkedQueries
from dragoman_gateway.people.desk import PeopleDesk
from dragoman_gateway.pipelines.desk import PipelineDesk
from dragoman_gateway.projects.desk import ProjectDesk
from dragoman_gateway.review.desk.preceding import Preceding
from dragoman_gateway.review.desk.rendering import LibreOffice
from dragoman_gateway.review.desk.retranslating import EngineRules
from dragoman_gateway.review.desk.review_desk import ReviewDesk, review_desk
from dragoman_gateway.settings import HttpSettings, SeedSettings
from dragoman_gateway.spend.desk import SpendDesk
from dragoman_gateway.submissions.desk import Submissions
from dragoman_gateway.submissions.opening import WorkBefore
from dragoman_gateway.submissions.rules import PairCheck, RerunRequest, SubmissionRules
from dragoman_gateway.terms.desk import AffectedDesk, CandidateDesk, GlossaryDesk
from dragoman_gateway.views import views_position
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.downloads import DownloadSigner
from dragoman_gateway.web.position import ViewsPosition
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.readiness import Readiness
from dragoman_gateway.web.records import Records
from dragoman_gateway.web.signin import SignIn
from dragoman_gateway.webhooks.desk import WebhookDesk
from dragoman_gateway.webhooks.posting import Poster
from dragoman_gateway.webhooks.sending import Sender
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_runtime.eventstore import EventStore, Jobs
from dragoman_runtime.objects import ObjectStore
from dragoman_runtime.telemetry.instance import INSTANCE

_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """How the HTTP side behaves. `event_poll` is how often an open event stream looks for
    news, `recheck` how often it asks whether its credential still holds.
    """

    session_ttl: timedelta = timedelta(hours=12)
    link_ttl: timedelta = timedelta(minutes=15)
    download_ttl: timedelta = timedelta(hours=1)
    token_ttl: timedelta = timedelta(days=90)
    process_wait: timedelta = timedelta(seconds=25)
    event_poll: timedelta = timedelta(milliseconds=250)
    heartbeat: timedelta = timedelta(seconds=15)
    recheck: timedelta = timedelta(seconds=15)
    max_views_lag: int = 5000
    public_url: str = ""
    uploads_at_once: int = 8
    libreoffice: str = "soffice"
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """Everything the gateway needs from outside.

    `views` is the database that the projections write to; `job_lists` lists jobs in its stead, for
    a process that keeps no view. `signing_key` is shared by all replicas and kept over restarts.
    `private_hosts` are the private hosts and networks that providers of models and webhooks may have.
    `dead_letters` is the database that holds the broker's dead letters; None where there is no
    broker.
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
    private_hosts: frozenset[str] = frozenset()
    job_lists: JobQueries | None = None


@dataclass(frozen=True, slots=True)
class Desks:
    """The use cases of each area, made once for all requests of a process.
    No area gets more than its own.
    """

    jobs: JobDesk
    runs: PipelineRuns
    submissions: Submissions
    analyses: AnalysisDesk
    documents: DocumentDesk
    artifacts: ArtifactDesk
    review: ReviewDesk
    parked: ParkedDesk
    dead_letters: DeadLetterDesk
    audit: AuditDesk
    people: PeopleDesk
    account: AccountDesk
    projects: ProjectDesk
    budgets: BudgetDesk
    spend: SpendDesk
    pipelines: PipelineDesk
    classes: ClassDesk
    objects: ObjectDesk
    models: ModelDesk
    memories: MemoryDesk
    playground: Playground
    glossaries: GlossaryDesk
    affected: AffectedDesk
    candidates: CandidateDesk
    webhooks: WebhookDesk
    sign_in: SignIn
    readiness: Readiness


def desks_of(ports: GatewayPorts) -> Desks:
    """The desks over these ports: the same for the services and for the one process."""
    store, objects, catalog, clock, options = (
        ports.store,
        ports.objects,
        ports.catalog,
        ports.clock,
        ports.options,
    )
    jobs, actors = Jobs(store), Actors(objects, ports.producer)
    downloads = DownloadSigner(ports.signing_key, ttl=options.download_ttl)
    control = JobControl(store=store, jobs=jobs, clock=clock, actors=actors)
    position = views_position(ports.views, store)
    opener = JobOpener(store=store, jobs=jobs, clock=clock, actors=actors)
    runs = PipelineRuns(
        store=store,
        objects=objects,
        catalog=catalog,
        models=catalog.models,
        clock=clock,
        actors=actors,
        opener=opener,
        max_upload_bytes=ports.rules.max_upload_bytes,
    )
    classes = ClassDesk(catalog, objects, clock)
    memory_jobs = MemoryJobs(jobs=jobs, objects=objects, catalog=catalog, opener=opener)
    sign_in = SignIn(catalog, clock, signing_key=ports.signing_key, session_ttl=options.session_ttl)
    parked = ParkedDesk(control, ParkedQueries(ports.views), objects)
    preceding = Preceding(control=control, store=store, jobs=jobs, objects=objects)
    submissions = Submissions(
        store=store,
        earlier=preceding,
        jobs=jobs,
        objects=objects,
        catalog=catalog,
        clock=clock,
        control=control,
        opener=opener,
        runs=runs,
        rules=ports.rules,
    )
    return Desks(
        runs=runs,
        jobs=_job_desk(ports, jobs, control, downloads, position),
        submissions=submissions,
        analyses=AnalysisDesk(
            terms=submissions,
            before=WorkBefore(preceding, store),
            catalog=catalog,
            clock=clock,
            max_upload_bytes=ports.rules.max_upload_bytes,
            memories=PinnedMatches(objects),
            objects=objects,
        ),
        documents=DocumentDesk(
            queries=DocumentQueries(ports.views),
            runs=runs,
            store=store,
            jobs=jobs,
            records=Records(objects),
            catalog=catalog,
            clock=clock,
            actors=actors,
            position=position,
        ),
        artifacts=ArtifactDesk(
            store=store,
            jobs=jobs,
            objects=objects,
            clock=clock,
            actors=actors,
            downloads=downloads,
            queries=ports.job_lists or JobQueries(ports.views),
        ),
        review=review_desk(
            control=control,
            queries=ports.job_lists or JobQueries(ports.views),
            store=store,
            objects=objects,
            catalog=catalog,
            actors=actors,
            clock=clock,
            tool_version=ports.producer,
            office=LibreOffice(options.libreoffice),
            engines=EngineRules(ports.rules.engines, ports.rules.check_pair),
            memory_jobs=memory_jobs,
            opener=opener,
            terms=submissions,
        ),
        parked=parked,
        budgets=BudgetDesk(catalog, clock, control, objects, parked.redrive_with),
        spend=SpendDesk(catalog, clock, JobQueries(ports.views)),
        dead_letters=DeadLetterDesk(ports.dead_letters, clock),
        audit=AuditDesk(AuditQueries(ports.views), catalog),
        people=PeopleDesk(
            catalog,
            clock,
            link_ttl=options.link_ttl,
            public_url=options.public_url,
            token_ttl=options.token_ttl,
        ),
        account=AccountDesk(catalog, clock, sign_in),
        projects=ProjectDesk(catalog, objects, clock),
        pipelines=PipelineDesk(catalog, clock),
        classes=classes,
        objects=ObjectDesk(
            classes=classes,
            queries=ObjectQueries(ports.views),
            maker=JobMaker(objects, catalog, runs, ports.rules.max_upload_bytes),
            store=store,
            objects=objects,
            catalog=catalog,
            clock=clock,
            actors=actors,
            opener=opener,
            control=control,
            position=position,
        ),
        models=ModelDesk(catalog, clock, ports.private_hosts),
        memories=memory_desk(
            catalog=catalog,
            objects=objects,
            jobs=jobs,
            memory_jobs=memory_jobs,
            clock=clock,
            tool_version=ports.producer,
            max_upload_bytes=ports.rules.max_upload_bytes,
        ),
        playground=Playground(catalog, objects, store, clock, ports.private_hosts),
        glossaries=GlossaryDesk(catalog, clock),
        affected=AffectedDesk(
            catalog, jobs, objects, ports.job_lists or JobQueries(ports.views), _Reruns(submissions)
        ),
        candidates=CandidateDesk(catalog),
        webhooks=WebhookDesk(catalog, clock, store, ports.private_hosts),
        sign_in=sign_in,
        readiness=Readiness(store, objects, catalog, position, max_views_lag=options.max_views_lag),
    )


def poster_of(ports: GatewayPorts) -> Poster:
    """The poster to webhooks, to be run beside the server of these ports."""
    return Poster(
        store=ports.store,
        records=Records(ports.objects),
        catalog=ports.catalog,
        clock=ports.clock,
        sender=Sender(ports.private_hosts),
        public_url=ports.options.public_url,
        owner=f"gateway@{INSTANCE}",
    )


class _Reruns:
    """Opens jobs anew for the area of terms, which does not know the area of submissions."""

    def __init__(self, submissions: Submissions) -> None:
        self._submissions = submissions

    async def rerun_with_terms(
        self, job_id: UUID, principal: Principal, idempotency_key: str
    ) -> Submitted:
        """The new job, or the one that this key made before."""
        return await self._submissions.rerun(
            job_id, RerunRequest(), principal, idempotency_key=idempotency_key
        )


def _job_desk(
    ports: GatewayPorts,
    jobs: Jobs,
    control: JobControl,
    downloads: DownloadSigner,
    position: ViewsPosition,
) -> JobDesk:
    options = ports.options
    pace = Pace(options.process_wait, options.event_poll, options.heartbeat, options.recheck)
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
        token_ttl=timedelta(days=settings.token_days),
        process_wait=timedelta(seconds=settings.process_wait_s),
        event_poll=timedelta(milliseconds=settings.event_poll_ms),
        max_views_lag=settings.max_views_lag,
        public_url=settings.public_url,
        uploads_at_once=settings.uploads_at_once,
        libreoffice=settings.libreoffice,
        hosts=settings.hosts,
    )


def submission_rules(
    settings: HttpSettings,
    engines: frozenset[str] = frozenset(),
    check_pair: PairCheck | None = None,
) -> SubmissionRules:
    """The choices of a submission; `engines` empty means that any engine's name is taken, and
    without `check_pair` any pair of locales.
    """
    return SubmissionRules(
        pipeline=TRANSLATE_DOCX,
        default_engine=settings.default_engine,
        engines=engines,
        max_upload_bytes=settings.max_upload_mib * 1024 * 1024,
        check_pair=check_pair,
    )


def seal_of(key: SecretStr | None) -> KeySeal | None:
    """The seal of keys of providers; None where there is no encryption key."""
    return None if key is None else KeySeal(key.get_secret_value().encode())


async def plant_seeds(catalog: Catalog, settings: SeedSettings) -> None:
    """Enter the provider that the settings describe in the registry, where any of them is set and
    this was not done before.
    """
    if not settings.model_fields_set & SeedSettings.model_fields.keys():
        return
    host = urlsplit(settings.openai_base_url).hostname or "no host"
    try:
        seed = ProviderSeed(
            name=f"OpenAI-compatible server at {host}"[:200],
            base_url=settings.openai_base_url.rstrip("/"),
            api_key=settings.openai_api_key,
            model_name=settings.openai_model,
        )
        await catalog.seeds.plant(SystemClock().now(), seed)
    except ValidationError:
        _log.warning("models.seed_skipped", error_code="settings.invalid")
    except EncryptionKeyMissingError as error:
        _log.warning("models.seed_skipped", error_code=error.code)
