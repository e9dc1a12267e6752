"""Write `docs/reference/asyncapi.yaml`, and the gateway's copy:
`python tests/develop/write_asyncapi_yaml.py`.
"""

from pathlib import Path

import yaml

from dragoman_runtime.bus.asyncapi import asyncapi_document

_ROOT = Path(__file__).parents[2]
DOCUMENT = _ROOT / "docs" / "reference" / "asyncapi.yaml"
SERVED = _ROOT / "services" / "gateway" / "src" / "dragoman_gateway" / "web" / "asyncapi.yaml"

_HEAD = (
    "# Written by `python tests/develop/write_asyncapi_yaml.py` from the contracts; change those.\n"
)


def asyncapi_yaml() -> str:
    """The document as broker and contracts say it should be. Sorted:
    FastStream keeps its subscribers in a set.
    """
    return _HEAD + yaml.safe_dump(
        asyncapi_document(), allow_unicode=True, sort_keys=True, width=120
    )


if __name__ == "__main__":
    for path in (DOCUMENT, SERVED):
        path.write_text(asyncapi_yaml(), encoding="utf-8")
