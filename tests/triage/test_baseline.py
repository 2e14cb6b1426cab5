"""The baseline: an additive score that can be retraced, and what follows from it."""

import random
from decimal import Decimal

import pytest

from tests.triage.build import JEWELLER, a_habit, a_past, an_event, features_from, random_features
from triage import baseline
from triage.codes import CATALOGUE, EXCULPATORY, SIGNALS
from triage.features import Features
from triage.models import Channel
from triage.policy import FLOOR, SEVERITY, Verdict, raised, verdict

ORDINARY = features_from(an_event(), a_habit(an_event(), days=60))


def a_theft() -> Features:
    """Near midnight, fifteen times the usual amount, the fourth payment within the hour."""
    event = an_event(
        at=an_event().at.replace(hour=23),
        amount=Decimal(900),
        merchant_id=JEWELLER,
        category="jewellery",
        channel=Channel.CARD_NOT_PRESENT,
        latitude=None,
        longitude=None,
    )
    habit = a_habit(an_event(), days=60, category="grocery")
    return features_from(event, [*habit, *(a_past(event, hours=0.9 - n / 5, amount=Decimal(700)) for n in range(3))])


def test_an_ordinary_payment_is_cleared():
    score = baseline.score(ORDINARY)
    assert score.decision == Verdict.CLEAR
    assert {"usual_amount", "usual_hour", "known_merchant"} == set(score.points)
    assert score.confidence > Decimal("0.95")


def test_a_theft_is_blocked():
    score = baseline.score(a_theft())
    assert score.decision == Verdict.BLOCK
    assert {"amount_out_of_pattern", "velocity", "spending_burst"} <= set(score.points)


def test_every_code_has_a_weight_of_the_right_sign():
    assert set(baseline.WEIGHTS) == set(CATALOGUE)
    for code in SIGNALS:
        weight = baseline.WEIGHTS[code.code]
        assert weight.at_rule > 0
        assert weight.per_doubling >= 0
    assert all(baseline.WEIGHTS[code.code].at_rule < 0 for code in EXCULPATORY)


def test_each_point_of_risk_belongs_to_a_code_that_holds():
    dice = random.Random(1)
    for _ in range(200):
        features = random_features(dice)
        score = baseline.score(features)
        assert set(score.points) == {code.code for code in CATALOGUE.values() if code.holds(features)}
        assert {code.code for code in score.codes} == set(score.points)


def test_a_larger_amount_never_lowers_the_risk():
    habit = a_habit(an_event(), days=60)
    risks = [
        baseline.score(features_from(an_event(amount=Decimal(amount)), habit)).risk
        for amount in (60, 95, 150, 200, 400, 800, 1600, 10**9)
    ]
    assert risks == sorted(risks)


def test_a_customer_without_history_is_never_cleared():
    score = baseline.score(features_from(an_event()))
    assert "insufficient_history" in score.points
    assert score.decision == Verdict.REVIEW


def test_the_calibration_rises_with_the_risk_and_covers_all_of_it():
    bands = baseline.CALIBRATION
    assert bands[0].risk_from == 0
    assert [band.share for band in bands] == sorted(band.share for band in bands)
    assert [band.risk_from for band in bands] == sorted({band.risk_from for band in bands})
    assert {FLOOR[decision] for decision in SEVERITY} <= {band.risk_from for band in bands}


def test_confidence_is_the_measured_share():
    assert baseline.confidence_in(Verdict.BLOCK, 99) == Decimal("0.714")
    assert baseline.confidence_in(Verdict.CLEAR, 0) == Decimal("0.993")
    assert baseline.confidence_in(Verdict.REVIEW, 30) == Decimal("0.822")


def test_the_headline_names_the_strongest_signals():
    theft = a_theft()
    codes = baseline.score(theft).codes
    assert baseline.headline(codes, theft).count(" · ") == 2
    assert len(baseline.headline(codes, theft)) <= 200
    assert baseline.headline(baseline.score(ORDINARY).codes, ORDINARY) == "Usual amount · Usual hour · Known merchant"


def test_every_sentence_of_the_summary_is_a_claims():
    theft = a_theft()
    codes = baseline.score(theft).codes
    rest = baseline.summary(codes, theft)
    for code in codes:
        rest = rest.replace(f"{code.label}: {code.facts(theft)}", "")
    assert rest.strip() == ""


@pytest.mark.parametrize(
    ("risk", "signals", "enough", "expected"),
    [
        (9, [], True, "clear"),
        (9, [], False, "review"),
        (10, [], True, "review"),
        (64, ["a"], True, "review"),
        (65, ["a"], True, "escalate"),
        (94, ["a", "b"], True, "escalate"),
        (95, ["a"], True, "escalate"),
        (95, ["a", "b"], True, "block"),
    ],
)
def test_the_decision_follows_from_risk_signals_and_history(risk, signals, enough, expected):
    assert verdict(risk=risk, signals=signals, enough_history=enough) == expected


@pytest.mark.parametrize("own", SEVERITY)
@pytest.mark.parametrize("said", SEVERITY)
@pytest.mark.parametrize("signals", [[], ["a"], ["a", "b"]])
def test_a_model_never_lowers_and_raises_only_with_evidence(own, said, signals):
    result = raised(least=own, said=said, signals=signals)
    assert result.severity >= own.severity
    assert result.severity <= max(own.severity, said.severity)
    if not signals:
        assert result == own
    if len(signals) == 2:
        assert result.severity == max(own.severity, said.severity)
    if len(signals) == 1 and own != Verdict.BLOCK:
        assert result != Verdict.BLOCK
