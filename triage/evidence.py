"""How a claim of triage is checked: its rule is recomputed from the stored features, its numbers compared with them.

Pure functions. A reason is supported if its code is in the catalogue, its rule holds, and every value that it quotes is
the recorded one; it has to quote at least one that the rule reads. A typology is supported if its rule holds, and every
signal that it is said to rest on is one that bears it out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from fintech_ai.cases.capability import ClaimDraft
from triage.codes import CATALOGUE, CATALOGUE_VERSION, EXCULPATORY, SIGNALS, TYPOLOGIES, Code, Kind, Typology
from triage.codes.system import CONFLICT_FROM, CONFLICTING, INSUFFICIENT_EVIDENCE, NOTICES, UNKNOWN_CODE, Notice
from triage.features import Features

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MAX_FINDING = 300
MAX_CODE = 60


@dataclass(frozen=True)
class Quote:
    """A reason code as somebody claims it, with the feature values that are said to bear it out."""

    code: str
    features: Mapping[str, str] = field(default_factory=dict)


def checked(quote: Quote, features: Features, *, claimed_by: str, points: float = 0) -> ClaimDraft:
    """The claim with what the check found. `points` are the log-odds that the baseline gives the code here."""
    code = CATALOGUE.get(quote.code)
    if code is None:
        return _unknown(quote, claimed_by)
    finding = _fault(code, quote, features)
    return ClaimDraft(
        kind=code.kind,
        code=code.code,
        label=code.label,
        statement=code.facts(features),
        supported=not finding,
        evidence={
            "catalogue": CATALOGUE_VERSION,
            "features": recorded(code, features),
            "quoted": dict(quote.features),
            "claimed_by": claimed_by,
            "points": round(points, 2),
        },
        source=code.source,
        finding=finding[:MAX_FINDING],
    )


def recomputed(code: Code, features: Features, *, claimed_by: str, points: float = 0) -> ClaimDraft:
    """The claim that code itself makes: the rule holds, and it quotes what it reads."""
    values = {name: str(value) for name, value in recorded(code, features).items() if value is not None}
    return checked(Quote(code.code, values), features, claimed_by=claimed_by, points=points)


def checked_typology(code: str, signals: Iterable[str], features: Features, *, claimed_by: str) -> ClaimDraft:
    """A kind of fraud that is claimed to rest on these signals, with what the check found."""
    named = list(dict.fromkeys(signals))
    typology = TYPOLOGIES.get(code)
    if typology is None:
        return _unknown(Quote(code), claimed_by)
    bearing = typology.rests_on(features)
    finding = _typology_fault(typology, named, bearing)
    return ClaimDraft(
        kind=Kind.TYPOLOGY,
        code=typology.code,
        label=typology.label,
        statement=typology.facts(features),
        supported=not finding,
        evidence={
            "catalogue": CATALOGUE_VERSION,
            "features": features.model_dump(mode="json", include=set(typology.reads)),
            "signals": list(bearing),
            "claimed_signals": named,
            "claimed_by": claimed_by,
            "published": [
                {"scheme": counterpart.scheme, "code": counterpart.code, "name": counterpart.name}
                for counterpart in typology.published
            ],
        },
        source=typology.source,
        finding=finding[:MAX_FINDING],
    )


def recomputed_typology(typology: Typology, features: Features, *, claimed_by: str) -> ClaimDraft:
    """The claim that code itself makes: the rule holds, on the signals that bear it out."""
    return checked_typology(typology.code, typology.rests_on(features), features, claimed_by=claimed_by)


def evidence_notices(features: Features) -> list[ClaimDraft]:
    """What is to be said of the evidence as a whole: that there is none, or that it points both ways."""
    signals = [code for code in SIGNALS if code.holds(features)]
    excuses = [code for code in EXCULPATORY if code.holds(features)]
    if not signals and not excuses:
        return [noticed(INSUFFICIENT_EVIDENCE, "No signal holds, and nothing speaks for the customer.")]
    if min(len(signals), len(excuses)) < CONFLICT_FROM:
        return []
    sentence = f"{len(signals)} signals speak for fraud, {len(excuses)} points for the customer."
    return [noticed(CONFLICTING, sentence)]


def recomputes(claim: Any, features: Features) -> bool:
    """Whether a claim (Claim or ClaimDraft) may be shown as fact: supported, and borne out by these features again.

    What a notice tells of the model's part cannot be recomputed from features; that it is one of ours can.
    """
    if not claim.supported:
        return False
    if claim.kind == Kind.TYPOLOGY:
        typology = TYPOLOGIES.get(claim.code)
        return bool(typology and typology.holds(features) and claim.statement == typology.facts(features))
    if code := CATALOGUE.get(claim.code):
        same = claim.evidence["features"] == recorded(code, features) and claim.statement == code.facts(features)
        return claim.kind == code.kind and same and code.holds(features)
    if claim.code in (INSUFFICIENT_EVIDENCE.code, CONFLICTING.code):
        return [(own.code, own.statement) for own in evidence_notices(features)] == [(claim.code, claim.statement)]
    return claim.code in {notice.code for notice in NOTICES} - {UNKNOWN_CODE.code}


def noticed(notice: Notice, statement: str) -> ClaimDraft:
    """A system claim about how the answer came about; the code that states it did it, so it is supported."""
    return ClaimDraft(
        kind=Kind.SYSTEM,
        code=notice.code,
        label=notice.label,
        statement=statement,
        supported=True,
        evidence={"catalogue": CATALOGUE_VERSION},
    )


def recorded(code: Code, features: Features) -> dict[str, Any]:
    """The stored values that the code's rule reads, as JSON."""
    return features.model_dump(mode="json", include=set(code.reads))


