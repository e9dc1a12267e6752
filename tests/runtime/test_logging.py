"""Logs: canonical lines that machines read, and nothing in them that quotes a document."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_runtime.telemetry.redaction import library_message, permitted
from runtime.programs import run

_JOB = "0192f0c1-0000-7000-8000-000000000001"
_HANDLED = f"""
with log_context(job_id={_JOB!r}, document_id="d1", event_id="e1", correlation_id="c1", attempt=2):
    canonical_line("extract.done", outcome="ok", duration_ms=12.345, units=7)
"""
_SECRET = "Der Kaufpreis beträgt 12 Mio"


def _lines(stderr: str) -> list[dict[str, object]]:
    return [cast(dict[str, object], json.loads(line)) for line in stderr.splitlines()]


def test_a_canonical_line_is_one_json_object_with_the_bound_ids() -> None:
    (line,) = _lines(run(_HANDLED, service="extract").stderr)
    assert list(line)[:4] == ["timestamp", "level", "service", "event"]
    assert str(line.pop("timestamp")).endswith("Z")
    assert re.fullmatch(r".+:\d+", str(line.pop("instance")))
    assert line == {
        "level": "info",
        "service": "extract",
        "event": "extract.done",
        "job_id": _JOB,
        "document_id": "d1",
        "event_id": "e1",
        "correlation_id": "c1",
        "attempt": 2,
        "duration_ms": 12.3,
        "outcome": "ok",
        "error_code": None,
        "units": 7,
    }


def test_a_canonical_line_with_an_error_code_is_a_warning() -> None:
    program = "canonical_line('qa.failed', outcome='retry', duration_ms=1, error_code='engine.unauthorised')"
    (line,) = _lines(run(program).stderr)
    assert (line["level"], line["error_code"]) == ("warning", "engine.unauthorised")


def test_ids_are_bound_only_inside_their_block() -> None:
    program = f"{_HANDLED}\ncanonical_line('worker.idle', outcome='ok', duration_ms=0)"
    _, after = _lines(run(program).stderr)
    assert "job_id" not in after


def test_lines_of_a_traced_job_name_its_trace() -> None:
    program = "with span('x', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'):\n    get_logger().info('a.b')"
    (line,) = _lines(run(program).stderr)
    assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_the_level_of_the_settings_holds_for_our_lines_and_warning_for_libraries() -> None:
    program = """
get_logger().debug("ours.debug")
get_logger().info("ours.info")
logging.getLogger("library").info("library info")
logging.getLogger("library").warning("library warning")
"""
    assert [line["event"] for line in _lines(run(program).stderr)] == [
        "ours.info",
        "library warning",
    ]
    assert [line["event"] for line in _lines(run(program, log_level="error").stderr)] == [
        "library warning"
    ]


def test_text_file_names_and_secrets_are_replaced_by_their_size() -> None:
    program = f"""
from pathlib import Path
get_logger().info("x.y", document={_SECRET!r}, text="Kaufpreis", held=[{_SECRET!r}], where=Path("/a/vertrag.docx"),
    kept="vertrag.docx", url="amqp://user:hunter2@host", password="hunter2", digest="ab" * 32, units=3)
"""
    answer = run(program)
    (line,) = _lines(answer.stderr)
    for hidden in ("Kaufpreis", "vertrag", "hunter2"):
        assert hidden not in answer.stderr
    assert (line["units"], line["digest"]) == (3, "ab" * 32)
    assert (line["document"], line["held"]) == ("[28 characters]", "[1 items]")


def test_an_error_is_told_by_its_type_and_place_and_only_ours_by_its_message() -> None:
    program = f"""
def breaking():
    raise ValueError({_SECRET!r})

for log in (lambda: get_logger().exception("bug.found"), lambda: logging.getLogger("lib").exception("oh")):
    try:
        breaking()
    except ValueError:
        log()
try:
    try:
        breaking()
    except ValueError as error:
        raise PermanentError("Ask for the password.", code="docx.encrypted") from error
except PermanentError as error:
    get_logger().error("work.parked", exc_info=error)
