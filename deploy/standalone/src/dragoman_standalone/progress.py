"""Progress of a run: a bar on a terminal, NDJSON on stderr when asked, nothing otherwise."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO, cast

from pydantic import JsonValue
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text
from typing_extensions import override

from dragoman_gateway.jobs.detail.work_words import remaining_text

if TYPE_CHECKING:
    from dragoman_runtime.settings import TelemetrySettings
    from dragoman_standalone.outcome import FileOutcome


_EVERY_S = 0.5
_LINE_EVERY_S = 1.0


class ProgressStyle(StrEnum):
    """How progress is shown. `auto` is a bar on a terminal and nothing elsewhere."""

    AUTO = "auto"
    BAR = "bar"
    NDJSON = "ndjson"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a file's job has come: file `number` of `count`, counted from 1.

    `lines` say in words what is under way or waits to be tried again, `said` and `retries` the same
    in fields; `remaining_s` is about how
    long the translation will last, None where nothing is measured. Units are None before a plan
    counts them.
    """

    file: str
    number: int
    count: int
    stage: str
    progress_pct: float
    units_done: int | None = None
    units: int | None = None
    remaining_s: float | None = None
    lines: tuple[str, ...] = ()
    said: tuple[dict[str, JsonValue], ...] = ()
    retries: tuple[dict[str, JsonValue], ...] = ()

    @property
    def text(self) -> str:
        """All of it in a line: `offer.docx, 2 of 3: Batch 3: 12 of 25 units`;
        an only file is not named.
        """
        more = f" (and {len(self.lines) - 1:,} more)" if len(self.lines) > 1 else ""
        said = self.lines[0] + more if self.lines else self.stage
        return said if self.count == 1 else f"{self.file}, {self.number} of {self.count}: {said}"


class RunProgress(Protocol):
    """Told how a run goes, in percent of its files' work."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

    def moved(self, moved: Moved) -> None:
        """How far a file's job is now; told again and again, whether it moved or not."""
        ...

    def finished(self, outcome: FileOutcome) -> None:
        """A file came to its end."""
        ...


class CarriedLines(io.TextIOBase):
    """Log lines in JSON, each carried as `{"event": "log", "log": {…}}` so that NDJSON of progress
    and of logs can be told apart by `event`.
    """

    @override
    def write(self, text: str, /) -> int:
        """Write each line of the text, which is JSON or words, as one of ours."""
        for line in text.splitlines():
            try:
                carried: JsonValue = json.loads(line)
            except ValueError:
                carried = {"message": line}
            whole = json.dumps({"event": "log", "log": carried}, ensure_ascii=False)
            sys.stderr.write(whole + "\n")
        return len(text)

    @override
    def flush(self) -> None:
        """Flush stderr."""
        sys.stderr.flush()


def carry_logs(settings: TelemetrySettings) -> None:
    """Let this process log inside the NDJSON of progress."""
    from dragoman_runtime.telemetry import configure_logging

    carried = cast("TextIO", CarriedLines())
    configure_logging(settings.model_copy(update={"log_format": "json"}), "dragoman", carried)


def progress_of(style: ProgressStyle, total: int) -> RunProgress:
    """The progress to show for a run of `total` files."""
    if style is ProgressStyle.AUTO:
        style = ProgressStyle.BAR if sys.stderr.isatty() else ProgressStyle.NONE
    match style:
        case ProgressStyle.BAR:
            return _Bar(total)
        case ProgressStyle.NDJSON:
            return _Lines()
        case _:
            return _Silent()


class _Silent:
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

    def moved(self, moved: Moved) -> None:
        return

    def finished(self, outcome: FileOutcome) -> None:
        return


