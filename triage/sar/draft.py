"""What a suspicious activity report would say: fields and narrative, each from the record or a supported claim.

Nothing is guessed. What the form asks for and the record does not hold is left out of the fields and named in
`SarDraft.missing`, for a person to add in the filing software.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING

from django.utils import timezone

from fintech_ai.cases.models import Claim, Decision
from fintech_ai.core.money import shown
from triage.codes import TYPOLOGIES, Kind
from triage.codes.published import NAMES, published
from triage.models import Alert, Customer, Transaction

# Form 111 takes five narratives of 4,000 characters (SAR XML schema 1.6, ActivityNarrativeInformation).
NARRATIVE_LENGTH, NARRATIVES = 4000, 5
# "Other suspicious activities: other", which needs a text of its own.
OTHER = (9, 9999)
OTHER_TEXT = "See narrative"


@dataclass(frozen=True)
class Activity:
    """One category of suspicious activity: FinCEN's type and subtype, its name, and the claims that bear it out."""

    type: int
    subtype: int
    name: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class SarDraft:
    """A draft report.

    Attributes:
        institution: legal name of the tenant; it transmits, files, and is where the activity occurred.
        customer: whom the report is about; her name may be empty.
        amount: whole US dollars, rounded up as the form asks; None where the payment was in another currency.
        narrative: parts of at most NARRATIVE_LENGTH characters.
        missing: a sentence for each thing that a person has to add.
    """

    institution: str
    customer: Customer
    first_day: date
    last_day: date
    amount: int | None
    activities: tuple[Activity, ...]
    narrative: tuple[str, ...]
    missing: tuple[str, ...]
    drafted_on: date


def draft(*, alert: Alert, claims: Iterable[Claim], decisions: Sequence[Decision], institution: str) -> SarDraft:
    """The draft for a decided case. Claims that are not supported are used for nothing."""
    payment, supported = alert.transaction, [claim for claim in claims if claim.supported]
    day = timezone.localtime(payment.occurred_at).date()
    activities = _activities(supported)
    narrative = _narrative(payment, supported, decisions, institution)
    amount = int(payment.amount.to_integral_value(ROUND_CEILING)) if payment.currency == "USD" else None
    return SarDraft(
        institution=institution,
        customer=payment.customer,
        first_day=day,
        last_day=day,
        amount=amount,
        activities=activities,
        narrative=_parts(narrative),
        missing=_missing(payment, amount, activities),
        drafted_on=timezone.localdate(),
    )


def _activities(supported: list[Claim]) -> tuple[Activity, ...]:
    """FinCEN's categories of the claims; "other" where none of them has a counterpart there."""
    found: dict[str, list[str]] = {}
    for claim in supported:
        if claim.kind not in (Kind.SIGNAL, Kind.TYPOLOGY):
            continue
        source = TYPOLOGIES[claim.code].source if claim.code in TYPOLOGIES else claim.source
        for counterpart in published(source):
            if counterpart.scheme == "FinCEN":
                found.setdefault(counterpart.code, []).append(claim.label)
    if not found:
        return (Activity(*OTHER, name="Other suspicious activities: other", claims=()),)
    return tuple(
        Activity(*(int(part) for part in code.split("/")), name=NAMES["FinCEN"][code], claims=tuple(labels))
        for code, labels in sorted(found.items(), key=lambda item: int(item[0].split("/")[1]))
    )


def _narrative(
    payment: Transaction, supported: list[Claim], decisions: Sequence[Decision], institution: str
) -> list[str]:
    """Sentences in the order that FinCEN's guidance asks for: who, what, when, where, why; then what was done."""
    when = timezone.localtime(payment.occurred_at)
    who = payment.customer.name or f"customer {payment.customer.external_id}"
    what = f"a payment of {shown(payment.amount, payment.currency)} to {payment.merchant}"
    where = f" in {payment.country}" if payment.country else ""
    sentences = [
        f"{institution} reports {what} from the account of {who}{where} "
        f"({payment.get_channel_display().lower()}) on {when:%B %-d, %Y} at {when:%H:%M %Z}.",
        f"The bank's reference of the payment is {payment.external_id}.",
    ]
    reasons = [claim for claim in supported if claim.kind in (Kind.SIGNAL, Kind.TYPOLOGY)]
    if reasons:
        sentences.append("It is suspicious for these reasons, each recomputed from the bank's records:")
        sentences += [f"{claim.label}: {_sentence(claim.statement)}" for claim in reasons]
    favourable = [claim for claim in supported if claim.kind == Kind.EXCULPATORY]
    if favourable:
        sentences.append("In the customer's favour:")
        sentences += [f"{claim.label}: {_sentence(claim.statement)}" for claim in favourable]
    for decision in decisions:
        at = timezone.localtime(decision.created_at)
        sentences.append(
            f"On {at:%B %-d, %Y} it was reviewed; {decision.get_step_display().lower()}: {decision.outcome}."
        )
    return sentences


def _parts(sentences: list[str]) -> tuple[str, ...]:
    """The sentences in as few parts as they fit in; what would not fit into the form is named, not cut in silence."""
    parts = [""]
    for number, sentence in enumerate(sentences):
        told = sentence[:NARRATIVE_LENGTH]
        if len(parts[-1]) + len(told) + 1 > NARRATIVE_LENGTH:
            if len(parts) == NARRATIVES:
                left = f" {len(sentences) - number} further sentences are on record with the bank."
                parts[-1] = parts[-1][: NARRATIVE_LENGTH - len(left)] + left
                break
            parts.append("")
        parts[-1] = f"{parts[-1]} {told}".strip()
    return tuple(parts)


def _missing(payment: Transaction, amount: int | None, activities: tuple[Activity, ...]) -> tuple[str, ...]:
    told = [
        "The institution's address, TIN, regulator and type, the transmitter's control code and a contact's telephone.",
        "The subject's date of birth, street address, telephone and identification.",
        "The account number, and whether any of the money was lost or recovered.",
    ]
    if payment.customer.name:
        told.insert(1, "Whether the subject is a person, and which part of the name is the last name.")
    else:
        told.insert(1, "The subject's name.")
    if amount is None:
        told.append(f"The amount in US dollars; the payment was made in {payment.currency}.")
    if (activities[0].type, activities[0].subtype) == OTHER:
        told.append("The kind of suspicious activity; no claim on record has a counterpart in the form.")
    return tuple(told)


def _sentence(text: str) -> str:
    """One line with its full stop; the form takes no control characters."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if line.endswith((".", "!", "?")) else f"{line}."
