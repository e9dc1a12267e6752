r"""The man page of `dragoman`, made from the commands themselves: `python deploy/wheel/manual.py`.

Printed as man(7) reads it: for `translate`, which takes files and must have `--target`,

    .SS "dragoman translate \fIIN…\fR [OPTIONS]"
    Translate files or folders …
    .TP
    \fB\-\-target\fR \fITAG\fR
    Language to translate into. Required.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from dragoman_contracts.release import release
from dragoman_standalone.cli import app

_NAME = "dragoman"
_CODE = re.compile(r"`([^`]+)`")

_ABOUT = """\
Translates DOCX, and runs other pipelines over documents, without losing or repeating a step. Everything runs in one
process with a folder for its state, or as services on PostgreSQL, RabbitMQ and S3."""

_EXIT_STATUS = (
    ("0", "Every document is done."),
    ("1", "A document failed or was cancelled."),
    ("2", "The command was used wrongly, or a foreseen error kept it from beginning."),
    ("3", "A check said no: blocked, or review needed."),
    ("130", "Interrupted."),
)

_ENVIRONMENT = """\
Settings are variables that begin with DRAGOMAN_; one that ends in _FILE names a file with the value. dragoman doctor
says which are missing."""


def manual() -> str:
    """The page of all commands, in the order of `dragoman --help`; hidden commands are left out."""
    root = typer.main.get_command(app)
    lines = [
        f'.TH DRAGOMAN 1 "" "dragoman {release()}" "User Commands"',
        ".SH NAME",
        f"{_NAME} \\- documents through long, costly, many\\-step processing",
        ".SH SYNOPSIS",
        f".B {_NAME}",
        "\\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        _prose(_ABOUT),
        ".SH COMMANDS",
        *_commands(root, _NAME),
        ".SH EXIT STATUS",
        *(line for status, means in _EXIT_STATUS for line in (".TP", status, _prose(means))),
        ".SH ENVIRONMENT",
        _prose(_ENVIRONMENT),
    ]
    return "\n".join(lines) + "\n"


def _commands(command: object, path: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for name, each in command.commands.items():
            if not each.hidden:
                yield from _commands(each, f"{path} {name}")
    elif isinstance(command, TyperCommand):
        yield from _command(command, path)


def _command(command: TyperCommand, path: str) -> Iterator[str]:
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    arguments = [each for each in shown if isinstance(each, TyperArgument)]
    options = [each for each in shown if isinstance(each, TyperOption)]
    words = [f"\\fI{_escaped(_value(each))}\\fR" for each in arguments]
    words = [
        word if each.required else f"[{word}]" for word, each in zip(words, arguments, strict=True)
    ]
    usage = " ".join([_escaped(path), *words, *(["[OPTIONS]"] if options else [])])
    yield f'.SS "{usage}"'
    yield _prose(command.help or "")
    for argument in arguments:
        if argument.help:
            yield from (".TP", f"\\fI{_escaped(_value(argument))}\\fR", _prose(argument.help))
    for option in options:
        yield from _option(option)


def _option(option: TyperOption) -> Iterator[str]:
    names = ", ".join(
        f"\\fB{_escaped(each)}\\fR" for each in (*option.opts, *option.secondary_opts)
    )
    takes = "" if option.is_flag else f" \\fI{_escaped(_value(option))}\\fR"
    said = [option.help or ""]
    if option.required:
        said.append("Required.")
    elif isinstance(option.default, str | int | float) and not isinstance(option.default, bool):
        said.append(f"Default: {option.default}.")
    yield from (".TP", names + takes, _prose(" ".join(each for each in said if each)))


def _value(parameter: TyperArgument | TyperOption) -> str:
    return parameter.metavar or (parameter.name or "value").replace("_", "-").upper()


def _prose(text: str) -> str:
    """Paragraphs as lines that no macro is read from; code is set in bold."""
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text.strip())]
    marked = [_CODE.sub("\\\\fB\\1\\\\fR", _escaped(block)) for block in blocks if block]
    return "\n.PP\n".join(f"\\&{block}" if block[:1] in ".'" else block for block in marked)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")


if __name__ == "__main__":
    sys.stdout.write(manual())
