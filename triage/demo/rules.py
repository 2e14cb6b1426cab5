"""Three plain monitoring rules, such as banks run: they raise the demo's alerts, frauds and false alarms alike.

The benchmark calibrates the baseline on what these rules raise. They see amounts and times, never a label.
"""

from decimal import Decimal

LARGE_AMOUNT = Decimal(300)
NIGHT_AMOUNT = Decimal(200)
NIGHT = frozenset({22, 23, 0, 1, 2, 3})
FAST_PAYMENTS = 4


def rule_that_raises(*, amount: Decimal, hour: int, payments_in_hour: int) -> str:
    """The name of the first rule that the payment sets off; empty if none.

    `hour` is that of the day, UTC; `payments_in_hour` counts this one and those of the hour before.
    """
    if payments_in_hour >= FAST_PAYMENTS:
        return "Rule 7: velocity"
    if hour in NIGHT and amount >= NIGHT_AMOUNT:
        return "Rule 12: night spending"
    if amount >= LARGE_AMOUNT:
        return "Rule 3: large amount"
    return ""
