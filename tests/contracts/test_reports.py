"""Objects that older versions stored keep their bytes, and with them their digests."""

from __future__ import annotations

import pytest

from dragoman_contracts.model import Value, canonical_json, from_json
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import Cure, QaFinding, QaReport, Severity, VerificationResults

STORED: dict[type[Value], bytes] = {
    Policy: (
        b'{"batch_size":25,"domain_pack_code":"legal","engine":"pseudo","extraction":{},"model":"","nonce":"","qa":{},'
        b'"qa_profile":"default","unit_rules":2}'
    ),
    QaReport: (
        b'{"blocked_count":0,"findings_by_code":{"text.empty":1},"not_applicable":[],"passed_count":1,"review_count":0,'
        b'"unit_count":1,"verdict":"reassembly_pending"}'
    ),
    VerificationResults: (
        b'{"units":[{"findings":[{"code":"space.leading","end":1,"message":"A space.","severity":"warning","start":0}],'
        b'"unit_id":"u","verdict":"needs_review"}]}'
    ),
}


@pytest.mark.parametrize("type_", STORED, ids=lambda type_: type_.__name__)
def test_an_object_of_an_older_version_keeps_its_bytes(type_: type[Value]) -> None:
    assert canonical_json(from_json(type_, STORED[type_])) == STORED[type_]


def test_what_is_new_is_stored_and_comes_back() -> None:
    ref = ObjectRef(digest="a" * 64, size_bytes=1, media_type="application/json")
    policy = Policy(engine="pseudo", dismissals=ref)
    assert from_json(Policy, canonical_json(policy)) == policy
    found = QaFinding(code="x", severity=Severity.INFO, message="", cure=Cure.AUTOFIX)
    assert from_json(QaFinding, canonical_json(found)).cure is Cure.AUTOFIX
