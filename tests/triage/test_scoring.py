"""The statistical model: columns that know no future, chances that can be taken at their word, and who chooses it."""

import json
import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.core.errors import InvalidInput
from tests.triage.build import a_habit, a_row, an_event, features_from, imported
from tests.triage.trained import a_scorer, a_trained_model, examples
from triage.baseline import CALIBRATION, risk_of, score
from triage.models import ScoringChoice, TrainedModel, Transaction
from triage.scoring.columns import COLUMNS, DAY, CustomerPast, MerchantPast, Seen
from triage.scoring.live import chance_of, columns_of, seen_of
from triage.scoring.measures import average_precision, calibration_error
from triage.scoring.model import Calibration, Scorer, WrongModel
from triage.scoring.training import TooLittle, train

SEED = 20261124


def named(row):
    return dict(zip(COLUMNS, row, strict=True))


def seen(day, amount=10.0, *, category="shoes", reported=None):
    at = day * DAY
    return Seen(at, amount, category, int(at % DAY // 3600), None if reported is None else reported * DAY)


def look(payments, last):
    customer, merchant = CustomerPast(), MerchantPast()
    for payment in payments:
        customer.add(payment)
        merchant.add(payment)
    return named(customer.look(last) + merchant.look(last))


class TestColumns:
    def test_a_first_payment_has_no_past(self):
        row = look([], seen(0, 20.0))
        assert row["payments_7d"] == row["merchant_known_28d"] == row["frauds_28d"] == 0
        assert math.isnan(row["median_90d"]) and math.isnan(row["ratio_to_median"])

    def test_amounts_are_measured_against_the_customers_own(self):
        row = look([seen(day, 10.0 + day % 3) for day in range(20)], seen(20, 44.0))
        assert row["median_90d"] == 11.0
        assert row["ratio_to_median"] == 4.0
        assert row["ratio_to_max"] == pytest.approx(44 / 12)
        assert row["payments_7d"] == 7

    def test_what_is_older_than_90_days_is_forgotten(self):
        row = look([seen(0, 500.0), seen(95, 10.0)], seen(100, 10.0))
        assert row["median_90d"] == row["max_90d"] == 10.0

    def test_a_fraud_counts_from_its_report_on_and_not_before(self):
        payments = [seen(0, reported=5)]
        assert look(payments, seen(4.9))["merchant_frauds_28d"] == 0
        assert look(payments, seen(5.1))["merchant_frauds_28d"] == look(payments, seen(5.1))["frauds_28d"] == 1

    def test_a_payment_that_nobody_reports_is_genuine_after_seven_days(self):
        assert look([seen(0)], seen(6.9))["merchant_known_28d"] == 0
        assert look([seen(0)], seen(7.1))["merchant_known_28d"] == 1

    def test_frauds_in_a_row_end_with_a_genuine_payment(self):
        frauds = [seen(day, reported=day + 3) for day in (0, 1, 2)]
        assert look(frauds, seen(6))["merchant_frauds_in_a_row"] == 3
        assert look(frauds, seen(6))["merchant_days_since_first_of_row"] == pytest.approx(6)
        assert look([*frauds, seen(3)], seen(10.5))["merchant_frauds_in_a_row"] == 0

    def test_a_fraud_of_an_unusual_amount_says_nothing_of_the_merchant(self):
        payments = [*(seen(day) for day in range(5)), seen(5, 900.0, reported=6)]
        assert look(payments, seen(8))["merchant_frauds_28d"] == 0

    def test_the_future_moves_nothing(self):
        dice = random.Random(SEED)
        payments = [seen(day / 3, dice.uniform(1, 90), reported=day / 3 + dice.uniform(0, 20)) for day in range(90)]
        late = [
            payment._replace(reported_at=None) if payment.reported_at > 30 * DAY else payment for payment in payments
        ]
        before = [payment for payment in late if payment.at < 30 * DAY]
        assert look([p for p in payments if p.at < 30 * DAY], seen(30)) == look(before, seen(30))


class TestModel:
    def test_its_chances_are_the_shares_that_turn_out(self):
        fresh = examples(20_000, seed=8)
        chances = a_scorer().probabilities(fresh.rows)
        assert average_precision(fresh.is_fraud, chances) > 0.5
        assert calibration_error(fresh.is_fraud, chances, share=1.0) < 0.02

    def test_it_is_the_same_from_its_document(self):
        again = Scorer.from_document(json.loads(json.dumps(a_scorer().as_document())))
        assert again.sha256 == a_scorer().sha256
        rows = examples(50).rows
        assert np.array_equal(again.probabilities(rows), a_scorer().probabilities(rows))

    @pytest.mark.parametrize("change", [{"format": 2}, {"columns_version": 99}, {"columns": ["hour"]}], ids=str)
    def test_one_for_other_columns_is_refused(self, change):
        with pytest.raises(WrongModel):
            Scorer.from_document({**a_scorer().as_document(), **change})

    def test_calibration_never_turns_the_order_round(self):
        curve = Calibration(0.8, 1.3, -0.4).apply(np.linspace(0, 1, 101))
        assert (np.diff(curve) >= 0).all() and curve[0] > 0 and curve[-1] < 1

    def test_too_few_frauds_train_nothing(self):
        some = examples(300)
        with pytest.raises(TooLittle, match="50 are needed"):
            train(type(some)(some.rows, np.zeros_like(some.is_fraud), some.at))


def test_average_precision_is_that_of_the_definition():
    is_fraud, chances = np.array([1, 0, 1, 0, 0]), np.array([0.9, 0.8, 0.7, 0.7, 0.1])
    assert average_precision(is_fraud, chances) == pytest.approx(0.5 * 1 + 0.5 * 2 / 4)
    assert average_precision(np.zeros(5, int), chances) is None


def test_a_chance_stands_where_that_share_was_measured():
    for band, above in zip(CALIBRATION, [*CALIBRATION[1:], None], strict=True):
        assert band.risk_from <= risk_of(band.share) < (above.risk_from if above else 101)
    assert (risk_of(0), risk_of(1)) == (0, 100)


class TestInTheProduct:
    @pytest.fixture
    def house(self, cast):
        with cast.northgate.scope():
            yield cast.northgate

    def a_payment(self, house, count=40):
        dice = random.Random(SEED)
        start = datetime(2026, 8, 1, 9, tzinfo=UTC)
        rows = [
            a_row(
                number, occurred_at=start + timedelta(hours=11 * number), amount=Decimal(f"{dice.uniform(5, 60):.2f}")
            )
            for number in range(count)
        ]
        return imported(house, *rows)

    def choose(self, house, sha256):
        proposal = ScoringChoice(model_sha256=sha256, why="It ranks better.")
        made = propose(actor=house.people["cora"].actor, proposal=proposal)
        return approve(actor=house.people["colin"].actor, proposal=made)

    def test_one_alert_sees_what_a_bulk_sees(self, house):
        stored = self.a_payment(house)
        customer, merchant = CustomerPast(), MerchantPast()
        for payment in Transaction.objects.select_related("merchant").order_by("occurred_at", "id"):
            one = seen_of(payment.occurred_at, payment.amount, payment.merchant.category, payment.reported_fraud_at)
            bulk = customer.look(one) + merchant.look(one)
            assert columns_of(payment) == pytest.approx(bulk, nan_ok=True)
            customer.add(one)
            merchant.add(one)
        assert len(stored) == 40

    def test_without_a_choice_there_is_no_chance(self, house):
        assert chance_of(self.a_payment(house, 3)[-1]) is None

    def test_two_officers_put_a_model_in_force_and_take_it_back(self, house):
        payment = self.a_payment(house)[-1]
        model = a_trained_model()
        self.choose(house, model.sha256)
        chance = chance_of(payment)
        assert chance.model_sha256 == model.sha256 and 0 < chance.probability < 1
        row = [math.nan if number is None else number for number in chance.columns.values()]
        assert a_scorer().probabilities([row])[0] == pytest.approx(chance.probability, abs=1e-6)
        self.choose(house, "")
        assert chance_of(payment) is None

    def test_a_model_of_nobody_cannot_be_chosen(self, house):
        with pytest.raises(InvalidInput):
            propose(actor=house.people["cora"].actor, proposal=ScoringChoice(model_sha256="0" * 64, why="No"))

    def test_a_stored_model_never_changes(self, house):
        a_trained_model()
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            TrainedModel.objects.update(payments=1)

    def test_the_command_says_what_is_missing(self, house):
        with pytest.raises(CommandError, match="no payments whose outcome is known"):
            call_command("train_triage", tenant=house.tenant.slug)
        self.a_payment(house)
        with pytest.raises(CommandError, match="No model was trained"):
            call_command("train_triage", tenant=house.tenant.slug)


def test_with_a_chance_the_codes_explain_and_the_chance_ranks():
    calm = features_from(an_event(), a_habit(an_event()))
    likely = score(calm, chance=0.3)
    assert likely.risk > score(calm).risk
    assert likely.points == score(calm).points
    assert float(likely.confidence) in (0.3, 0.7)


def test_one_reading_never_proposes_a_block_whatever_the_chance():
    assert score(features_from(an_event(), a_habit(an_event())), chance=0.99).decision == "escalate"
