"""What triage answers: the baseline's own answer, or a model's after every claim in it was checked. Pure functions."""

import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from fintech_ai.cases.capability import ClaimDraft, RecommendationDraft
from fintech_ai.cases.models import Author
from fintech_ai.gateway.requests import Completion
from triage import baseline, policy
from triage.codes import CATALOGUE, CATALOGUE_VERSION, Kind, typologies_of
from triage.codes.missing import missing_from
from triage.codes.system import (
    MODEL_MORE_LENIENT,
    MODEL_UNAVAILABLE,
    MODEL_WITHOUT_EVIDENCE,
    NOTES_NOT_READ,
    NOTES_RAISED,
    UNTRUSTED_TEXT,
)
from triage.evidence import (
    Quote,
    checked,
    checked_typology,
    evidence_notices,
    leans_on_record,
    noticed,
    recomputed,
    recomputed_typology,
)
from triage.features import FEATURES_VERSION, Features
from triage.policy import FLOOR, Verdict
from triage.schemas import NotesAnswer, ReasonGiven, TriageAnswer, TypologyGiven
from triage.scoring.model import Chance

NO_PROVIDER = "no_provider"


def from_baseline(
    features: Features,
    *,
    as_of: datetime,
    degraded_reason: str,
    has_notes: bool = False,
    chance: Chance | None = None,
) -> RecommendationDraft:
    """The baseline's answer. `degraded_reason` says why no model gave one; `chance` is that of a trained model."""
    score = _score(features, chance)
    claims = _in_order([*_own_claims(score, features), *_own_typologies(features)])
    claims += _of_evidence(features, has_notes=has_notes)
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
        inputs=_inputs(features, score, as_of, chance),
        made_by=Author.BASELINE,
        missing=baseline.missing(features),
        degraded_reason=degraded_reason,
    )


def could_be_raised(features: Features, *, chance: Chance | None = None) -> bool:
    """Whether any answer of a model could raise the decision: there is room, and a signal that bears it out."""
    score = _score(features, chance)
    signals = (code for code in CATALOGUE.values() if code.kind == Kind.SIGNAL and code.holds(features))
    return score.decision != Verdict.BLOCK and any(signals)


def from_model(
    answer: TriageAnswer,
    features: Features,
    *,
    as_of: datetime,
    call_id: uuid.UUID,
    prompt_version: str,
    has_notes: bool = False,
    notes: Completion[NotesAnswer] | None = None,
    chance: Chance | None = None,
) -> RecommendationDraft:
    """The model's answer, checked: what it cannot bear out is kept as unsupported and used for nothing.

    The decision is at least as severe as the baseline's, or as that of the `chance` of a trained model where there is
    one. The confidence is the measured one at that risk, since what a language model says of its own certainty has not
    been measured.

    `notes` is what the model said after reading the alert's notes too, which anybody may have written: it can only
    raise the decision further, by signals that hold, and none of its words is shown. None if it was not asked.
    """
    score = _score(features, chance)
    claims = _checked_claims(answer.reason_codes, score, features) + _checked_typologies(answer.typologies, features)
    supported = {claim.code: claim for claim in claims if claim.supported}
    said = Verdict(answer.decision)
    by_features = policy.raised(least=score.decision, said=said, signals=_signals(supported.values()))
    decision, heard, notices = _with_notes(notes, by_features, score, features)
    claims += [claim for claim in heard if claim.code not in supported]
    claims += _own_claims(score, features, but={*supported, *(claim.code for claim in heard)})
    claims += _own_typologies(features, but=supported)
    sentences = [
        " ".join(sentence.text.split())
        for sentence in answer.summary
        if leans_on_record(sentence.text, set(sentence.codes), supported)
    ]
    told = {missing.sentence for missing in missing_from(features) if missing.code in answer.missing}
    inputs = _inputs(features, score, as_of, chance)
    inputs["model"] = {
        "decision": said,
        "confidence": answer.confidence,
        "sentences": len(answer.summary),
        "sentences_used": len(sentences),
    }
    if notes:
        inputs["notes"] = _what_notes_did(notes, heard)
    return RecommendationDraft(
        decision=decision,
        confidence=baseline.confidence_in(decision, score.risk, chance=score.chance),
        risk=max(score.risk, FLOOR[decision]),
        headline=baseline.headline(score.codes, features),
        summary=" ".join(sentences) or baseline.summary(score.codes, features),
        claims=(
            *_in_order(claims),
            *_of_evidence(features, has_notes=has_notes),
            *_notices(said, by_features, score.decision),
            *notices,
        ),
        inputs=inputs,
        made_by=Author.MODEL,
        missing=tuple(sentence for sentence in baseline.missing(features) if not told or sentence in told),
        model_call_id=call_id,
        prompt_version=prompt_version,
    )


