"""The hand-written and generated pages of the project, and what stands in them."""

import re
import shlex
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
_HEREDOC = re.compile(r"<<'EOF'\n.*?^EOF$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\bDRAGOMAN_[A-Z0-9_]+\b")


@dataclass(frozen=True)
class Page:
    """One Markdown page."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """Its text without fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def shell_lines(self) -> list[list[str]]:
        """The words of each line in its shell blocks, without comments and here-documents."""
        bodies = [
            match["body"] for match in _FENCE.finditer(self.text) if match["language"] == "sh"
        ]
        joined = [_HEREDOC.sub("", body).replace("\\\n", " ") for body in bodies]
        return [
            words
            for body in joined
            for line in body.splitlines()
            if (words := shlex.split(line, comments=True))
        ]

    @property
    def links(self) -> list[str]:
        """The targets of its links."""
        return [match["target"] for match in _LINK.finditer(self.prose)]

    @property
    def code(self) -> list[str]:
        """What stands in back-quotes in its prose."""
        return _CODE.findall(self.prose)

    @property
    def variables(self) -> set[str]:
        """The environment variables of ours that it names."""
        return set(_VARIABLE.findall(self.text))

    @property
    def anchors(self) -> set[str]:
        """The anchors of its headings, as Markdown viewers make them."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def pages() -> list[Page]:
    """README, changelog, everything under docs, and the README of every room."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("libs/*/README.md")]
    return [Page(path) for path in sorted([*found, *ROOT.glob("services/*/README.md")])]


@cache
def tracked_names() -> frozenset[str]:
    """The names of all files of the repository and of the folders that hold them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    files = [Path(line) for line in listed.stdout.splitlines()]
    folders = {parent for file in files for parent in file.parents}
    return frozenset(path.as_posix() for path in {*files, *folders})
