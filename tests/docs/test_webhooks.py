"""The receiver's code on the page of webhooks verifies what is sent, and nothing else."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from docs.pages import ROOT
from dragoman_gateway.webhooks.rules import headers_of

_PAGE = (ROOT / "docs/use/webhooks.md").read_text(encoding="utf-8")
_SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
_OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
_BODY = '{"type":"job.completed","data":{"file_name":"Verträge.docx"}}'.encode()


def _is_genuine() -> Callable[[dict[str, str], bytes, str], bool]:
    """The function of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own example
    return cast("Callable[[dict[str, str], bytes, str], bool]", names["is_genuine"])


def test_the_example_takes_what_was_signed_now_with_its_secret_or_with_both() -> None:
    is_genuine, now = _is_genuine(), datetime.now(UTC)
    assert is_genuine(headers_of("m1", now, _BODY, [_SECRET]), _BODY, _SECRET)
    both = headers_of("m1", now, _BODY, [_OTHER, _SECRET])
    assert is_genuine(both, _BODY, _SECRET)
    assert is_genuine(both, _BODY, _OTHER)


def test_the_example_refuses_another_secret_body_id_and_time() -> None:
    is_genuine, now = _is_genuine(), datetime.now(UTC)
    headers = headers_of("m1", now, _BODY, [_SECRET])
    assert not is_genuine(headers, _BODY, _OTHER)
    assert not is_genuine(headers, _BODY + b" ", _SECRET)
    assert not is_genuine(headers | {"webhook-id": "m2"}, _BODY, _SECRET)
    old = headers_of("m1", now - timedelta(minutes=6), _BODY, [_SECRET])
    assert not is_genuine(old, _BODY, _SECRET)
