"""Pages from templates, and the files they load: everything escaped, no inline script,
nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

STATIC_PATH = "/console/static"
# Nothing inline and nothing from elsewhere: text of documents is on every page (CSP level 3).
_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_PACKAGE = "dragoman_gateway"
_DIGEST_LENGTH = 12
_FOLDER_DIGEST = re.compile(rf"@[0-9a-f]{{{_DIGEST_LENGTH}}}/")
_AREAS = sorted(
    each.name for each in files(_PACKAGE).iterdir() if each.joinpath("templates").is_dir()
)
_templates = Environment(
    loader=PrefixLoader({area: PackageLoader(_PACKAGE, f"{area}/templates") for area in _AREAS}),
    autoescape=True,
    undefined=StrictUndefined,  # a misspelt name is an error, not an empty page
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, status_code: int = 200, **context: object) -> HTMLResponse:
    """A page as an answer, under a strict content security policy.
    `template` names its area: `jobs/job.html`.
    """
    defaults: dict[str, object] = {
        "principal": None,
        "csrf_token": "",
        "section": "",
        "notice": "",
        "asset": asset,
        "modules": modules,
    }
    html = _templates.get_template(template).render({**defaults, **context})
    return HTMLResponse(html, status_code, headers=_HEADERS)


@cache
def asset(name: str) -> str:
    """The address of a file with the digest of its content,
    so that browsers may keep it for ever.
    """
    digest = hashlib.sha256(_static(name).read_bytes()).hexdigest()[:_DIGEST_LENGTH]
    return f"{STATIC_PATH}/{name}?v={digest}"


@cache
def modules(folder: str) -> dict[str, str]:
    """The addresses of a folder's files by name, such as `main.js`, in the order of their names.

    A module names those that it imports by relative addresses, which leave a query out: so the
    digest, of all files of the folder, stands in the path, and modules of two versions never meet.
    """
    found = sorted(
        (each for each in _static(folder).iterdir() if each.is_file()), key=lambda each: each.name
    )
    content = hashlib.sha256()
    for each in found:
        content.update(each.name.encode() + b"\0" + each.read_bytes() + b"\0")
    base = f"{STATIC_PATH}/{folder}@{content.hexdigest()[:_DIGEST_LENGTH]}"
    return {each.name: f"{base}/{each.name}" for each in found}


def asset_response(name: str) -> Response:
    """One of the console's files.

    Raises:
        HTTPException: there is none of this name.
    """
    suffix = name[name.rfind(".") :]
    found = _static(_FOLDER_DIGEST.sub("/", name))
    if suffix not in _MEDIA_TYPES or not found.is_file():
        raise HTTPException(404)
    folder, is_versioned, _ = name.partition("@")
    # Replicas of two versions may serve one page: what is of another version is kept by nobody.
    is_other = is_versioned and f"{STATIC_PATH}/{name}" not in modules(folder).values()
    headers = {
        "Cache-Control": "no-store" if is_other else "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found.read_bytes(), media_type=_MEDIA_TYPES[suffix], headers=headers)


def _static(name: str) -> Traversable:
    parts = name.split("/")
    if any(part in {"", ".", ".."} or "\\" in part for part in parts):
        raise HTTPException(404)
    return files(_PACKAGE).joinpath("static", *parts)
