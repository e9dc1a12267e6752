"""The inputs of a translation on the command line: files and folders,
and where each result goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import WORD_MEDIA_TYPES

SUFFIXES = frozenset(WORD_MEDIA_TYPES)
_FILE_SUFFIXES = SUFFIXES | {
    ".doc",
    ".rtf",
    ".odt",
    ".txt",
    ".md",
    ".html",
    ".pdf",
    ".xml",
    ".json",
}


class InputRefusedError(PermanentError):
    """The files that were named cannot be taken as they are; the command line was wrong."""

    default_code = "usage.input"


@dataclass(frozen=True, slots=True)
class Input:
    """One file to translate. `name` is relative, with `/`, and kept under the output folder."""

    path: Path
    name: str
    output: Path

    def beside(self, suffix: str) -> Path:
        """A file beside the output: `terms.docx` and `.report.json` give `terms.report.json`."""
        return self.output.with_name(self.output.stem + suffix)


def gather(paths: Sequence[Path], out: Path) -> list[Input]:
    """The files of these files and folders, in a stable order.

    A single file may name its result: `-o result.docx`. Word's own lock files (`~$…`) are left out.

    Raises:
        InputRefusedError: a path is not there, a folder holds no document, or a result would
            overwrite a source or another result.
    """
    if (
        len(paths) == 1
        and paths[0].is_file()
        and out.suffix.lower() in SUFFIXES
        and not out.is_dir()
    ):
        found = [Input(paths[0], paths[0].name, out)]
    else:
        found = [Input(path, name, out / name) for each in paths for path, name in _files(each)]
        _require_folder(out, len(found))
    _require_distinct(found)
    return found


def gather_for_server(paths: Sequence[Path]) -> list[Input]:
    """The files of these files and folders, whose results are fetched later.

    Raises:
        InputRefusedError: a path is not there, a folder holds no document, or two have one name.
    """
    found = [Input(path, name, Path(name)) for each in paths for path, name in _files(each)]
    names = Counter(each.name for each in found)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise InputRefusedError(f"Two files are named {twice}; submit them one after the other.")
    return found


def locales_of(source: str, target: str) -> tuple[Locale, Locale]:
    """The languages that were named.

    Raises:
        InvalidLocaleError: one is no language tag, or is not registered; the message says what was
            perhaps meant.
        InputRefusedError: they are the same.
    """
    from dragoman_linguistics.registry import require_registered  # slow to import

    locales = Locale(source), Locale(target)
    for each in locales:
        require_registered(each)
    if locales[0] == locales[1]:
        raise InputRefusedError(
            f"--source and --target are both {locales[0]}; choose another language to translate into."
        )
    return locales


def require_writable(inputs: Iterable[Input]) -> None:
    """Return where each result can be written. Nothing is left of the trial.

    Raises:
        InputRefusedError: a folder cannot be made or written to, or a folder stands where a file
            must.
    """
    inputs = list(inputs)
    for each in inputs:
        if each.output.is_dir():
            raise InputRefusedError(
                f"{each.output} is a folder, but a result must have this name; "
                "choose another --out, or move the folder."
            )
    for folder in dict.fromkeys(each.output.parent for each in inputs):
        there = next(each for each in (folder, *folder.parents) if each.exists())
        if not there.is_dir():
            raise InputRefusedError(f"{there} is a file; name a folder for the results with --out.")
        try:
            with TemporaryDirectory(prefix=".dragoman-", dir=there):
                pass
        except OSError as error:
            raise InputRefusedError(
                f"Results cannot be written into {there}: {error.strerror}. "
                "Get the right to write there, or choose another --out."
            ) from error


def _require_folder(out: Path, count: int) -> None:
    """Refuse a file's name for what must be a folder."""
    if out.is_dir() or out.suffix.lower() not in _FILE_SUFFIXES:
        return
    if count == 1 and out.suffix.lower() not in SUFFIXES:
        raise InputRefusedError(
            f"{out} names a {out.suffix} file, but a result is a Word document: "
            f"name it {out.with_suffix('.docx').name}, or name a folder."
        )
    raise InputRefusedError(
        f"{out} is one name for {count} result{'' if count == 1 else 's'}; "
        "name a folder with --out, where each keeps its own name."
    )


def _files(path: Path) -> list[tuple[Path, str]]:
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise InputRefusedError(f"{path} is not there; name a DOCX file or a folder of them.")
    return documents_in(path)


def documents_in(path: Path) -> list[tuple[Path, str]]:
    """The documents in a folder and below it, with their names from there, in a stable order.

    Raises:
        InputRefusedError: there is none.
    """
    inside = sorted(each for each in path.rglob("*") if _is_document(each))
    if not inside:
        raise InputRefusedError(f"{path} holds no DOCX file.")
    return [(each, each.relative_to(path).as_posix()) for each in inside]


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("~$") and path.is_file()


def _require_distinct(inputs: Iterable[Input]) -> None:
    sources = {each.path.resolve() for each in inputs}
    taken: set[Path] = set()
    for each in inputs:
        output = each.output.resolve()
        if output in sources:
            raise InputRefusedError(f"{each.output} is a source; choose another output folder.")
        if output in taken:
            raise InputRefusedError(
                f"Two files would become {each.output}; translate them one after the other."
            )
        taken.add(output)
