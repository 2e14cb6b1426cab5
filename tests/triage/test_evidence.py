"""A claim is supported only if its rule recomputes and its numbers are the recorded ones."""

import random
from decimal import Decimal

import pytest

from tests.triage.build import a_habit, a_past, an_event, features_from, random_features
from triage import baseline
from triage.codes import CATALOGUE
from triage.evidence import Quote, checked, leans_on_record, recomputed
from triage.features import Features

EVENT = an_event(amount=Decimal("279"))
FEATURES = features_from(EVENT, a_habit(an_event(), days=41))


def claim(code: str, **quoted: str):
    return checked(Quote(code, quoted), FEATURES, claimed_by="model")


def test_a_true_claim_with_true_numbers_is_supported():
    made = claim("amount_out_of_pattern", ratio_to_median="4.65", median="60.00")
    assert made.supported
    assert made.finding == ""
    assert made.statement == "4.7× this customer's usual amount (median 60.00 USD, 41 payments in 90 days)."
    assert made.source == "FinCEN 8/812"


@pytest.mark.parametrize("told", ["4.65", "4.650", " 4.65", "04.65"])
def test_numbers_are_compared_by_value(told):
    assert claim("amount_out_of_pattern", ratio_to_median=told).supported


@pytest.mark.parametrize("told", ["4.6", "4.7", "46.5", "", "NaN", "four", "4,65", "-4.65", "1e400"])
def test_a_number_that_differs_is_not_supported(told):
    made = claim("amount_out_of_pattern", ratio_to_median=told)
    assert not made.supported
    assert "recorded is 4.65" in made.finding


def test_a_code_whose_rule_does_not_hold_is_answered_with_the_facts():
    event = an_event(latitude=40.35)
    features = features_from(event, [a_past(event, hours=9, latitude=40.71)])
    made = checked(Quote("impossible_travel", {"travel_km": "40"}), features, claimed_by="model")
    assert not made.supported
    assert made.finding == "The last card-present payment was 9 h earlier and 40 km away (4 km/h). Not used."


def test_an_invented_code_is_kept_and_never_supported():
    made = claim("moon_phase<script>" + "x" * 500, ratio_to_median="4.65")
    assert not made.supported
    assert made.code == "unknown_code"
    assert len(made.evidence["claimed_code"]) == 60


def test_a_claim_without_evidence_is_not_supported():
    assert not claim("amount_out_of_pattern").supported
    assert not claim("amount_out_of_pattern", hour="12").supported


def test_an_invented_feature_is_not_supported():
    assert not claim("amount_out_of_pattern", ratio_to_median="4.65", lies="12").supported


@pytest.mark.parametrize("seed", range(4))
def test_every_code_that_is_emitted_recomputes_from_what_is_stored(seed):
    """Random payments, through JSON and back as they are stored: each claim of the baseline is supported again."""
    dice = random.Random(seed)
    for _ in range(100):
        features = random_features(dice)
        score = baseline.score(features)
        stored = Features.model_validate_json(features.model_dump_json())
        assert baseline.score(stored) == score
        for code in score.codes:
            made = recomputed(code, features, claimed_by="baseline")
            again = checked(Quote(code.code, made.evidence["quoted"]), stored, claimed_by="baseline")
            assert made.supported, made.finding
            assert again == made


@pytest.mark.parametrize("seed", range(4))
def test_a_claim_is_never_supported_if_one_of_its_numbers_is_changed(seed):
    dice = random.Random(seed)
    for _ in range(100):
        features = random_features(dice)
        for code in CATALOGUE.values():
            made = recomputed(code, features, claimed_by="model")
            assert made.supported == code.holds(features)
            for name, value in made.evidence["quoted"].items():
                lie = {**made.evidence["quoted"], name: f"{value}1"}
                assert not checked(Quote(code.code, lie), features, claimed_by="model").supported


def test_a_sentence_may_say_only_what_its_claims_hold():
    supported = {"amount_out_of_pattern": claim("amount_out_of_pattern", ratio_to_median="4.65")}
    codes = {"amount_out_of_pattern"}
    assert leans_on_record("The amount is 4.65 times the median of 60.00 USD over 41 payments.", codes, supported)
    assert leans_on_record("It is far above what is usual.", codes, supported)
    assert not leans_on_record("It is 5 times the median.", codes, supported)
    assert not leans_on_record("It is far above what is usual.", set(), supported)
    assert not leans_on_record("It is far above what is usual.", {"new_device"}, supported)
    assert not leans_on_record("12 frauds before.", codes, supported)
