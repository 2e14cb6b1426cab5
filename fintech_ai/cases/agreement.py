"""How often people and recommendations agree: blind, with the recommendation in sight, and where it was right or wrong.

Open cases alone cannot tell agreement from following. The blind sample can: what people agree with before they have
seen it is their own judgement, and what they accept beyond that is the pull of the recommendation (automation bias).
"""

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.models import NO_VIEW, Case, Decision, Queue, Step
from fintech_ai.cases.permissions import check_can_see_agreement
from fintech_ai.core.actors import Actor
from fintech_ai.core.shares import Difference, Share, kappa

# Below it kappa says more about the few cases than about the people.
FEWEST_FOR_KAPPA = 20


@dataclass(frozen=True)
class Made:
    """A first decision of a person on a recommendation that had a view."""

    case_id: uuid.UUID
    person: uuid.UUID
    name: str
    blind: bool
    recommended: str
    outcome: str
    at: datetime

    @property
    def agrees(self) -> bool:
        return self.outcome == self.recommended


@dataclass(frozen=True)
class Figures:
    """The figures of one person, or of all.

    Attributes:
        blind: decisions that agree with a recommendation that was not shown.
        open: decisions that accept one that was.
        pull: how much more is accepted in sight than agreed with blind.
        kappa: agreement of blind decisions beyond chance; None while there are few.
        overridden_right, overridden_wrong: open cases decided otherwise, where the recommendation turned out right, and
            where it turned out wrong.
        blind_right: blind decisions that turned out right themselves.
        drift: agreement on blind cases, compared with the same span of time before.
    """

    name: str
    blind: Share
    open: Share
    pull: Difference
    kappa: float | None
    overridden_right: Share
    overridden_wrong: Share
    blind_right: Share
    drift: Difference


@dataclass(frozen=True)
class Agreement:
    """The figures of a queue's people over a span of time; without decisions `people` is empty."""

    since: datetime
    until: datetime
    total: Figures
    people: list[Figures] = field(default_factory=list)


def agreement(actor: Actor, queue: Queue, *, since: datetime, until: datetime) -> Agreement:
    """What the decisions from `since` until before `until` say. Raises NotAllowed."""
    check_can_see_agreement(actor, queue)
    now = _made(queue, since, until)
    before = _made(queue, since - (until - since), since)
    right = capability_named(queue.capability).outcomes_found_right(
        Case.objects.filter(id__in=_decisions(queue, since, until).values("case_id"))
    )
    people = sorted({made.person: made.name for made in now}.items(), key=lambda one: one[1])
    return Agreement(
        since=since,
        until=until,
        total=_figures("All", now, before, right),
        people=[
            _figures(
                name,
                [made for made in now if made.person == person],
                [made for made in before if made.person == person],
                right,
            )
            for person, name in people
        ],
    )


def _decisions(queue: Queue, since: datetime, until: datetime):
    return Decision.objects.filter(
        case__queue=queue,
        step=Step.FIRST,
        decided_by__isnull=False,
        created_at__gte=since,
        created_at__lt=until,
    ).exclude(recommended__in=["", NO_VIEW])


def _made(queue: Queue, since: datetime, until: datetime) -> list[Made]:
    rows = _decisions(queue, since, until).values_list(
        "case_id", "decided_by_id", "decided_by__name", "blind", "recommended", "outcome", "created_at"
    )
    return [Made(*row) for row in rows]


def _figures(name: str, made: list[Made], before: list[Made], right: dict[uuid.UUID, frozenset[str]]) -> Figures:
    blind, shown = _by_blindness(made)
    known = [each for each in shown if each.case_id in right]
    of_machine = defaultdict(list)
    for each in known:
        of_machine[each.recommended in right[each.case_id]].append(each)
    proved = [each for each in blind if each.case_id in right]
    pairs = Counter((each.recommended, each.outcome) for each in blind)
    agreed, accepted = _agreeing(blind), _agreeing(shown)
    return Figures(
        name=name,
        blind=agreed,
        open=accepted,
        pull=Difference(accepted, agreed),
        kappa=kappa(pairs) if len(blind) >= FEWEST_FOR_KAPPA else None,
        overridden_right=_overriding(of_machine[True]),
        overridden_wrong=_overriding(of_machine[False]),
        blind_right=Share(sum(each.outcome in right[each.case_id] for each in proved), len(proved)),
        drift=Difference(agreed, _agreeing(_by_blindness(before)[0])),
    )


def _by_blindness(made: list[Made]) -> tuple[list[Made], list[Made]]:
    return [each for each in made if each.blind], [each for each in made if not each.blind]


def _agreeing(made: list[Made]) -> Share:
    return Share(sum(each.agrees for each in made), len(made))


def _overriding(made: list[Made]) -> Share:
    return Share(sum(not each.agrees for each in made), len(made))
