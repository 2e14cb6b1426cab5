"""What triage answers: the baseline's own answer, or a model's after every claim in it was checked. Pure functions."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fintech_ai.cases.capability import ClaimDraft, RecommendationDraft
from fintech_ai.cases.models import Author
from triage import baseline, policy
from triage.codes import CATALOGUE_VERSION, Kind
from triage.codes.missing import missing_from
from triage.codes.system import MODEL_MORE_LENIENT, MODEL_UNAVAILABLE, MODEL_WITHOUT_EVIDENCE
from triage.evidence import Quote, checked, leans_on_record, noticed, recomputed
from triage.features import FEATURES_VERSION, Features
from triage.policy import FLOOR, Verdict
from triage.schemas import TriageAnswer

NO_PROVIDER = "no_provider"


def from_baseline(features: Features, *, as_of: datetime, degraded_reason: str) -> RecommendationDraft:
    """The baseline's answer. `degraded_reason` says why no model gave one."""
    score = baseline.score(features)
    claims = _own_claims(score, features)
    if degraded_reason != NO_PROVIDER:
        reason = degraded_reason.replace("_", " ")
        claims.append(noticed(MODEL_UNAVAILABLE, f"No model answered ({reason}); the baseline did."))
    return RecommendationDraft(
        decision=score.decision,
        confidence=score.confidence,
        risk=score.risk,
        headline=baseline.headline(score.codes, features),
        summary=baseline.summary(score.codes, features),
        claims=tuple(claims),
        inputs=_inputs(features, score, as_of),
        made_by=Author.BASELINE,
        missing=baseline.missing(features),
        degraded_reason=degraded_reason,
    )


def from_model(
    answer: TriageAnswer, features: Features, *, as_of: datetime, call_id: uuid.UUID, prompt_version: str
) -> RecommendationDraft:
    """The model's answer, checked: what it cannot bear out is kept as unsupported and used for nothing.

    The decision is at least as severe as the baseline's. The confidence is the measured one at the baseline's risk,
    since what a model says of its own certainty has not been measured.
    """
    score = baseline.score(features)
    claims = _checked_claims(answer, score, features)
    supported = {claim.code: claim for claim in claims if claim.supported}
    signals = [claim.code for claim in supported.values() if claim.kind == Kind.SIGNAL]
    said = Verdict(answer.decision)
    decision = policy.raised(baseline=score.decision, said=said, signals=signals)
    claims += _own_claims(score, features, but=supported)
    sentences = [
        " ".join(sentence.text.split())
        for sentence in answer.summary
        if leans_on_record(sentence.text, set(sentence.codes), supported)
    ]
    told = {missing.sentence for missing in missing_from(features) if missing.code in answer.missing}
    inputs = _inputs(features, score, as_of)
    inputs["model"] = {
        "decision": said,
        "confidence": answer.confidence,
        "sentences": len(answer.summary),
        "sentences_used": len(sentences),
    }
    return RecommendationDraft(
        decision=decision,
        confidence=baseline.confidence_in(decision, score.risk),
        risk=max(score.risk, FLOOR[decision]),
        headline=baseline.headline(score.codes, features),
        summary=" ".join(sentences) or baseline.summary(score.codes, features),
        claims=(*_in_order(claims), *_notices(said, decision, score.decision)),
        inputs=inputs,
        made_by=Author.MODEL,
        missing=tuple(sentence for sentence in baseline.missing(features) if not told or sentence in told),
        model_call_id=call_id,
        prompt_version=prompt_version,
    )


def _checked_claims(answer: TriageAnswer, score: baseline.Score, features: Features) -> list[ClaimDraft]:
    """The model's reason codes, each checked once; a repetition adds nothing."""
    quotes = {
        (reason.code, tuple(sorted((quoted.name, quoted.value) for quoted in reason.features))): None
        for reason in answer.reason_codes
    }
    return [
        checked(Quote(code, dict(quoted)), features, claimed_by=Author.MODEL, points=score.points.get(code, 0))
        for code, quoted in quotes
    ]


def _own_claims(score: baseline.Score, features: Features, *, but: Iterable[str] = ()) -> list[ClaimDraft]:
    """What the baseline leans on, beside what the model said already."""
    return [
        recomputed(code, features, claimed_by=Author.BASELINE, points=score.points[code.code])
        for code in score.codes
        if code.code not in but
    ]


def _in_order(claims: list[ClaimDraft]) -> list[ClaimDraft]:
    """Supported before unsupported, signals before the rest, strong before weak."""
    kinds = list(Kind)
    return sorted(
        claims,
        key=lambda claim: (not claim.supported, kinds.index(claim.kind), -abs(claim.evidence.get("points", 0))),
    )


def _notices(said: Verdict, decision: Verdict, of_baseline: Verdict) -> list[ClaimDraft]:
    """Where the model's decision was not followed, and why."""
    if said.severity < of_baseline.severity:
        sentence = f"The model said {said}; the baseline says {of_baseline}, and the more severe one counts."
        return [noticed(MODEL_MORE_LENIENT, sentence)]
    if said != decision:
        sentence = f"The model said {said}; its supported signals carry no more than {decision}."
        return [noticed(MODEL_WITHOUT_EVIDENCE, sentence)]
    return []


def _inputs(features: Features, score: baseline.Score, as_of: datetime) -> dict[str, Any]:
    """All that the answer rests on, so that it can be recomputed."""
    return {
        "as_of": as_of.isoformat(),
        "features_version": FEATURES_VERSION,
        "catalogue_version": CATALOGUE_VERSION,
        "features": features.model_dump(mode="json"),
        "baseline": {
            "version": baseline.BASELINE_VERSION,
            "decision": score.decision,
            "risk": score.risk,
            "points": {code: round(points, 2) for code, points in score.points.items()},
        },
    }
