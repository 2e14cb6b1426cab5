"""Typologies: each holds where its signals do, rests on what can be recomputed, and has a counterpart that exists."""

import random

import pytest

from tests.triage.build import NOW, random_features
from tests.triage.test_answer import a_reason, an_answer, codes, drafted
from tests.triage.test_baseline import ORDINARY, a_theft
from tests.triage.test_codes import ordinary
from triage.answer import from_baseline
from triage.codes import CATALOGUE, TYPOLOGIES, Kind, typologies_of
from triage.codes.published import FINCEN_SUBTYPES, FINCEN_TYPES
from triage.evidence import recomputes
from triage.features import Features

ONLINE = {"channel": "card_not_present"}
TRANSFER = {"channel": "account_transfer", "rail": "instant", "merchant_visits": 0}
OWN_DEVICE = {"device_is_new": False, "known_devices": 1}
NEW_DEVICE = {"device_is_new": True, "known_devices": 1}
# For each typology: what just makes it hold, with the signals that it then rests on, and what just does not.
EDGES = {
    "card_not_present_fraud": (
        {**ONLINE, "three_ds": "failed", **NEW_DEVICE},
        ("authentication_failed", "new_device"),
        {**ONLINE, "three_ds": "failed"},
    ),
    "counterfeit_card": (
        {"entry_mode": "magnetic_stripe"},
        ("stripe_fallback",),
        {"entry_mode": "magnetic_stripe", "chip_payments": 0},
    ),
    "lost_or_stolen_card": (
        {"payments_1h": 3, "home_km": 500},
        ("far_from_home", "velocity"),
        {"payments_1h": 3, "home_km": 499},
    ),
    "account_takeover": (
        {**TRANSFER, **NEW_DEVICE},
        ("new_device", "new_payee"),
        {**TRANSFER, **NEW_DEVICE, "merchant_visits": 1},
    ),
    "authorised_scam": (
        {**TRANSFER, **OWN_DEVICE, "is_round": True},
        ("new_payee", "round_amount"),
        {**TRANSFER, **NEW_DEVICE, "is_round": True},
    ),
    "unauthorised_transfer": (
        {**TRANSFER, "device_is_new": None, "payments_1h": 3},
        ("new_payee", "velocity"),
        {**TRANSFER, **OWN_DEVICE, "payments_1h": 3},
    ),
    "mule_account": ({**TRANSFER, "device_frauds": 1}, ("linked_to_fraud",), {"device_frauds": 1}),
    "identity_fraud": (
        {"history_days": 29, "device_customers": 3, "device_frauds": 1},
        ("shared_device", "linked_to_fraud"),
        {"history_days": 30, "device_customers": 3, "device_frauds": 1},
    ),
    "questionable_merchant": (
        {"merchant_fraud_share": 10.0, "merchant_frauds": 3},
        ("merchant_risk",),
        {"rail": "transfer", "merchant_fraud_share": 10.0, "merchant_frauds": 3},
    ),
}


def test_every_typology_has_its_edges_tested():
    assert set(EDGES) == set(TYPOLOGIES)


@pytest.mark.parametrize("typology", TYPOLOGIES.values(), ids=lambda typology: typology.code)
def test_a_typology_holds_on_its_signals_and_not_without(typology):
    holding, signals, failing = EDGES[typology.code]
    assert typology.rests_on(ordinary(**holding)) == signals
    assert not typology.holds(ordinary(**failing))


@pytest.mark.parametrize("typology", TYPOLOGIES.values(), ids=lambda typology: typology.code)
def test_it_rests_on_signals_and_reads_only_what_it_names(typology):
    rests = (*typology.all_of, *typology.any_of)
    assert all(CATALOGUE[code].kind == Kind.SIGNAL for code in rests)
    reads = set(typology.reads).union(*(CATALOGUE[code].reads for code in rests))
    dice = random.Random(typology.code)
    for _ in range(100):
        one, other = random_features(dice), random_features(dice)
        same = one.model_copy(
            update={name: getattr(other, name) for name in Features.model_fields if name not in reads}
        )
        assert typology.rests_on(one) == typology.rests_on(same)
        assert typology.facts(one).endswith(".")
        assert len(typology.facts(one)) < 400


@pytest.mark.parametrize("typology", TYPOLOGIES.values(), ids=lambda typology: typology.code)
def test_its_published_counterparts_exist(typology):
    assert typology.published
    assert all(counterpart.name for counterpart in typology.published)
    assert len(typology.source) <= 100
    for kind, subtype in typology.fincen:
        assert kind in FINCEN_TYPES and subtype in FINCEN_SUBTYPES
        assert subtype // 100 == kind


