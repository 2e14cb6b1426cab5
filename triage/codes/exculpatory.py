"""Exculpatory codes: what speaks for the customer, each with the rule that recomputes it."""

from triage.codes import facts
from triage.codes.code import ENOUGH_FOR_TAIL, ENOUGH_PAYMENTS, Code, Kind
from triage.models import ThreeDS

EXCULPATORY = (
    Code(
        "usual_amount",
        Kind.EXCULPATORY,
        "Usual amount",
        reads=("amount", "median", "ratio_to_median", "payments_90d"),
        holds=lambda f: (
            f.ratio_to_median is not None and f.ratio_to_median <= 1.5 and f.payments_90d >= ENOUGH_PAYMENTS
        ),
        facts=facts.amount,
        why="Up to one and a half times the median is what the customer does most days.",
    ),
    Code(
        "usual_hour",
        Kind.EXCULPATORY,
        "Usual hour",
        reads=("hour", "hour_share", "payments_90d"),
        holds=lambda f: (f.hour_share or 0) >= 12.5 and f.payments_90d >= ENOUGH_FOR_TAIL,
        facts=facts.hour,
        why="At least the share that three hours hold of payments spread evenly over the day.",
    ),
    Code(
        "known_merchant",
        Kind.EXCULPATORY,
        "Known merchant",
        reads=("merchant_visits",),
        holds=lambda f: f.merchant_visits >= 3,
        facts=facts.visits,
        why="Three visits in 90 days are a habit.",
    ),
    Code(
        "known_device",
        Kind.EXCULPATORY,
        "Known device",
        reads=("device_is_new", "device_age_days", "device_frauds"),
        holds=lambda f: (f.device_age_days or 0) >= 30 and f.device_frauds == 0,
        facts=facts.device,
        why="A month without a report outlasts the delay after which fraud is known.",
    ),
    Code(
        "authenticated",
        Kind.EXCULPATORY,
        "3-D Secure passed",
        reads=("three_ds",),
        holds=lambda f: f.three_ds == ThreeDS.AUTHENTICATED,
        facts=facts.three_ds,
        why="The issuer authenticated the payer (transStatus Y).",
        source="EMV 3-D Secure 2.3",
    ),
)
