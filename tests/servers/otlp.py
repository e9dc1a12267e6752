"""A real OTLP/HTTP receiver: oteltap,
which passes what it accepted to a sink that keeps the spans for the test.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from oteltap.oteltap_core import OtelTapCore, OtelTapFlags

from servers.process import ServerStartError, free_port, wait_until


@dataclass(frozen=True)
class ReceivedSpan:
    """One span as it came over the wire, with the service that its resource names."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_span_id: str
    attributes: dict[str, str]
    started_ns: int
    ended_ns: int
    is_error: bool
    kind: str = ""


def spans_of(body: bytes) -> list[ReceivedSpan]:
    """Read an ExportTraceServiceRequest in its binary form."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        ReceivedSpan(
            service=_attributes(list(resource.resource.attributes)).get("service.name", ""),
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_span_id=span.parent_span_id.hex(),
            attributes=_attributes(list(span.attributes)),
            started_ns=span.start_time_unix_nano,
            ended_ns=span.end_time_unix_nano,
            is_error=span.status.code == span.status.STATUS_CODE_ERROR,
            kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


class OtlpServer:
    """An OTLP/HTTP receiver on a free port that remembers every span it was sent,
    in order of arrival.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self._spans: list[ReceivedSpan] = []
        self._handle: int | None = None
        self._sink: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The value for OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def traces_url(self) -> str:
        """The address that takes spans."""
        return f"{self.url}/v1/traces"

    @property
    def spans(self) -> list[ReceivedSpan]:
        """The spans received so far."""
        return list(self._spans)

    def wait_for_spans(
        self, enough: Callable[[list[ReceivedSpan]], bool], *, timeout_s: float = 30
    ) -> list[ReceivedSpan]:
        """Give the received spans as soon as they satisfy the condition; exporters send in batches.

        Raises:
            TimeoutError: they did not in time.
        """
        wait_until(lambda: enough(self.spans), timeout_s=timeout_s, what="the spans of the test")
        return self.spans

    def start(self) -> None:
        """Listen; the port stays the same through restarts."""
        if self._handle is not None:
            return
        self._sink = ThreadingHTTPServer(("127.0.0.1", 0), _sink_handler(self._spans))
        threading.Thread(target=self._sink.serve_forever, name="otlp-sink", daemon=True).start()
        sink_url = f"http://127.0.0.1:{self._sink.server_address[1]}/v1/traces"
        status, handle = OtelTapCore.oteltap_start_receiving_http_protobuf(
            self.port, OtelTapFlags.NONE, sink_url, None, None
        )
        if status < 0:
            self.stop()
            raise ServerStartError(f"oteltap does not listen on port {self.port}: status {status}")
        self._handle = handle

    def stop(self) -> None:
        """Listen no more; what was received stays."""
        handle, self._handle = self._handle, None
        if handle is not None:
            OtelTapCore.oteltap_stop_receiving(handle)
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.shutdown()
            sink.server_close()

    def kill(self) -> None:
        """The same as `stop`: the receiver lives in the session's process."""
        self.stop()

    def restart(self) -> None:
        """Stop and listen again on the same port."""
        self.stop()
        self.start()

    def wipe(self) -> None:
        """Forget the spans received so far."""
        self._spans.clear()


def _sink_handler(spans: list[ReceivedSpan]) -> type[BaseHTTPRequestHandler]:
    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            spans.extend(spans_of(body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: requests are not news."""

    return Sink


def _attributes(pairs: list[KeyValue]) -> dict[str, str]:
    return {pair.key: _text(pair.value) for pair in pairs}


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    return "" if kind is None else str(getattr(value, kind))
