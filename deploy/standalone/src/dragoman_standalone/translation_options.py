"""The options that `translate` and `submit` share, in the groups in which `--help` shows them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dragoman_standalone.ending import UsageRefusedError
from dragoman_standalone.progress import ProgressStyle


class LogFrom(StrEnum):
    """The least of what is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Unfinished(StrEnum):
    """The choice of how to treat a job that an earlier run left unfinished."""

    REFUSE = "refuse"
    RESUME = "resume"
    FRESH = "fresh"


_WHERE, _SHOWN = "Server and state", "Output"
_MADE = "Translation"

Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="IN…", help="DOCX files, or folders of them.", show_default=False),
]
Source = Annotated[
    str, typer.Option("--source", metavar="TAG", help="Language of the source: en, de-CH …")
]
Target = Annotated[str, typer.Option("--target", metavar="TAG", help="Language to translate into.")]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="apertium, openai, anthropic, … or the id of a registered model.",
        rich_help_panel=_MADE,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Model, where the engine has several.",
        rich_help_panel=_MADE,
    ),
]
Memory = Annotated[
    list[str] | None,
    typer.Option(
        "--memory",
        metavar="NAME",
        help="Translation memory, by name or id, in place of the project's; may be repeated.",
        rich_help_panel=_MADE,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Count words, repetitions, tokens and money, and translate nothing.",
        rich_help_panel=_MADE,
    ),
]
Project = Annotated[
    str,
    typer.Option(
        "--project",
        metavar="CODE",
        help="Project whose settings, languages and engine count.",
        rich_help_panel=_MADE,
    ),
]
DEFAULT_PROJECT = "default"
Glossaries = Annotated[
    list[str] | None,
    typer.Option(
        "--glossary",
        metavar="NAME",
        help="A glossary by name or id, or a file: TBX, CSV or XLSX. May be repeated.",
        rich_help_panel=_MADE,
    ),
]
DomainPack = Annotated[
    str,
    typer.Option(
        "--domain-pack",
        metavar="CODE",
        help="Field of work: general, contracts, technical-manual, marketing, or one of yours.",
        rich_help_panel=_MADE,
    ),
]
Fallbacks = Annotated[
    list[str] | None,
    typer.Option(
        "--fallback",
        metavar="ENGINE[/MODEL]",
        help="Engine for units that the others fail at; can be repeated.",
        rich_help_panel=_MADE,
    ),
]
CostCap = Annotated[
    str | None,
    typer.Option(
        "--cost-cap",
        metavar="USD",
        help="The most that the calls may cost; the job stops there.",
        rich_help_panel=_MADE,
    ),
]
NewVersionOf = Annotated[
    str | None,
    typer.Option(
        "--new-version-of",
        metavar="ID",
        help="Job or document whose translations are taken over, in place of the newest version of "
        "the same file; none: nothing is.",
        rich_help_panel=_MADE,
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with what an earlier run left.", rich_help_panel=_MADE),
]
Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh", help="Begin anew, whatever an earlier run left.", rich_help_panel=_MADE
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="File with the password of encrypted inputs.",
        rich_help_panel=_MADE,
    ),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Folder of the event log and the objects.",
        rich_help_panel=_WHERE,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="A server that translates instead; its token: DRAGOMAN_TOKEN.",
        rich_help_panel=_WHERE,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document on stdout.", rich_help_panel=_SHOWN),
]
Progress = Annotated[
    ProgressStyle,
    typer.Option(
        "--progress",
        metavar="STYLE",
        help="auto, bar, ndjson or none.",
        rich_help_panel=_SHOWN,
    ),
]
Log = Annotated[
    LogFrom | None,
    typer.Option(
        "--log",
        metavar="LEVEL",
        help="Log to stderr from debug, info, warning or error. Else nothing is logged, unless "
        "DRAGOMAN_LOG_LEVEL is set.",
        rich_help_panel=_SHOWN,
    ),
]


def unfinished_of(*, resume: bool, fresh: bool) -> Unfinished:
    """The choice of --resume and --fresh.

    Raises:
        UsageRefusedError: both were chosen.
    """
    if resume and fresh:
        raise UsageRefusedError("Say --resume or --fresh, not both.")
    return Unfinished.RESUME if resume else Unfinished.FRESH if fresh else Unfinished.REFUSE
