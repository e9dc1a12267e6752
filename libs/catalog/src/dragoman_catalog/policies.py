"""How a job's policy comes together: project, then language pair,
then what the request asked. Pure.
"""

from __future__ import annotations

from dragoman_catalog.quality import STORED
from dragoman_catalog.values import DomainPack, LanguagePair, PolicyOverrides, Project
from dragoman_contracts.policy import UNIT_RULES, Policy
from dragoman_linguistics import profile_named


def policy_for(
    project: Project,
    pair: LanguagePair | None,
    domain_pack: DomainPack,
    overrides: PolicyOverrides,
    *,
    installation_engine: str,
) -> Policy:
    """The policy a job of this project copies: the request goes before the pair, the pair before
    the domain pack, and that before the project.

    `pair` is None where the project takes pairs that were not entered. `installation_engine` is
    used where neither the request, the pair nor the project names an engine. A model goes with the
    engine it was chosen for: naming another engine without a model leaves the model to that engine.

    Raises:
        ValueError: the project or the pair names a QA profile that does not exist; the message says
            which do.
    """
    of_pair = _merged(_of_pack(domain_pack), pair.overrides if pair else PolicyOverrides())
    chosen = _merged(of_pair, overrides)
    settings = project.settings
    project_engine = settings.default_engine or installation_engine
    engine = chosen.engine or project_engine
    qa_profile, qa = chosen.qa_profile or settings.qa_profile, settings.qa | (chosen.qa or {})
    profile_named(qa_profile, qa)
    return Policy(
        unit_rules=UNIT_RULES,
        engine=engine,
        model=chosen.model or (settings.model if engine == project_engine else ""),
        batch_size=chosen.batch_size or settings.batch_size,
        domain_pack_code=domain_pack.code,
        qa_profile=qa_profile,
        extraction=settings.extraction | (chosen.extraction or {}),
        qa=qa,
        nonce=chosen.nonce or "",
        redaction=None if settings.redaction.is_empty else settings.redaction,
        fallbacks=settings.fallbacks if chosen.fallbacks is None else chosen.fallbacks,
        cost_cap=chosen.cost_cap,
        context_changed=chosen.context_changed or settings.context_changed,
        segmentation=settings.segmentation,
    )


def _of_pack(pack: DomainPack) -> PolicyOverrides:
    """The choices of a domain pack, as those of a language pair are said."""
    return PolicyOverrides.model_validate(
        {
            "engine": pack.engine or None,
            "model": pack.model or None,
            "qa_profile": pack.qa_profile or None,
            "qa": pack.qa,
        },
        context=STORED,
    )


def _merged(pair: PolicyOverrides, request: PolicyOverrides) -> PolicyOverrides:
    names_other_engine = request.engine is not None and request.engine != pair.engine
    under = pair.model_copy(update={"model": None}) if names_other_engine else pair
    switches = (under.extraction or {}) | (request.extraction or {})
    levels = (under.qa or {}) | (request.qa or {})
    named = {
        name: value
        for name in PolicyOverrides.model_fields
        if (value := getattr(request, name)) is not None
    }
    return under.model_copy(update=named | {"extraction": switches, "qa": levels})
