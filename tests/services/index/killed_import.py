"""An installation that imports a large file and is killed: `python -m services.index.killed_import FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.index.memory_site import memory_site, tmx

COUNT = 30_000


async def main(folder: Path) -> None:
    """Import until somebody kills this process."""
    async with memory_site(folder) as site:
        memory = await site.memory()
        pairs = [
            (f"Sentence number {n} of many.", f"Satz Nummer {n} von vielen.") for n in range(COUNT)
        ]
        answer = await site.admin.post(
            f"memories/{memory}/imports",
            files={"file": ("a.tmx", tmx(*pairs))},
            data={"source_language": "en", "target_language": "de"},
        )
        sys.stdout.write(f"{memory} {answer.json()['job_id']}\n")
        sys.stdout.flush()
        await site.rested(answer.json()["job_id"])
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