def test_an_ordinary_payment_looks_like_no_fraud():
    assert typologies_of(ORDINARY) == ()


def typologies(draft) -> dict:
    return {claim.code: claim for claim in draft.claims if claim.kind == Kind.TYPOLOGY}


def test_baseline_and_model_say_them_alike():
    """Whoever answers, what the record bears out is claimed with the same words and the same signals."""
    own = typologies(from_baseline(a_theft(), as_of=NOW, degraded_reason="timeout"))
    signals = own["card_not_present_fraud"].evidence["signals"]
    said = [{"code": "card_not_present_fraud", "signals": signals[:2]}]
    by_model = typologies(drafted(an_answer(decision="block", typologies=said), a_theft()))
    left_out = typologies(drafted(an_answer(decision="block"), a_theft()))
    assert own.keys() == by_model.keys() == left_out.keys()
    assert by_model["card_not_present_fraud"].evidence["claimed_by"] == "model"
    assert left_out["card_not_present_fraud"].evidence["claimed_by"] == "baseline"
    for found in (by_model, left_out):
        assert found["card_not_present_fraud"].statement == own["card_not_present_fraud"].statement
        assert found["card_not_present_fraud"].evidence["published"][0]["code"] == "10.4"


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ({"code": "mule_account", "signals": ["linked_to_fraud"]}, "Mule account: the signals on record do not"),
        ({"code": "card_not_present_fraud", "signals": []}, "It names none of the signals"),
        ({"code": "card_not_present_fraud", "signals": ["velocity", "new_device"]}, "It leans on “new_device”"),
        ({"code": "card_not_present_fraud", "signals": ["velocity", "moon_phase"]}, "It leans on “moon_phase”"),
        ({"code": "moon_fraud", "signals": ["velocity"]}, "There is no such reason code"),
    ],
)
def test_a_typology_that_the_record_does_not_bear_out_is_unsupported(said, finding):
    draft = drafted(an_answer(decision="block", typologies=[said]), a_theft())
    (claim,) = (claim for claim in draft.claims if not claim.supported)
    assert claim.finding.startswith(finding)
    assert not recomputes(claim, a_theft())


def test_a_typology_raises_nothing_by_itself():
    said = [{"code": "account_takeover", "signals": ["new_device"]}]
    draft = drafted(an_answer(decision="block", typologies=said), ORDINARY)
    assert draft.decision == "clear"


def test_a_summary_may_lean_on_a_typology_that_holds():
    said = [{"code": "card_not_present_fraud", "signals": ["velocity"]}]
    sentences = [
        {"text": "The card's data seems to be abused online.", "codes": ["card_not_present_fraud"]},
        {"text": "A mule takes the money.", "codes": ["mule_account"]},
    ]
    draft = drafted(an_answer(decision="block", typologies=said, summary=sentences), a_theft())
    assert draft.summary == "The card's data seems to be abused online."


def test_every_claim_that_is_shown_as_fact_recomputes():
    dice = random.Random(7)
    for _ in range(200):
        features = random_features(dice)
        draft = from_baseline(features, as_of=NOW, degraded_reason="timeout", has_notes=True)
        assert all(recomputes(claim, features) for claim in draft.claims)


def test_a_claim_about_other_numbers_does_not_recompute():
    draft = from_baseline(a_theft(), as_of=NOW, degraded_reason="timeout")
    other = a_theft().model_copy(update={"payments_1h": 7})
    assert [claim.code for claim in draft.claims if not recomputes(claim, other)] == ["velocity"]


def test_the_machine_says_when_evidence_conflicts_or_is_not_there():
    mixed = ordinary(home_km=500, payments_1h=3)
    draft = from_baseline(mixed, as_of=NOW, degraded_reason="timeout")
    assert "conflicting" in codes(draft)
    empty = ordinary(
        payments_90d=10, ratio_to_median=2.0, hour_share=None, merchant_visits=0, percentile_99=None, payments_24h=0
    )
    assert "insufficient_evidence" in codes(from_baseline(empty, as_of=NOW, degraded_reason="timeout"))
    assert not {"conflicting", "insufficient_evidence"} & codes(
        from_baseline(ORDINARY, as_of=NOW, degraded_reason="timeout")
    )


def test_text_by_others_is_said_to_be_there_whoever_answers():
    by_baseline = from_baseline(ORDINARY, as_of=NOW, degraded_reason="timeout", has_notes=True)
    answer = an_answer(decision="clear", reason_codes=[a_reason("usual_amount", amount="60.00")])
    assert "untrusted_text" in codes(by_baseline)
    assert "untrusted_text" not in codes(drafted(answer, ORDINARY))
