"""How a capability plugs into the case model, so that `cases` never imports one.

A capability registers itself once, from its AppConfig.ready().
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from django.db.models import QuerySet

from fintech_ai.cases.models import Author, Case, Decision, Recommendation, Run
from fintech_ai.core.actors import Actor


@dataclass(frozen=True)
class Choice:
    """A decision that a person may make. `adverse` to the customer: always asks for a reason.

    `usual_reason` is the code that the page proposes where a reason is asked for; the person confirms or changes it.
    """

    value: str
    label: str
    adverse: bool = False
    usual_reason: str = ""


@dataclass(frozen=True)
class Reason:
    """A reason from which a person chooses."""

    code: str
    label: str


@dataclass(frozen=True)
class ClaimDraft:
    """A claim as the capability has checked it; see models.Claim for the fields."""

    kind: str
    code: str
    label: str
    statement: str
    supported: bool
    evidence: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    finding: str = ""


@dataclass(frozen=True)
class RecommendationDraft:
    """What a capability answers for a run; see models.Recommendation for the fields."""

    decision: str
    confidence: Decimal
    risk: int
    headline: str
    summary: str
    claims: tuple[ClaimDraft, ...]
    inputs: Mapping[str, Any]
    made_by: Author
    missing: tuple[str, ...] = ()
    degraded_reason: str = ""
    model_call_id: uuid.UUID | None = None
    prompt_version: str = ""


@dataclass(frozen=True)
class PolicyDecision:
    """What the tenant's written policy decides without a person. `policy` says which, in words of people."""

    outcome: str
    policy: str


class Capability(Protocol):
    """What `cases` asks of a capability."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    reasons: tuple[Reason, ...]
    evidence_template: str
    queue_pages: tuple[tuple[str, str], ...]  # further pages of a queue for its leads: name of the address, label
    demo_queue: str
    demo_second_approval: tuple[str, ...]

    def recommend(self, run: Run) -> RecommendationDraft:
        """Work a run. May call the gateway; must not write, and may be called twice for one run."""

    def decide_by_policy(self, case: Case, recommendation: Recommendation) -> PolicyDecision | None:
        """What the tenant's written policy decides of a case that has just been recommended; None leaves it to people.

        It may store what it keeps of the matter, in the transaction at hand.
        """

    def decided(self, *, actor: Actor, case: Case, decision: Decision) -> None:
        """Learn from a final decision, in the transaction at hand."""

    def cases_known_by(self, text: str) -> QuerySet:
        """The ids of the cases that another system knows by this id, whole: of an alert, a payment, a customer."""

    def similar_counts(self, cases: Sequence[Case]) -> Mapping[uuid.UUID, int]:
        """How many other cases of the queue are about the same party, by case; those without are left out."""

    def outcomes_found_right(self, cases: QuerySet[Case]) -> Mapping[uuid.UUID, frozenset[str]]:
        """Which outcomes turned out right, by case, of those of which the world outside the desk has told since."""

    def evidence_context(self, case: Case) -> dict[str, Any]:
        """What `evidence_template` needs beside the case, its recommendation and claims."""

    def api_subject(self, case: Case) -> dict[str, Any]:
        """The capability's own part of a case in the API, such as the alert."""

    def load_demo(self, *, tenant, queue) -> None:
        """Fill a demo tenant with real input, through services."""


_registered: dict[str, Capability] = {}


def register(capability: Capability) -> None:
    """Make a capability known. Called once, from AppConfig.ready()."""
    _registered[capability.name] = capability


def capability_named(name: str) -> Capability:
    """The capability called `name`. Raises KeyError if none registered itself so."""
    return _registered[name]


def all_capabilities() -> tuple[Capability, ...]:
    """Every registered capability, in the order of registration."""
    return tuple(_registered.values())
