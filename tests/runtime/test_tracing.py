"""Traces, received by a real OTLP receiver: what one job does in several services is one trace."""

import timeit

from hypothesis import given
from hypothesis import strategies as st

from dragoman_runtime.telemetry import current_traceparent, span
from runtime.programs import run
from servers.otlp import OtlpServer
from servers.process import free_port

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

_FIRST_SERVICE = """
with span("submit", job_id="j1"):
    print(current_traceparent())
"""
_SECOND_SERVICE = """
with span("extract", {parent!r}, units=3) as active:
    active.set(segments=5)
    with span("parse"):
        print(current_traceparent())
"""


def test_spans_of_two_processes_joined_by_a_traceparent_are_one_trace(otlp: OtlpServer) -> None:
    handed_over = run(_FIRST_SERVICE, service="gateway", otlp_endpoint=otlp.url).stdout.strip()
    second = _SECOND_SERVICE.format(parent=handed_over)
    last = run(second, service="extract", otlp_endpoint=otlp.url).stdout.strip()
    spans = {found.name: found for found in otlp.wait_for_spans(lambda found: len(found) >= 3)}
    assert {found.trace_id for found in spans.values()} == {handed_over[3:35]}
    assert {name: found.service for name, found in spans.items()} == {
        "submit": "gateway",
        "extract": "extract",
        "parse": "extract",
    }
    assert spans["submit"].parent_span_id == ""
    assert spans["extract"].parent_span_id == spans["submit"].span_id == handed_over[36:52]
    assert spans["parse"].parent_span_id == spans["extract"].span_id
    assert last[36:52] == spans["parse"].span_id
    assert spans["extract"].attributes == {"units": "3", "segments": "5"}


def test_an_error_marks_its_span_with_the_code_and_never_with_the_message(otlp: OtlpServer) -> None:
    program = """
for error in (PermanentError("the cure", code="docx.encrypted"), ValueError("the secret text")):
    try:
        with span("work"):
            raise error
    except Exception:
        pass
with span("well"):
    pass
"""
    run(program, otlp_endpoint=otlp.url)
    spans = otlp.wait_for_spans(lambda found: len(found) >= 3)
    assert [found.is_error for found in spans] == [True, True, False]
    assert [found.attributes for found in spans] == [
        {"error.type": "docx.encrypted"},
        {"error.type": "ValueError"},
        {},
    ]


def test_spans_of_tasks_that_run_at_once_keep_their_own_parents(otlp: OtlpServer) -> None:
    program = """
async def job(number):
    with span(f"job-{number}"):
        await asyncio.sleep(0)
        with span(f"step-{number}"):
            await asyncio.sleep(0)

async def main():
    await asyncio.gather(*(job(number) for number in range(5)))

asyncio.run(main())
"""
    run(program, otlp_endpoint=otlp.url)
    spans = {found.name: found for found in otlp.wait_for_spans(lambda found: len(found) >= 10)}
    for number in range(5):
        assert spans[f"step-{number}"].parent_span_id == spans[f"job-{number}"].span_id
        assert spans[f"job-{number}"].parent_span_id == ""


def test_a_job_is_traced_in_all_services_or_in_none(otlp: OtlpServer) -> None:
    program = f"""
for name, parent in [("not-chosen", None), ("chosen-before", {PARENT!r}), ("left-out-before", {PARENT[:-1]!r} + "0")]:
    with span(name, parent):
        print(int(current_traceparent()[-2:], 16) & 1)
"""
    answer = run(program, otlp_endpoint=otlp.url, trace_sample_ratio="0")
    assert answer.stdout.split() == ["0", "1", "0"]
    assert [found.name for found in otlp.wait_for_spans(lambda found: len(found) >= 1)] == [
        "chosen-before"
    ]


def test_a_parent_that_is_none_begins_a_new_trace(otlp: OtlpServer) -> None:
    zeros = f"00-{'0' * 32}-b7ad6b7169203331-01"
    parents = ["", "nonsense", PARENT[:-1], f"ff{PARENT[2:]}", zeros, PARENT.upper(), f"{PARENT}\n"]
    run(
        f"for parent in {parents!r}:\n    with span('alone', parent):\n        pass",
        otlp_endpoint=otlp.url,
    )
    spans = otlp.wait_for_spans(lambda found: len(found) >= len(parents))
    assert {found.parent_span_id for found in spans} == {""}
    assert len({found.trace_id for found in spans} - {PARENT[3:35], "0" * 32}) == len(parents)


def test_a_receiver_that_is_away_holds_nothing_up() -> None:
    answer = run(
        "with span('lost'):\n    print('done')", otlp_endpoint=f"http://127.0.0.1:{free_port()}"
    )
    assert answer.stdout == "done\n"


def test_without_a_receiver_nothing_of_opentelemetry_is_imported() -> None:
    answer = run(
        "with span('x', units=1):\n    print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    assert answer.stdout == "[]\n"


@given(parent=st.none() | st.text())
def test_without_a_receiver_the_traceparent_of_others_is_handed_on(parent: str | None) -> None:
    with span("outer", PARENT):
        with span("inner", parent):
            assert current_traceparent() == (PARENT if parent is None else parent)
        assert current_traceparent() == PARENT
    assert current_traceparent() is None


def test_without_a_receiver_a_span_costs_about_a_microsecond() -> None:
    def work() -> None:
        with span("extract", units=3) as active:
            active.set(segments=5)

    assert min(timeit.repeat(work, number=10_000, repeat=5)) / 10_000 < 3e-6
