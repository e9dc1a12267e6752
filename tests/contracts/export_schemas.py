"""Write the JSON Schemas of the contracts to `docs/reference/schemas`, and take away those of names
that are gone.

Schemas of older versions of events stay as they were released: stored events are of them.

python -m contracts.export_schemas    (with `tests` on the path)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dragoman_contracts.schemas import json_schemas
from dragoman_contracts.upcasting import UPCASTERS

OLDER = frozenset(f"event.{name}.v{version}.json" for name, version in UPCASTERS)
FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


def rendered() -> dict[str, str]:
    """The text of every schema file by its name."""
    return {
        f"{stem}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for stem, schema in json_schemas().items()
    }


def export(folder: Path) -> None:
    """Make the folder hold the schemas of now and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    files = rendered()
    for path in folder.glob("*.json"):
        if path.name not in files.keys() | OLDER:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    export(FOLDER)
    sys.stdout.write(f"{len(rendered())} schemas in {FOLDER.name}\n")
