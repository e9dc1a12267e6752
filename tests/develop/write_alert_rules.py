"""Write the alert rules of `docs/operate/observe.md` as files: `python tests/develop/write_alert_rules.py`.

One for Prometheus, and one for its operator on Kubernetes.
"""

import re
from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "operate" / "observe.md"
RULES = _ROOT / "deploy" / "prometheus" / "dragoman.rules.yml"
PROMETHEUS_RULE = _ROOT / "deploy" / "kubernetes" / "components" / "observed" / "rules.yaml"

_HEAD = (
    "# Written by tests/develop/write_alert_rules.py from docs/operate/observe.md; change that.\n"
)
_BLOCK = re.compile(r"^```yaml\n(groups:.*?)^```", re.MULTILINE | re.DOTALL)


def rules() -> str:
    """The rules, as Prometheus reads them."""
    block = _BLOCK.search(_PAGE.read_text(encoding="utf-8"))
    if block is None:
        raise SystemExit(f"{_PAGE} has no block of rules")
    return _HEAD + block[1]


def prometheus_rule() -> str:
    """The same as an object of the Prometheus operator."""
    made = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "dragoman"},
        "spec": yaml.safe_load(rules()),
    }
    return _HEAD + yaml.safe_dump(made, sort_keys=False, width=120, allow_unicode=True)


if __name__ == "__main__":
    for path, text in ((RULES, rules()), (PROMETHEUS_RULE, prometheus_rule())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