"""
    answer = run(program)
    bug, library, parked = _lines(answer.stderr)
    assert "Kaufpreis" not in answer.stderr
    assert bug["error_type"] == library["error_type"] == "ValueError"
    assert str(bug["error_at"]).startswith("<string>:")
    assert "breaking" in str(bug["error_at"])
    assert (library["level"], library["logger"], library["event"]) == ("error", "lib", "oh")
    assert (parked["error_code"], parked["error_message"]) == (
        "docx.encrypted",
        "Ask for the password.",
    )
    assert parked["error_cause"] == "ValueError"


def test_a_route_is_shown_as_the_template_it_is() -> None:
    (line,) = _lines(
        run(
            "canonical_line('gateway.answered', outcome='done', duration_ms=1, route='/jobs/{id}')"
        ).stderr
    )
    assert line["route"] == "/jobs/{id}"


def test_a_library_line_shows_numbers_and_words_of_its_arguments_and_no_text() -> None:
    assert (
        library_message("port %d of %s: %r", (5672, "rabbit", "refused"))
        == "port 5672 of rabbit: 'refused'"
    )
    assert library_message("reads %s", (_SECRET,)) == "reads [28 characters]"
    assert library_message("took %.1f s for %d", (1.25, object())) == "took %.1f s for %d"
    assert library_message("100 % sure", ()) == "100 % sure"
    assert len(library_message("x" * 1000, ())) == 300


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "extract.done", "de-CH", _JOB, "ab" * 32, "2026-11-22T00:00:00Z"]
)
def test_ids_codes_and_numbers_pass(value: object) -> None:
    assert permitted("document_id", value) == value


def test_an_id_object_passes_as_its_text() -> None:
    assert permitted("job_id", UUID(_JOB)) == _JOB


@given(text=st.text(min_size=1).filter(lambda text: " " in text or not text.isascii()))
def test_no_sentence_passes_under_any_key(text: str) -> None:
    assert permitted("anything", text) == f"[{len(text)} characters]"


@given(
    word=st.from_regex(r"[a-z]{1,20}", fullmatch=True),
    key=st.sampled_from(["text", "file_name", "secret", "target"]),
)
def test_not_even_a_word_passes_under_a_key_that_names_text(word: str, key: str) -> None:
    assert permitted(key, word) == f"[{len(word)} characters]"


def _on_a_terminal(**variables: str) -> str:
    """What a person sees when a process logs to a terminal."""
    controller, terminal = pty.openpty()
    program = (
        "from dragoman_runtime.settings import TelemetrySettings\n"
        "from dragoman_runtime.telemetry import configure_telemetry, get_logger\n"
        "configure_telemetry(TelemetrySettings(), 'extract')\n"
        "get_logger().info('extract.done', units=3)\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}
    }
    try:
        subprocess.run(
            [sys.executable, "-c", program],
            stderr=terminal,
            check=True,
            env={**environment, **variables},
        )
        return os.read(controller, 4096).decode()
    finally:
        os.close(terminal)
        os.close(controller)


def test_on_a_terminal_lines_are_for_people_and_coloured_unless_they_say_no() -> None:
    assert "\x1b[" in _on_a_terminal()
    plain = _on_a_terminal(NO_COLOR="1")
    assert "\x1b[" not in plain
    assert "extract.done" in plain
    assert "units=3" in plain
    assert _lines(_on_a_terminal(DRAGOMAN_LOG_FORMAT="json"))[0]["event"] == "extract.done"


def test_a_person_may_ask_for_readable_lines_off_the_terminal() -> None:
    assert "units=7" in run(_HANDLED, log_format="console").stderr


def test_nothing_is_logged_to_stdout(tmp_path: Path) -> None:
    answer = run(f"{_HANDLED}\nlogging.getLogger('library').error('broken')")
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 2


@pytest.mark.parametrize("stderr", ["a full disk", "a pipe that nobody reads"])
def test_lines_that_cannot_be_written_stop_nothing(stderr: str) -> None:
    program = (
        "from dragoman_runtime.settings import TelemetrySettings\n"
        "from dragoman_runtime.telemetry import configure_telemetry, get_logger\n"
        "configure_telemetry(TelemetrySettings(), 'extract')\n"
        "for number in range(3):\n"
        "    get_logger().error('extract.failed', number=number)\n"
        "print('went on', flush=True)\n"
    )
    if stderr == "a full disk":
        target = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, target = os.pipe()
        os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stderr=target,
            stdout=subprocess.PIPE,
            check=False,
            text=True,
        )
    finally:
        os.close(target)
    assert done.stdout == "went on\n"