def leans_on_record(sentence: str, codes: set[str], supported: Mapping[str, ClaimDraft]) -> bool:
    """Whether a sentence may be shown: it names only supported claims, and no number that is not in one of them."""
    if not codes or not codes <= set(supported):
        return False
    told: set[Decimal] = set()
    for code in codes:
        claim = supported[code]
        told |= _numbers(claim.statement)
        told |= _numbers(" ".join(str(value) for value in claim.evidence.get("features", {}).values()))
    return _numbers(sentence) <= told


def _unknown(quote: Quote, claimed_by: str) -> ClaimDraft:
    return ClaimDraft(
        kind=Kind.SYSTEM,
        code=UNKNOWN_CODE.code,
        label=UNKNOWN_CODE.label,
        statement="The model gave a reason that the catalogue does not hold. Not used.",
        supported=False,
        evidence={
            "catalogue": CATALOGUE_VERSION,
            "claimed_code": quote.code[:MAX_CODE],
            "quoted": dict(quote.features),
            "claimed_by": claimed_by,
        },
        finding=f"There is no such reason code in catalogue {CATALOGUE_VERSION}.",
    )


def _fault(code: Code, quote: Quote, features: Features) -> str:
    """What is wrong with the claim, as a sentence; empty if nothing."""
    if not code.holds(features):
        return f"{code.facts(features)} Not used."
    values = features.model_dump(mode="json")
    for name, quoted in quote.features.items():
        if name not in values:
            return f"It quotes “{name[:MAX_CODE]}”, which is not recorded. Not used."
        if not _same(quoted, values[name]):
            return f"It quotes {quoted[:MAX_CODE]} as {_words(name)}; recorded is {values[name]}. Not used."
    if not set(quote.features) & set(code.reads):
        return "It quotes none of the values that bear on it. Not used."
    return ""


def _typology_fault(typology: Typology, named: list[str], bearing: tuple[str, ...]) -> str:
    """What is wrong with the claim, as a sentence; empty if nothing."""
    if not bearing:
        return f"{typology.label}: the signals on record do not bear it out. Not used."
    if not named:
        return "It names none of the signals that it rests on. Not used."
    if strange := [name for name in named if name not in bearing]:
        return f"It leans on “{strange[0][:MAX_CODE]}”, which does not bear it out here. Not used."
    return ""


def _same(quoted: str, value: Any) -> bool:
    """Whether the text names the recorded value: numbers by value, so that 4.60 is 4.6, all else by letter."""
    if isinstance(value, bool):
        return quoted.strip().lower() == str(value).lower()
    try:
        return Decimal(quoted) == Decimal(str(value))
    except InvalidOperation:
        return value is not None and quoted == str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _numbers(text: str) -> set[Decimal]:
    """Every number in a text, thousands separators dropped."""
    return {Decimal(match.replace(",", "").rstrip(".")) for match in NUMBER.findall(text) if match.count(".") < 2}
