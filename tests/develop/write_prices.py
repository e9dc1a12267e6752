"""Write `vendor/prices.json` of `dragoman_models` from the package genai-prices: `make prices`.

The package is not installed with Dragoman: it brings an HTTP library of its own, and reads 1.6 MB
of Python to know a price.
"""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "libs/models/src/dragoman_models/vendor/prices.json"
_FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
# Sold by no API that clients of ours speak, or not by the token.
_LEFT_OUT = frozenset({"aws", "cursor", "elevenlabs", "github-copilot", "openai-decisions"})
_OPERATORS = {
    "equals": "=",
    "starts_with": "^",
    "ends_with": "$",
    "contains": "*",
    "regex": "~",
    "or_": "or",
    "and_": "and",
}


def prices_json() -> str:
    """The document as the installed package says it should be."""
    import genai_prices.data as snapshot  # pyright: ignore[reportMissingImports]

    found: Any = snapshot  # the package is not in the environment whose types are checked
    providers = [_provider(each) for each in found.providers if each.id not in _LEFT_OUT]
    document = {"source": f"genai-prices {version('genai-prices')}", "providers": providers}
    lines = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    return _compact(lines) + "\n"


def _provider(provider: Any) -> dict[str, Any]:
    models = [_model(each) for each in provider.models]
    return {
        "id": provider.id,
        "address": provider.api_pattern,
        "models": [each for each in models if each["prices"]],
    }


def _model(model: Any) -> dict[str, Any]:
    return {"match": _match(model.match), "prices": list(_prices(model.prices))}


def _match(clause: Any) -> dict[str, Any]:
    ((name, value),) = cast("dict[str, Any]", vars(clause)).items()
    known = _OPERATORS[name]
    return {known: value if isinstance(value, str) else [_match(each) for each in value]}


def _prices(prices: Any) -> Iterator[dict[str, str]]:
    """The prices by the day from which they hold. Of prices by the hour, the highest."""
    conditional = cast("list[Any]", prices) if isinstance(prices, list) else [prices]
    by_day: dict[date, dict[str, Decimal]] = {}
    for each in conditional:
        constraint = getattr(each, "constraint", None)
        start = getattr(constraint, "start_date", None) or date.min
        known = by_day.setdefault(start, {})
        for name, price in _plain(getattr(each, "prices", each)).items():
            known[name] = max(price, known.get(name, Decimal(0)))
    for start in sorted(by_day):
        plain = {name: str(price) for name, price in by_day[start].items()}
        if "input" in plain:
            yield plain if start == date.min else {"from": start.isoformat(), **plain}


def _plain(prices: Any) -> dict[str, Decimal]:
    """Prices of prompts of ordinary length, where long ones cost more."""
    found = {name: getattr(prices, field, None) for name, field in _FIELDS.items()}
    return {
        name: Decimal(getattr(price, "base", price))
        for name, price in found.items()
        if price is not None
    }


def _compact(text: str) -> str:
    """A line for each model."""
    document = json.loads(text)
    lines = [f'{{"source": {json.dumps(document["source"])}, "providers": [']
    for place, provider in enumerate(document["providers"]):
        head = {"id": provider["id"], "address": provider["address"]}
        lines.append(f'{json.dumps(head)[:-1]}, "models": [')
        models = [json.dumps(each, ensure_ascii=False) for each in provider["models"]]
        lines.append(",\n".join(models))
        lines.append("]}" if place == len(document["providers"]) - 1 else "]},")
    return "\n".join([*lines, "]}"])


if __name__ == "__main__":
    DOCUMENT.write_text(prices_json(), encoding="utf-8")
