"""Whether outputs are as valid as their sources: `python -m documents.validity --corpus FOLDER`,
run in `tests`.

Every document is translated letter by letter into each locale, and source and output are held
against the schema and the semantic rules of the Open XML SDK, as `openxml-audit` carries them
(`pip install openxml-audit`). A kind of error that the output has more often than its source is our
fault, and printed; the exit status is then 1.
"""

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from documents.translations import documents_in, translated

Kind = tuple[str, str, str]
"""A kind of error: its type, the part it is in,
and its text with what differs between two languages left out.
"""

_QUOTED = re.compile(r"'[^']*[^\x00-\x7f][^']*'")


def kinds(path: Path) -> Counter[Kind]:
    """How often each kind of error is in a file."""
    audit: Any = import_module("openxml_audit")
    # one validator for each file: it remembers parts of the file before
    validator = audit.OpenXmlValidator(file_format=audit.FileFormat.MICROSOFT_365, max_errors=0)
    found = validator.validate(str(path)).errors
    return Counter(
        (
            error.error_type.value,
            error.part_uri,
            f"{error.node or ''}: {_QUOTED.sub('…', error.description)}",
        )
        for error in found
    )


def examined(path: Path, locales: tuple[str, ...]) -> tuple[str, int, dict[str, Counter[Kind]]]:
    """The file's name, how many errors it has, and what each translation has beyond them."""
    own = kinds(path)
    more: dict[str, Counter[Kind]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for locale in locales:
            output = Path(folder) / f"{locale}.docx"
            output.write_bytes(translated(path.read_bytes(), locale))
            more[locale] = kinds(output) - own
    return path.name, own.total(), more


def run(corpus: Path, locales: tuple[str, ...]) -> Iterator[str]:
    """Examine all documents, and print the table; yields a line for each new error."""
    paths = documents_in(corpus)
    with_errors = total = 0
    new: Counter[str] = Counter()
    with ProcessPoolExecutor(2) as pool:
        for name, count, more in pool.map(partial(examined, locales=locales), paths):
            with_errors += bool(count)
            total += count
            for locale, found in more.items():
                new[locale] += found.total()
                for (kind, part, text), number in found.items():
                    yield f"{name} -> {locale}: {number} x [{kind}] {part} {text}"
    sys.stdout.write(f"{len(paths)} sources: {with_errors} with errors, {total} errors\n")
    for locale in locales:
        sys.stdout.write(f"in {locale}: {new[locale]} errors that the source has not\n")


def main() -> None:
    """Print what outputs have that sources have not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--locale", action="append", default=[])
    arguments = parser.parse_args()
    faults = 0
    for line in run(arguments.corpus, tuple(arguments.locale) or ("ru", "he")):
        faults += 1
        sys.stdout.write(line + "\n")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
