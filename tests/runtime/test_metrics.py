"""Metrics: served to Prometheus, named after Dragoman, with labels of few values."""

import re

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from dragoman_runtime.telemetry import metrics
from runtime.programs import run
from servers.process import free_port

_PROGRAM = """
import urllib.request
from decimal import Decimal
metrics.WORK_PARKED_TOTAL.labels("extraction", "docx.encrypted").inc()
metrics.MODEL_TOKENS_TOTAL.labels("openai", "input").inc(1200)
metrics.count_cost("openai", "gpt-4o", Decimal("0.0125"), "USD")
metrics.count_cost("openai", "gpt-4o", Decimal("0.0025"), "USD")
metrics.count_cost("deepl", "", None, "")
metrics.STAGE_DURATION_SECONDS.labels("qa", "ok").observe(0.4)
metrics.RELAY_LAG_EVENTS.labels("store").set(17)
with urllib.request.urlopen(f"http://127.0.0.1:{os.environ['DRAGOMAN_METRICS_PORT']}/metrics") as answer:
    print(answer.read().decode())
"""


def test_metrics_are_served_on_the_port_of_the_settings() -> None:
    page = run(_PROGRAM, service="extract", metrics_port=str(free_port())).stdout
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert samples["dragoman_work_parked_total", "docx.encrypted", "extraction"] == 1
    assert samples["dragoman_model_tokens_total", "input", "openai"] == 1200
    assert samples["dragoman_model_cost_total", "USD", "gpt-4o", "openai"] == pytest.approx(0.015)
    assert samples["dragoman_model_unpriced_total", "", "deepl"] == 1
    assert samples["dragoman_stage_duration_seconds_count", "ok", "qa"] == 1
    assert samples["dragoman_relay_lag_events", "store"] == 17
    assert [key for key in samples if key[0] == "dragoman_build_info" and "extract" in key]


def test_the_port_is_free_again_after_the_shutdown() -> None:
    port = free_port()
    program = f"telemetry.shutdown()\nserve_metrics({port})()\nprint('free')"
    assert run(program, metrics_port=str(port)).stdout == "free\n"


def test_every_metric_is_named_after_dragoman_and_described() -> None:
    defined = {
        name: value
        for name, value in vars(metrics).items()
        if name.isupper() and not name.startswith("_")
    }
    families = {
        family.name: family for family in REGISTRY.collect() if family.name.startswith("dragoman_")
    }
    assert len(families) == len(defined)
    for name, family in families.items():
        assert re.fullmatch(r"dragoman_[a-z_]+", name)
        assert family.documentation.endswith(".")
