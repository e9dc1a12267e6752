"""The span of a request that opens a job: the root of the job's trace, or the child of a client's."""

from __future__ import annotations

from starlette.requests import Request

from dragoman_runtime.telemetry import Role, Span, incoming, span

ACCEPTED = {"http.response.status_code": 202}
"""The attribute of a request that opened a job, or found the one it had opened."""


def request_span(name: str, request: Request) -> Span:
    """The span of this request; in the client's trace, where the header `traceparent` names one."""
    route: object = getattr(request.scope.get("route"), "path", "")
    about = {
        "http.request.method": request.method,
        "http.route": str(route),
        "url.scheme": request.url.scheme,
    }
    return span(name, incoming(request.headers.get("traceparent")), Role.SERVER, about)
