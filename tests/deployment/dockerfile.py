"""The Dockerfile of the image, read into its steps; and these steps as shell commands, to be tried
in a root folder of Debian where there is no engine.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "image" / "Dockerfile"
IGNORED = ROOT / ".dockerignore"

_VARIABLE = re.compile(r"\$\{(\w+)(?::\+([^{}]*(?:\$\{\w+\})?[^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: `RUN`, and what follows it on one line; the stage begins with its `FROM`."""

    word: str
    rest: str
    stage: int


def steps(text: str) -> list[Step]:
    """The instructions in their order, continued lines joined, comments left out; stages are
    counted from 1, and what comes before the first is of stage 0.
    """
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found: list[Step] = []
    stage = 0
    for line in lines.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if not word:
            continue
        stage += word == "FROM"
        found.append(Step(word, " ".join(rest.split()), stage))
    return found


def filled(text: str, values: dict[str, str]) -> str:
    """The text with `${NAME}` and `${NAME:+word}` as the values say.

    Raises:
        KeyError: a variable has no value.
    """

    def value(match: re.Match[str]) -> str:
        name, word = match[1], match[2]
        if word is None:
            return values[name]
        return filled(word, values) if values[name] else ""

    return _VARIABLE.sub(value, text)


def arguments(found: list[Step]) -> dict[str, str]:
    """The build arguments with their defaults."""
    pairs = (each.rest.partition("=") for each in found if each.word == "ARG" and "=" in each.rest)
    return {name: value for name, _, value in pairs}


def environment(found: list[Step]) -> dict[str, str]:
    """What the image sets for every container."""
    words = [word for each in found if each.word == "ENV" for word in shlex.split(each.rest)]
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def packages(found: list[Step]) -> set[str]:
    """The Debian packages that it installs, those of arguments too."""
    names: set[str] = set()
    for each in found:
        if each.word == "RUN":
            line = filled(each.rest, arguments(found))
            for words in re.findall(r"apt-get install ([^&]*)", line):
                names |= {word for word in words.split() if word[0] != "-"}
    return names


def copies(found: list[Step]) -> Iterator[tuple[list[str], str, bool]]:
    """The sources and the target of each `COPY`, and whether they come from another stage."""
    for each in found:
        if each.word == "COPY":
            words = each.rest.split()
            *sources, target = [word for word in words if not word.startswith("--")]
            yield sources, target, "--from=" in each.rest


def is_sent(path: str, patterns: list[str]) -> bool:
    """Whether a path of the repository reaches the build, by the lines of `.dockerignore`: the last
    that matches it or a folder above it decides.
    """
    kept = True
    parts = Path(path).parts
    prefixes = {"/".join(parts[: count + 1]) for count in range(len(parts))}
    for pattern in patterns:
        name = pattern.removeprefix("!")
        if any(_matches(prefix, name) for prefix in prefixes):
            kept = pattern.startswith("!")
    return kept


def _matches(path: str, pattern: str) -> bool:
    inner = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(inner, path) is not None


def ignore_patterns() -> list[str]:
    """The lines of `.dockerignore` that are patterns."""
    lines = (line.strip() for line in IGNORED.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def shell_commands(found: list[Step], context: str) -> list[str]:
    """A command for each step that changes files, for one root that both stages share.

    `context` is the folder with the repository. What stages copy from each other is there already.
    """
    values, folder, commands = dict[str, str](), "/", list[str]()
    for each in found:
        match each.word:
            case "ARG":
                name, has_value, value = each.rest.partition("=")
                values[name] = value if has_value else values.get(name, "")
            case "WORKDIR":
                folder = each.rest
                commands.append(f"mkdir -p {folder}")
            case "COPY" if "--from=" not in each.rest:
                *sources, target = each.rest.split()
                commands += _copied([f"{context}/{source}" for source in sources], folder, target)
            case "RUN":
                exported = " ".join(
                    f"{name}={shlex.quote(value)}" for name, value in values.items()
                )
                commands.append(f"set -e; export {exported}; cd {folder}; {each.rest}")
            case _:
                pass
    return commands


def _copied(sources: list[str], folder: str, target: str) -> list[str]:
    """`COPY` puts what is in a folder into the target, and a file under its name into a folder."""
    if target.endswith("/"):
        return [f"cd {folder} && mkdir -p {target} && cp {' '.join(sources)} {target}"]
    (source,) = sources
    return [f"cd {folder} && mkdir -p {target} && cp -R {source}/. {target}/"]


def started(found: list[Step], words: list[str]) -> str:
    """The command line that a container of the image runs, as its user and in its environment."""
    last = {each.word: each.rest for each in found}
    user, _, group = last["USER"].partition(":")
    entry: list[str] = json.loads(last["ENTRYPOINT"])
    named = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment(found).items())
    return (
        f"cd {last['WORKDIR']} && env -i {named} "
        f"setpriv --reuid {user} --regid {group} --clear-groups {shlex.join([*entry, *words])}"
    )