def _with_notes(
    notes: Completion[NotesAnswer] | None, least: Verdict, score: baseline.Score, features: Features
) -> tuple[Verdict, list[ClaimDraft], list[ClaimDraft]]:
    """The decision after the notes, the signals that raised it, and what is said of it. No other code is kept."""
    if notes is None:
        return least, [], []
    if notes.value is None:
        reason = notes.degraded_reason.replace("_", " ")
        return least, [], [noticed(NOTES_NOT_READ, f"The model did not read the notes ({reason}).")]
    checked_claims = _checked_claims(notes.value.reason_codes, score, features)
    signals = [claim for claim in checked_claims if claim.supported and claim.kind == Kind.SIGNAL]
    decision = policy.raised(least=least, said=Verdict(notes.value.decision), signals=_signals(signals))
    if decision == least:
        return least, [], []
    sentence = f"After reading the notes the model said {notes.value.decision}; the record bears out {decision}."
    return decision, list({claim.code: claim for claim in signals}.values()), [noticed(NOTES_RAISED, sentence)]


def _what_notes_did(notes: Completion[NotesAnswer], heard: list[ClaimDraft]) -> dict[str, Any]:
    """For the record: the call, what it said, and how many of its codes counted."""
    return {
        "call_id": str(notes.call_id) if notes.call_id else None,
        "prompt_version": notes.prompt_version,
        "degraded_reason": notes.degraded_reason,
        "decision": notes.value.decision if notes.value else None,
        "codes": len(notes.value.reason_codes) if notes.value else 0,
        "codes_used": len(heard),
    }


def _signals(claims: Iterable[ClaimDraft]) -> set[str]:
    """The codes of the supported signals."""
    return {claim.code for claim in claims if claim.supported and claim.kind == Kind.SIGNAL}


def _checked_claims(reasons: Iterable[ReasonGiven], score: baseline.Score, features: Features) -> list[ClaimDraft]:
    """The model's reason codes, each checked once; a repetition adds nothing."""
    quotes = {
        (reason.code, tuple(sorted((quoted.name, quoted.value) for quoted in reason.features))): None
        for reason in reasons
    }
    return [
        checked(Quote(code, dict(quoted)), features, claimed_by=Author.MODEL, points=score.points.get(code, 0))
        for code, quoted in quotes
    ]


def _checked_typologies(typologies: Iterable[TypologyGiven], features: Features) -> list[ClaimDraft]:
    """The model's typologies, each checked once; a repetition adds nothing."""
    told = {(typology.code, tuple(dict.fromkeys(typology.signals))): None for typology in typologies}
    return [checked_typology(code, signals, features, claimed_by=Author.MODEL) for code, signals in told]


def _own_typologies(features: Features, *, but: Iterable[str] = ()) -> list[ClaimDraft]:
    """The typologies that the record bears out, beside what the model said already."""
    return [
        recomputed_typology(typology, features, claimed_by=Author.BASELINE)
        for typology in typologies_of(features)
        if typology.code not in but
    ]


def _of_evidence(features: Features, *, has_notes: bool) -> list[ClaimDraft]:
    """What is to be said of the evidence as a whole, and of text that strangers may have written."""
    notices = evidence_notices(features)
    if has_notes:
        sentence = "Notes came with the alert. Anybody may have written them: they are no evidence and lower nothing."
        notices.append(noticed(UNTRUSTED_TEXT, sentence))
    return notices


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


def _score(features: Features, chance: Chance | None) -> baseline.Score:
    return baseline.score(features, chance=chance.probability if chance else None)


def _inputs(features: Features, score: baseline.Score, as_of: datetime, chance: Chance | None) -> dict[str, Any]:
    """All that the answer rests on, so that it can be recomputed."""
    inputs = {
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
    if chance:
        inputs["scoring"] = asdict(chance)
    return inputs