class _Lines(_Silent):
    """A line for each step, and about one a second while there is news of work under way."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Moved, float]] = {}

    def moved(self, moved: Moved) -> None:
        now = time.monotonic()
        before, at = self._told.get(moved.file, (None, 0.0))
        if before is not None:
            is_step = (before.stage, before.progress_pct) != (moved.stage, moved.progress_pct)
            if before == moved or (not is_step and now - at < _LINE_EVERY_S):
                return
        self._told[moved.file] = (moved, now)
        self._say(
            {
                "event": "progress",
                "file": moved.file,
                "number": moved.number,
                "count": moved.count,
                "stage": moved.stage,
                "progress_pct": moved.progress_pct,
                "units_done": moved.units_done,
                "units": moved.units,
                "remaining_s": None if moved.remaining_s is None else round(moved.remaining_s, 1),
                "work_under_way": list(moved.said),
                "retries": list(moved.retries),
            }
        )

    def finished(self, outcome: FileOutcome) -> None:
        self._say({"event": "finished", **outcome.model_dump(mode="json")})

    def _say(self, line: dict[str, object]) -> None:
        sys.stderr.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stderr.flush()


class _Words(ProgressColumn):
    """Words on one line, asked for when they are shown."""

    def __init__(self, words: Callable[[], str], column: Column) -> None:
        super().__init__(column)
        self._words = words

    @override
    def render(self, task: Task) -> Text:
        return Text(self._words(), no_wrap=True, overflow="ellipsis")


class _Bar(_Silent):
    def __init__(self, total: int) -> None:
        self._progress = Progress(
            TextColumn(
                "{task.fields[done]}/{task.fields[files]}", table_column=Column(no_wrap=True)
            ),
            BarColumn(20),
            TextColumn("{task.percentage:>3.0f} %", table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            _Words(self._left, Column(no_wrap=True)),
            _Words(self._now, Column()),  # where there is no room, this and the bar get shorter
            console=Console(stderr=True),
            transient=True,
        )
        self._done: dict[str, float] = {}
        self._moving: dict[str, Moved] = {}
        self._files = total
        self._finished = 0
        self._task: TaskID = self._progress.add_task("", total=100.0 * total, done=0, files=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._progress.stop()

    def moved(self, moved: Moved) -> None:
        self._moving[moved.file] = moved
        self._advance(moved.file, moved.progress_pct)

    def finished(self, outcome: FileOutcome) -> None:
        self._finished += 1
        self._moving.pop(outcome.file, None)
        self._advance(outcome.file, 100.0)

    def _advance(self, file: str, progress_pct: float) -> None:
        """Never back: units of a batch that is tried again are counted again as soon
        as they are read back.
        """
        before = self._done.get(file, 0.0)
        self._done[file] = max(before, progress_pct)
        self._progress.update(self._task, advance=self._done[file] - before, done=self._finished)

    def _left(self) -> str:
        """How long the run will last; nothing while some file of it is not measured."""
        moving = list(self._moving.values())  # the bar is drawn in a thread of its own
        measured = [each.remaining_s for each in moving if each.remaining_s]
        is_all = len(measured) == len(moving) and self._finished + len(moving) == self._files
        return remaining_text(max(measured)) if measured and is_all else ""

    def _now(self) -> str:
        moving = list(self._moving.values())
        shown = next((each for each in moving if each.lines), moving[-1] if moving else None)
        return shown.text if shown else ""


class StepProgress:
    """The progress of steps over many events, with rate and time left: a bar,
    NDJSON on stderr, or nothing.
    """

    def __init__(self, style: ProgressStyle) -> None:
        if style is ProgressStyle.AUTO:
            style = ProgressStyle.BAR if sys.stderr.isatty() else ProgressStyle.NONE
        self._style = style
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
            TextColumn("{task.fields[rate]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = (
            self._bar.add_task("", total=None, rate="") if style is ProgressStyle.BAR else None
        )
        self._step, self._began, self._said = "", 0.0, 0.0

    def __enter__(self) -> Self:
        if self._task is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        if self._task is not None:
            self._bar.stop()

    def told(self, step: str, done: int, total: int) -> None:
        """A step is so far; a total of 0 is not known."""
        now = time.monotonic()
        if step != self._step:
            self._step, self._began, self._said = step, now, 0.0
        if now - self._said < _EVERY_S and (done < total or not total):
            return
        self._said = now
        rate = done / (now - self._began) if now > self._began else 0.0
        eta_s = (total - done) / rate if rate and total else None
        if self._task is not None:
            left = "" if eta_s is None else f"{rate:,.0f}/s, {eta_s:.0f} s left"
            self._bar.update(
                self._task, description=step, completed=done, total=total or None, rate=left
            )
        elif self._style is ProgressStyle.NDJSON:
            line = {"event": "progress", "step": step, "done": done, "total": total}
            line |= {
                "events_per_s": round(rate, 1),
                "eta_s": None if eta_s is None else round(eta_s, 1),
            }
            sys.stderr.write(json.dumps(line) + "\n")
            sys.stderr.flush()
