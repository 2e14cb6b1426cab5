"""What becomes of a model's answer: checked, never milder than the baseline, and honest about what was not followed."""

import uuid

import pytest

from tests.triage.build import NOW, a_habit, an_event, features_from
from tests.triage.test_baseline import ORDINARY, a_theft
from triage import baseline
from triage.answer import from_baseline, from_model
from triage.codes import CATALOGUE_VERSION
from triage.features import FEATURES_VERSION
from triage.policy import Verdict
from triage.schemas import TriageAnswer

CALL = uuid.uuid4()


def an_answer(**changes) -> TriageAnswer:
    fields = {"decision": "review", "confidence": 0.9, "reason_codes": [], "summary": [], "missing": []}
    return TriageAnswer.model_validate({**fields, **changes})


def a_reason(code: str, **quoted) -> dict:
    return {"code": code, "features": [{"name": name, "value": str(value)} for name, value in quoted.items()]}


def drafted(answer: TriageAnswer, features):
    return from_model(answer, features, as_of=NOW, call_id=CALL, prompt_version="triage.recommend-v1")


def codes(draft, *, supported: bool = True) -> set[str]:
    return {claim.code for claim in draft.claims if claim.supported is supported}


@pytest.mark.parametrize("said", ["clear", "review", "escalate"])
def test_a_model_that_says_less_is_overruled_and_that_is_said(said):
    draft = drafted(an_answer(decision=said), a_theft())
    assert draft.decision == Verdict.BLOCK
    assert draft.risk == baseline.score(a_theft()).risk
    assert "model_more_lenient" in codes(draft)
    assert draft.inputs["model"]["decision"] == said


def test_a_model_that_says_more_raises_with_evidence():
    features = features_from(an_event(ip_country="RO"), a_habit(an_event(), days=60))
    assert baseline.score(features).decision == Verdict.CLEAR
    answer = an_answer(decision="escalate", reason_codes=[a_reason("ip_country_mismatch", ip_country="RO")])
    draft = drafted(answer, features)
    assert draft.decision == Verdict.ESCALATE
    assert draft.risk == 65
    assert draft.made_by == "model"
    assert draft.confidence == 1 - baseline.score(features).confidence


def test_a_model_that_says_more_without_evidence_is_not_followed():
    answer = an_answer(decision="block", reason_codes=[a_reason("velocity", payments_1h=9), a_reason("moon_phase")])
    draft = drafted(answer, ORDINARY)
    assert draft.decision == Verdict.CLEAR
    assert "model_without_evidence" in codes(draft)
    assert codes(draft, supported=False) == {"velocity", "unknown_code"}


def test_one_signal_alone_does_not_block():
    features = features_from(an_event(ip_country="RO"), a_habit(an_event(), days=60))
    answer = an_answer(decision="block", reason_codes=[a_reason("ip_country_mismatch", ip_country="RO")])
    assert drafted(answer, features).decision == Verdict.ESCALATE


def test_what_the_model_left_out_is_still_claimed():
    draft = drafted(an_answer(decision="block"), a_theft())
    own = {claim.code: claim for claim in draft.claims}
    assert set(baseline.score(a_theft()).points) <= set(own)
    assert own["velocity"].evidence["claimed_by"] == "baseline"


def test_a_code_that_the_model_gives_twice_is_one_claim_and_a_second_story_another():
    twice = [a_reason("velocity", payments_1h=3), a_reason("velocity", payments_1h=3)]
    draft = drafted(an_answer(decision="block", reason_codes=twice), a_theft())
    assert [claim.code for claim in draft.claims].count("velocity") == 1
    draft = drafted(an_answer(decision="block", reason_codes=[*twice, a_reason("velocity", payments_1h=7)]), a_theft())
    assert sorted(claim.supported for claim in draft.claims if claim.code == "velocity") == [False, True]


def test_unsupported_claims_come_last_and_reach_neither_summary_nor_headline():
    lies = [a_reason("impossible_travel", travel_km=9000), a_reason("velocity", payments_1h=3)]
    summary = [
        {"text": "Two cities at once.", "codes": ["impossible_travel"]},
        {"text": "It followed 3 payments within the hour.", "codes": ["velocity"]},
        {"text": "There were 17 of them.", "codes": ["velocity"]},
        {"text": "Trust me.", "codes": []},
    ]
    draft = drafted(an_answer(decision="block", reason_codes=lies, summary=summary), a_theft())
    assert draft.claims[-1].code == "impossible_travel"
    assert draft.summary == "It followed 3 payments within the hour."
    assert "travel" not in draft.headline
    assert (draft.inputs["model"]["sentences"], draft.inputs["model"]["sentences_used"]) == (4, 1)


def test_without_a_sentence_that_holds_the_baselines_summary_stands():
    draft = drafted(an_answer(summary=[{"text": "All is well, 100%.", "codes": ["usual_amount"]}]), a_theft())
    assert draft.summary == baseline.summary(baseline.score(a_theft()).codes, a_theft())


def test_the_models_own_confidence_is_kept_but_not_shown():
    draft = drafted(an_answer(decision="block", confidence=1.0), a_theft())
    assert draft.inputs["model"]["confidence"] == 1.0
    assert draft.confidence == baseline.score(a_theft()).confidence


def test_what_is_not_missing_is_not_asked_for():
    draft = drafted(an_answer(missing=["place", "three_ds_result"]), a_theft())
    assert draft.missing == ("A 3-D Secure result.",)


def test_the_baseline_says_why_it_answered():
    draft = from_baseline(ORDINARY, as_of=NOW, degraded_reason="timeout")
    assert draft.made_by == "baseline"
    assert draft.degraded_reason == "timeout"
    assert "model_unavailable" in codes(draft)
    assert "model_unavailable" not in codes(from_baseline(ORDINARY, as_of=NOW, degraded_reason="no_provider"))


def test_the_inputs_are_json_and_versioned():
    inputs = from_baseline(a_theft(), as_of=NOW, degraded_reason="no_provider").inputs
    assert (inputs["features_version"], inputs["catalogue_version"]) == (FEATURES_VERSION, CATALOGUE_VERSION)
    assert inputs["features"]["amount"] == "900.00"
    assert inputs["as_of"] == NOW.isoformat()


def test_the_schema_names_what_exists_and_lets_an_invention_through_to_be_checked():
    schema = TriageAnswer.model_json_schema()
    assert "velocity" in str(schema)
    answer = an_answer(reason_codes=[a_reason("moon_phase", tide="high")])
    assert answer.reason_codes[0].code == "moon_phase"
