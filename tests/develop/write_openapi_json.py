"""Write `docs/reference/openapi.json` from the gateway's routes:
`python tests/develop/write_openapi_json.py`.
"""

import json
from pathlib import Path

from dragoman_gateway.app import openapi_document

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


def openapi_json() -> str:
    """The document as the routes say it should be."""
    return json.dumps(openapi_document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(openapi_json(), encoding="utf-8")
