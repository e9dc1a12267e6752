"""Progress of a run: a bar on a terminal, NDJSON on stderr when asked, nothing otherwise."""

from __future__ import annotations

import json
import sys
import time
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from dragoman_standalone.outcome import FileOutcome


_EVERY_S = 0.5


class ProgressStyle(StrEnum):
    """How progress is shown. `auto` is a bar on a terminal and nothing elsewhere."""

    AUTO = "auto"
    BAR = "bar"
    NDJSON = "ndjson"
    NONE = "none"


class RunProgress(Protocol):
    """Told how a run goes, in percent of its files' work."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...

    def moved(self, file: str, stage: str, progress_pct: float) -> None:
        """A file's job moved."""
        ...

    def finished(self, outcome: FileOutcome) -> None:
        """A file came to its end."""
        ...


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
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        return

    def moved(self, file: str, stage: str, progress_pct: float) -> None:
        return

    def finished(self, outcome: FileOutcome) -> None:
        return


class _Lines(_Silent):
    def moved(self, file: str, stage: str, progress_pct: float) -> None:
        self._say({"event": "progress", "file": file, "stage": stage, "progress_pct": progress_pct})

    def finished(self, outcome: FileOutcome) -> None:
        self._say({"event": "finished", **outcome.model_dump(mode="json")})

    def _say(self, line: dict[str, object]) -> None:
        sys.stderr.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stderr.flush()


class _Bar(_Silent):
    def __init__(self, total: int) -> None:
        self._progress = Progress(
            TextColumn("{task.fields[done]}/{task.fields[files]}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[now]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._done: dict[str, float] = {}
        self._finished = 0
        self._task: TaskID = self._progress.add_task("", total=100.0 * total, done=0, files=total, now="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        self._progress.stop()

    def moved(self, file: str, stage: str, progress_pct: float) -> None:
        self._done[file] = progress_pct
        self._progress.update(self._task, completed=sum(self._done.values()), now=f"{file}: {stage}")

    def finished(self, outcome: FileOutcome) -> None:
        self._finished += 1
        self._done[outcome.file] = 100.0
        self._progress.update(self._task, completed=sum(self._done.values()), done=self._finished)


class StepProgress:
    """The progress of steps over many events, with rate and time left: a bar, NDJSON on stderr, or nothing."""

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
        self._task = self._bar.add_task("", total=None, rate="") if style is ProgressStyle.BAR else None
        self._step, self._began, self._said = "", 0.0, 0.0

    def __enter__(self) -> Self:
        if self._task is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
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
            self._bar.update(self._task, description=step, completed=done, total=total or None, rate=left)
        elif self._style is ProgressStyle.NDJSON:
            line = {"event": "progress", "step": step, "done": done, "total": total}
            line |= {"events_per_s": round(rate, 1), "eta_s": None if eta_s is None else round(eta_s, 1)}
            sys.stderr.write(json.dumps(line) + "\n")
            sys.stderr.flush()
