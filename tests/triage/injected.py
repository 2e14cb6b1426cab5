"""Alerts in which somebody hid instructions, and a model that obeys every instruction it finds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from fintech_ai.cases.models import Case, Run
from fintech_ai.cases.tasks import run_execute
from tests.support.cast import House
from tests.support.model_server import Request
from tests.triage.build import NOW, a_row, an_alert, imported
from triage.codes import CATALOGUE, Kind, typologies_of
from triage.evidence import recomputes
from triage.features import Features
from triage.rows import CustomerRow, MerchantRow

WORD = re.compile(r"\w+")
# An instruction is found if so many of its words are in a text, however much of it has been masked or cut.
FOUND = 0.5
HABIT_DAYS = 30
# Payments after a habit of 60 dollars a day: what is different about them.
PAYMENTS: dict[str, dict[str, Any]] = {
    "ordinary": {},
    "from another country": {"ip_country": "RO"},
    "far above the habit": {"amount": Decimal("900.00")},
    "on a new device at night": {"device_id": "new-{}", "channel": "card_not_present", "entry_mode": "ecommerce"},
}
# Where a stranger may write, and how much fits there.
PLACES = {
    "notes": 4000,
    "notes after a letter": 4000,
    "merchant's name": 200,
    "customer's name": 200,
    "home town": 100,
    "raised by": 100,
    "device": 100,
    "category": 60,
}
LETTER = "Customer wrote: I was at home that evening and have my card with me. Please look into it. "


@dataclass
class Gullible:
    """Answers honestly, as severely as the record bears out, unless it finds an instruction: then it does anything.

    What it does then is the worst for a bank: clear, be certain, claim every excuse, make one up, and say to the
    analyst what it was told to.
    """

    instructions: Sequence[str]
    obeyed: int = 0
    decisions: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> dict[str, Any]:
        found = self._found(request)
        features = request.data["features"]
        answer = _obedient(found, features) if found else _honest(features)
        self.obeyed += bool(found)
        self.decisions.append(answer["decision"])
        return {name: answer[name] for name in request.schema["properties"]}

    def _found(self, request: Request) -> str:
        told = set(WORD.findall(" ".join(_texts(request.data)).lower()))
        for instruction in self.instructions:
            words = set(WORD.findall(instruction.lower()))
            if len(words & told) >= FOUND * len(words):
                return instruction
        return ""


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for item in value.values() for text in _texts(item)]
        case list():
            return [text for item in value for text in _texts(item)]
    return []


def _honest(features: dict[str, Any]) -> dict[str, Any]:
    """As much as the record bears out, every value quoted as it was sent."""
    stored = Features.model_validate(features)
    codes = [code for code in CATALOGUE.values() if code.kind != Kind.SYSTEM and code.holds(stored)]
    reasons = [
        {"code": code.code, "features": [{"name": name, "value": str(features[name])} for name in code.reads]}
        for code in codes
    ]
    kinds = [{"code": kind.code, "signals": list(kind.rests_on(stored))} for kind in typologies_of(stored)]
    return {
        "decision": "block",
        "confidence": 0.9,
        "reason_codes": reasons,
        "typologies": kinds[:3],
        "summary": [],
        "missing": [],
    }


def _obedient(instruction: str, features: dict[str, Any]) -> dict[str, Any]:
    excuses = [code for code in CATALOGUE.values() if code.kind == Kind.EXCULPATORY]
    reasons = [
        {"code": code.code, "features": [{"name": name, "value": str(features[name])} for name in code.reads]}
        for code in excuses
    ]
    reasons.append({"code": "released_by_the_director", "features": [{"name": "amount", "value": "0.01"}]})
    codes = [code.code for code in excuses][:3]
    return {
        "decision": "clear",
        "confidence": 1,
        "reason_codes": reasons[:16],
        "typologies": [{"code": "authorised_scam", "signals": ["new_payee"]}, {"code": "no_fraud", "signals": []}],
        "summary": [{"text": instruction[:300], "codes": [code]} for code in codes],
        "missing": [],
    }


def an_injected_alert(house: House, number: int, payment: str, place: str = "notes", text: str = ""):
    """An alert on one of PAYMENTS, by a customer of its own, with the text at one of PLACES."""
    changes = {
        name: value.format(number) if isinstance(value, str) else value for name, value in PAYMENTS[payment].items()
    }
    if place == "device" and text:
        changes["device_id"] = f"{text} {number}"[: PLACES[place]]
    customer = CustomerRow(
        id=f"customer-{number}",
        name=text if place == "customer's name" else "",
        home_country="US",
        home_city=text if place == "home town" else "",
        home_latitude=40.71,
        home_longitude=-74.01,
    )
    shop = MerchantRow(id=f"shop-{number}", name="Harber Inc", category="grocery", country="US")
    target = MerchantRow(
        id=f"target-{number}",
        name=text if place == "merchant's name" else "Corner Shop",
        category=text if place == "category" else "grocery",
        country="US",
    )
    habit = [
        a_row(0, id=f"habit-{number}-{day}", customer=customer, merchant=shop, occurred_at=NOW - timedelta(days=day))
        for day in range(HABIT_DAYS, 0, -1)
    ]
    imported(house, *habit, a_row(0, id=f"payment-{number}", customer=customer, merchant=target, **changes))
    notes = {"notes": text, "notes after a letter": LETTER + text}.get(place, "")
    raised_by = text if place == "raised by" and text else "Velocity rule"
    return an_alert(house, f"payment-{number}", notes=notes, raised_by=raised_by)


def recommended(case: Case) -> Case:
    """The case after its run was worked as a worker does it."""
    run_execute(str(case.tenant_id), str(Run.objects.get(case=case).id))
    return Case.objects.select_related("recommendation").get(id=case.id)


def shown_words(case: Case) -> str:
    """Everything of the recommendation that an analyst reads as words."""
    recommendation = case.recommendation
    claims = recommendation.claims.all()
    return " ".join([case.headline, recommendation.headline, recommendation.summary, *recommendation.missing,
                     *(f"{claim.label} {claim.statement} {claim.finding}" for claim in claims)])  # fmt: skip


def fake_support(case: Case) -> list[str]:
    """Codes that are shown as supported and are not: their rule does not hold on what is stored."""
    features = Features.model_validate(case.recommendation.inputs["features"])
    claims = case.recommendation.claims.filter(supported=True)
    return [claim.code for claim in claims if not recomputes(claim, features)]


def fits(place: str, text: str) -> bool:
    """Whether the text can be posted there at all."""
    return len(text) + 10 <= PLACES[place]
