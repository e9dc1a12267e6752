"""Traces: one per job, joined across services by the W3C `traceparent` that every event carries.

Without an OTLP receiver nothing of OpenTelemetry is imported, and a span costs well under a
microsecond. The `traceparent` of a message is still handed on, so that one service without traces
does not cut a trace in two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from dragoman_contracts.errors import ConflictError, DragomanError
from dragoman_contracts.release import release
from dragoman_runtime.settings import TelemetrySettings
from dragoman_runtime.telemetry.instance import INSTANCE

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

AttributeValue = str | bool | int | float

# W3C Trace Context §3.2.2: version ff is invalid, and so are ids of zeros; later versions may add
# fields at the end.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_EXPORT_TIMEOUT_S = 5.0
_FLUSH_TIMEOUT_MS = 5_000

_handed_on: ContextVar[str | None] = ContextVar("traceparent", default=None)


class Role(Enum):
    """The side of a call that a span is: from pairs of them a service map is drawn."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Span(Protocol):
    """A stretch of work in a trace; leave it by leaving its `with` block."""

    def set(self, **attributes: AttributeValue) -> None:
        """Add attributes: ids, counts, codes, never text or file names."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...


@dataclass
class _Tracing:
    tracer: Tracer | None = None


_tracing = _Tracing()


def span(
    name: str,
    parent_traceparent: str | None = None,
    role: Role = Role.INTERNAL,
    conventions: Mapping[str, AttributeValue] | None = None,
    **attributes: AttributeValue,
) -> Span:
    """A span to be used in `with`: a child of the given parent, else of the span around it, else
    the root of a trace.

    An error that leaves the block marks the span as failed with the error's code; its message is
    not recorded. A parent that is no valid `traceparent` is ignored, as W3C Trace Context §3.2.2
    asks. `conventions` are attributes of OpenTelemetry's semantic conventions, whose names have
    dots.
    """
    if _tracing.tracer is None:
        return _NO_SPAN if parent_traceparent is None else _HandingOn(parent_traceparent)
    every = {**(conventions or {}), **attributes}
    return _Recording(_tracing.tracer, name, parent_traceparent, role, every)


def incoming(traceparent: str | None) -> str | None:
    """The `traceparent` header of a client, where it is a valid one; else None."""
    return traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None


def current_traceparent() -> str | None:
    """The `traceparent` that an event or a request made now should carry.

    None outside of every span.
    """
    if _tracing.tracer is None:
        return _handed_on.get()
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def configure_tracing(settings: TelemetrySettings, service: str) -> Callable[[], None]:
    """Send spans to the receiver of the settings, if there is one.

    Gives the function that sends the last spans and ends tracing; it does nothing where there is no
    receiver.
    """
    if settings.otlp_endpoint is None:
        return _stop
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    names = {
        "service.namespace": "dragoman",
        "service.name": service,
        "service.version": release(),
        "service.instance.id": INSTANCE,
    }
    provider = TracerProvider(
        resource=Resource.create(names),
        sampler=ParentBased(TraceIdRatioBased(settings.trace_sample_ratio)),
        shutdown_on_exit=False,
    )
    endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_TIMEOUT_S))
    )
    _tracing.tracer = provider.get_tracer("dragoman")

    def stop() -> None:
        _stop()
        provider.force_flush(_FLUSH_TIMEOUT_MS)
        provider.shutdown()

    return stop


def _stop() -> None:
    _tracing.tracer = None


class _NoSpan:
    __slots__ = ()

    def set(self, **attributes: AttributeValue) -> None:
        """Nobody listens."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        return


_NO_SPAN = _NoSpan()


class _HandingOn:
    __slots__ = ("_parent", "_token")
    _token: Token[str | None]

    def __init__(self, parent: str) -> None:
        self._parent = parent

    def set(self, **attributes: AttributeValue) -> None:
        """Nobody listens."""

    def __enter__(self) -> Self:
        self._token = _handed_on.set(self._parent)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        _handed_on.reset(self._token)


class _Recording:
    __slots__ = ("_attributes", "_name", "_parent", "_role", "_span", "_token", "_tracer")
    _span: OtelSpan
    _token: Token[Context]

    def __init__(
        self,
        tracer: Tracer,
        name: str,
        parent: str | None,
        role: Role,
        attributes: dict[str, AttributeValue],
    ) -> None:
        self._tracer = tracer
        self._role = role
        self._name = name
        self._parent = parent
        self._attributes = attributes

    def set(self, **attributes: AttributeValue) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def __enter__(self) -> Self:
        from opentelemetry import context, trace

        parent = _context_of(self._parent) if self._parent else None
        self._span = self._tracer.start_span(
            self._name,
            context=parent,
            kind=trace.SpanKind[self._role.name],
            attributes=self._attributes,
        )
        self._token = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        from opentelemetry import context
        from opentelemetry.trace import StatusCode

        context.detach(self._token)
        if error is not None:
            self._span.set_attribute(
                "error.type",
                error.code if isinstance(error, DragomanError) else type(error).__name__,
            )
            if not _is_foreseen(error):
                self._span.set_status(StatusCode.ERROR)
        self._span.end()


def _is_foreseen(error: BaseException) -> bool:
    """Whether the error only says that somebody was first, which is no failure."""
    return isinstance(error, ConflictError) or getattr(error, "code", "") == "lease.held"


def _context_of(traceparent: str) -> Context | None:
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    from opentelemetry import trace

    parent = trace.SpanContext(
        trace_id=int(found[1], 16),
        span_id=int(found[2], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(found[3], 16)),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
