"""The gateway put together: what it is given, and the use cases that API and console call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_catalog import Catalog
from dragoman_gateway.artifacts.desk import Packaging
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.view.rows import JobViews
from dragoman_gateway.parked.dead_letters import DeadLetterDesk
from dragoman_gateway.submissions.desk import SubmissionRules, Submissions
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.downloads import DownloadSigner
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

    `signing_key` is shared by all its replicas and kept over restarts. `dead_letters` is the database that holds the
    broker's dead letters; None where there is no broker.
    """

    store: EventStore
    objects: ObjectStore
    views: JobViews
    catalog: Catalog
    rules: SubmissionRules
    signing_key: bytes
    producer: str = "dragoman-gateway"
    clock: Clock = field(default_factory=SystemClock)
    options: GatewayOptions = field(default_factory=GatewayOptions)
    dead_letters: AsyncEngine | None = None


class Gateway:
    """The use cases. One of it serves all requests of a process; routes find it with `gateway_of`."""

    def __init__(self, ports: GatewayPorts) -> None:
        options = ports.options
        actors = Actors(ports.objects, ports.producer)
        self.ports = ports
        self.options = options
        self.store = ports.store
        self.objects = ports.objects
        self.views = ports.views
        self.catalog = ports.catalog
        self.clock = ports.clock
        self.jobs = Jobs(ports.store)
        self.control = JobControl(store=ports.store, jobs=self.jobs, clock=ports.clock, actors=actors)
        self.submissions = Submissions(
            store=ports.store,
            jobs=self.jobs,
            objects=ports.objects,
            catalog=ports.catalog,
            clock=ports.clock,
            actors=actors,
            control=self.control,
            rules=ports.rules,
        )
        self.packaging = Packaging(
            store=ports.store, jobs=self.jobs, objects=ports.objects, clock=ports.clock, actors=actors
        )
        self.dead_letters = DeadLetterDesk(ports.dead_letters, ports.clock)
        self.sign_in = SignIn(
            ports.catalog, ports.clock, signing_key=ports.signing_key, session_ttl=options.session_ttl
        )
        self.downloads = DownloadSigner(ports.signing_key, ttl=options.download_ttl)
        self.is_stopping = False

    def stop(self) -> None:
        """Let requests that wait for a job come to their end: the server is about to stop."""
        self.is_stopping = True


def gateway_of(request: Request) -> Gateway:
    """The gateway of the application that serves this request."""
    gateway: object = request.app.state.gateway
    if not isinstance(gateway, Gateway):
        raise TypeError("the application was not made by create_app")
    return gateway
