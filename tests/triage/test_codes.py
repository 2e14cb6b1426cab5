"""The catalogue: every code recomputes, says its numbers, and has its published counterpart."""

import random

import pytest

from tests.triage.build import a_habit, a_past, an_event, features_from, random_features
from triage.codes import CATALOGUE, EXCULPATORY, SIGNALS
from triage.codes.missing import MISSING, missing_from
from triage.codes.published import published
from triage.features import Features
from triage.models import Channel

OTHER = {"EMV 3-D Secure 2.3"}

ORDINARY = an_event()
HABIT = a_habit(ORDINARY, days=40)
SHOP = {"channel": Channel.CARD_NOT_PRESENT, "latitude": None, "longitude": None}


def ordinary(**changes) -> Features:
    """The features of an ordinary payment after a long habit, some of them replaced."""
    return features_from(ORDINARY, HABIT).model_copy(update=changes)


# For each code: what just makes its rule hold, and what just does not.
EDGES = {
    "amount_out_of_pattern": ({"ratio_to_median": 3.0}, {"ratio_to_median": 2.99}),
    "amount_out_of_category": ({"ratio_to_category_median": 4.0}, {"ratio_to_category_median": 3.99}),
    "amount_above_range": ({"percentile_99": 59}, {"percentile_99": 60}),
    "new_category": ({"category_payments": 0}, {"category_payments": 1}),
    "velocity": ({"payments_1h": 3}, {"payments_1h": 2}),
    "spending_burst": ({"payments_24h": 1, "amount_24h": 240}, {"payments_24h": 1, "amount_24h": 239}),
    "unusual_hour": ({"hour_share": 4.0}, {"hour_share": 4.1}),
    "merchant_risk": (
        {"merchant_fraud_share": 10.0, "merchant_frauds": 3},
        {"merchant_fraud_share": 50.0, "merchant_frauds": 2},
    ),
    "recent_fraud_on_customer": ({"frauds_30d": 1}, {"frauds_30d": 0}),
    "new_device": ({"device_is_new": True, "known_devices": 1}, {"device_is_new": None}),
    "shared_device": ({"device_customers": 3}, {"device_customers": 2}),
    "linked_to_fraud": ({"device_frauds": 1}, {"device_frauds": 0}),
    "impossible_travel": (
        {"travel_km": 900, "travel_hours": 1.0, "travel_kmh": 900},
        {"travel_km": 399, "travel_hours": 0.1, "travel_kmh": 3990},
    ),
    "far_from_home": ({"home_km": 500}, {"home_km": 499}),
    "new_country": ({"country_is_new": True}, {"country_is_new": None}),
    "ip_country_mismatch": ({"ip_country": "RO", "ip_country_differs": True}, {"ip_country_differs": None}),
    "authentication_failed": ({"three_ds": "failed"}, {"three_ds": "attempted"}),
    "stripe_fallback": ({"entry_mode": "magnetic_stripe"}, {"entry_mode": "magnetic_stripe", "chip_payments": 0}),
    "new_payee": ({"rail": "instant", "merchant_visits": 0}, {"rail": "card", "merchant_visits": 0}),
    "round_amount": ({"is_round": True, "channel": "card_not_present"}, {"is_round": True, "channel": "cash_machine"}),
    "usual_amount": ({"ratio_to_median": 1.5}, {"ratio_to_median": 1.51}),
    "usual_hour": ({"hour_share": 12.5}, {"hour_share": 12.4}),
    "known_merchant": ({"merchant_visits": 3}, {"merchant_visits": 2}),
    "known_device": ({"device_age_days": 30, "device_frauds": 0}, {"device_age_days": 30, "device_frauds": 1}),
    "authenticated": ({"three_ds": "authenticated"}, {"three_ds": ""}),
    "insufficient_history": ({"payments_90d": 9}, {"payments_90d": 10}),
}


def test_every_code_has_its_edges_tested():
    assert set(EDGES) == set(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE.values(), ids=lambda code: code.code)
def test_a_rule_holds_on_its_edge_and_not_beyond(code):
    holding, failing = EDGES[code.code]
    assert code.holds(ordinary(**holding))
    assert not code.holds(ordinary(**failing))


@pytest.mark.parametrize("code", CATALOGUE.values(), ids=lambda code: code.code)
def test_a_rule_reads_only_the_features_that_it_names(code):
    """What a claim shows as evidence is all that its rule depends on."""
    dice = random.Random(code.code)
    for _ in range(50):
        one, other = random_features(dice), random_features(dice)
        same = one.model_copy(
            update={name: getattr(other, name) for name in Features.model_fields if name not in code.reads}
        )
        assert code.holds(one) == code.holds(same)


@pytest.mark.parametrize("code", CATALOGUE.values(), ids=lambda code: code.code)
def test_it_says_its_numbers_in_a_sentence_whatever_is_known(code):
    dice = random.Random(code.code)
    nothing = features_from(an_event(**SHOP, country="", home_country="", entry_mode="", category=""))
    for features in (nothing, *(random_features(dice) for _ in range(60))):
        sentence = code.facts(features)
        assert sentence.endswith(".")
        assert "None" not in sentence
        assert len(sentence) <= 250
        if code.holds(features):
            assert 0 < len(code.brief(features)) <= 60


def test_every_signal_names_a_published_counterpart_that_exists():
    for code in SIGNALS:
        assert published(code.source), code.code
        assert all(counterpart.name for counterpart in published(code.source)), code.code
    assert {code.source for code in EXCULPATORY} <= OTHER | {""}


def test_codes_and_what_they_read_exist():
    for name, code in CATALOGUE.items():
        assert name == code.code
        assert set(code.reads) <= set(Features.model_fields)
        assert code.why.endswith(".")


def test_an_impossible_journey_is_told_with_its_numbers():
    event = an_event(latitude=51.47, longitude=-0.45)
    features = features_from(event, [a_past(event, hours=2, latitude=40.64, longitude=-73.78)])
    code = CATALOGUE["impossible_travel"]
    assert code.holds(features)
    assert code.facts(features).startswith("The last card-present payment was 2 h earlier and 5,5")


def test_only_what_is_really_missing_is_asked_for():
    online = features_from(an_event(**SHOP), a_habit(an_event()))
    assert [missing.code for missing in missing_from(online)] == [
        "three_ds_result",
        "device",
        "ip_country",
        "customer_confirmation",
    ]
    present = features_from(ORDINARY, HABIT)
    assert [missing.code for missing in missing_from(present)] == ["customer_confirmation"]
    assert {missing.code for missing in MISSING} >= {missing.code for missing in missing_from(features_from(ORDINARY))}
