"""What an actor may see: every queryset is filtered in SQL, by tenant and by the queues of her groups."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Prefetch, Q, QuerySet, prefetch_related_objects
from django.db.models.functions import Now

from fintech_ai.accounts.models import Membership, Role, User
from fintech_ai.cases.capability import Capability, capability_named
from fintech_ai.cases.models import Case, Claim, Decision, Queue, Recommendation, Step
from fintech_ai.cases.permissions import APPROVE, VIEW, rights_on
from fintech_ai.cases.states import OPEN_STATES, CaseState
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import NotFound

SHOW = {
    "mine_and_free": "Mine and free",
    "open": "All open",
    "approval": "Awaiting approval",
    "snoozed": "Snoozed",
    "decided": "Decided",
}
SORTS = {
    "risk": (F("risk").desc(nulls_last=True), "due_at", "id"),
    "due": ("due_at", "id"),
    "amount": (F("amount").desc(nulls_last=True), "id"),
    "newest": ("-created_at", "-id"),
    "oldest": ("created_at", "id"),
}


# What is decided is neither urgent nor due: it comes with the latest decision first.
SORTS_OF_OPEN = ("risk", "due")


@dataclass(frozen=True)
class CaseFilters:
    """How a queue is narrowed and ordered; every field is part of the page's address."""

    show: str = "mine_and_free"
    sort: str = "risk"
    min_risk: int | None = None
    min_amount: Decimal | None = None
    text: str = ""


@dataclass(frozen=True)
class CaseDetail:
    """All that a case page shows of the case itself."""

    case: Case
    capability: Capability
    recommendation: Recommendation | None
    claims: list[Claim]
    decisions: list[Decision]
    rights: frozenset[str]


def queues_visible_to(actor: Actor) -> QuerySet[Queue]:
    """The queues that one of the actor's groups may view; a compliance officer reads all of the tenant's."""
    queues = Queue.objects.order_by("name")
    if actor.role == Role.COMPLIANCE:
        return queues
    return queues.filter(
        id__in=Queue.objects.filter(
            queuegrouppermission__group_id__in=actor.group_ids, queuegrouppermission__permission__codename=VIEW
        ).values("id")
    )


def queue_visible_to(actor: Actor, slug: str) -> Queue:
    """The queue with this slug. Raises NotFound if there is none, or none that the actor may view."""
    queue = queues_visible_to(actor).filter(slug=slug).first()
    if queue is None:
        raise NotFound("There is no such queue, or you have no right to see it.")
    return queue


def cases_visible_to(actor: Actor) -> QuerySet[Case]:
    """Every case of the queues that the actor may view."""
    return Case.objects.filter(queue__in=queues_visible_to(actor).order_by().values("id"))


def case_visible_to(actor: Actor, case_id: uuid.UUID) -> Case:
    """The case. Raises NotFound if there is none, or none that the actor may view."""
    case = cases_visible_to(actor).select_related("queue", "assignee", "recommendation").filter(id=case_id).first()
    if case is None:
        raise NotFound("There is no such case, or you have no right to see it.")
    return case


def queue_cases(actor: Actor, queue: Queue, filters: CaseFilters) -> QuerySet[Case]:
    """The cases of a queue that was found visible, as the filters ask."""
    cases = Case.objects.filter(queue=queue).select_related("assignee", "recommendation")
    cases = cases.filter(_shown(actor, filters.show))
    if filters.min_risk is not None:
        cases = cases.filter(risk__gte=filters.min_risk)
    if filters.min_amount is not None:
        cases = cases.filter(amount__gte=filters.min_amount)
    if filters.text:
        cases = cases.filter(_matching(queue, filters.text))
    if filters.show == "decided" and filters.sort in SORTS_OF_OPEN:
        return cases.order_by("-closed_at", "-id")
    return cases.order_by(*SORTS[filters.sort])


def open_counts(actor: Actor) -> dict[uuid.UUID, int]:
    """How many open cases each visible queue holds."""
    rows = (
        Case.objects.filter(queue__in=queues_visible_to(actor).order_by().values("id"), state__in=OPEN_STATES)
        .order_by()
        .values_list("queue_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def case_detail(actor: Actor, case_id: uuid.UUID) -> CaseDetail:
    """The case with its recommendation, claims, decisions and the actor's rights. Raises NotFound."""
    case = case_visible_to(actor, case_id)
    decisions = Prefetch("decisions", Decision.objects.select_related("decided_by"))
    prefetch_related_objects([case], decisions, "recommendation__claims")
    recommendation = case.shown_recommendation
    return CaseDetail(
        case=case,
        capability=capability_named(case.capability),
        recommendation=recommendation,
        claims=list(recommendation.claims.all()) if recommendation else [],
        decisions=list(case.decisions.all()),
        rights=rights_on(actor, case.queue),
    )


def next_to_approve(actor: Actor, queue: Queue) -> Case | None:
    """The riskiest case that waits for a second person who may be this one."""
    if APPROVE not in rights_on(actor, queue):
        return None
    own = Decision.objects.filter(step=Step.FIRST, answered_by__isnull=True, decided_by_id=actor.user_id)
    waiting = Case.objects.filter(queue=queue, state=CaseState.AWAITING_APPROVAL).exclude(id__in=own.values("case_id"))
    return waiting.order_by(*SORTS["risk"]).first()


def awake() -> Q:
    """Cases that are not snoozed, or whose time has come."""
    return Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=Now())


def members_with_right(queue: Queue, right: str) -> QuerySet[User]:
    """Active members of the tenant whose groups have this right on the queue."""
    members = Membership.objects.filter(
        is_active=True,
        groups__queuegrouppermission__content_object=queue,
        groups__queuegrouppermission__permission__codename=right,
    )
    return User.objects.filter(is_active=True, id__in=members.values("user_id")).order_by("name")


def _shown(actor: Actor, show: str) -> Q:
    if show == "mine_and_free":
        return (
            Q(state__in=[CaseState.RECEIVED, CaseState.IN_REVIEW])
            & (Q(assignee__isnull=True) | Q(assignee_id=actor.user_id))
            & awake()
        )
    if show == "snoozed":
        return Q(state=CaseState.IN_REVIEW, snoozed_until__gt=Now())
    if show == "approval":
        return Q(state=CaseState.AWAITING_APPROVAL)
    if show == "decided":
        return Q(state=CaseState.DECIDED)
    return Q(state__in=OPEN_STATES)


def _matching(queue: Queue, text: str) -> Q:
    """What a case is about, its number, or an id that the capability knows it by.

    The words are looked up first, by the ids that they lead to: joined by OR they would have every case read.
    """
    named = Case.objects.filter(queue=queue, subject__icontains=text)
    found = Q(id__in=named.values("id")) | Q(id__in=capability_named(queue.capability).cases_known_by(text))
    number = text.rpartition("-")[2]
    if number.isascii() and number.isdigit() and len(number) < 19:
        found |= Q(number=int(number))
    return found
