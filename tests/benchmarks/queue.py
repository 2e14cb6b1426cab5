"""bin/bench queue: a desk with a million cases of 50 tenants, as PostgreSQL sees it.

The largest tenant has a tenth of the cases, in one queue. A tenth of all is open; people hold half of that. Each figure
is the time of all statements of one request, of queues drawn at random and of the largest in turn. The peer is the same
desk without the indexes that are ours.

    bin/bench queue [--cases 1000000] [--tenants 50]
"""

import hashlib
import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.database import fresh_database
from tests.benchmarks.report import arguments, table, write

ROUNDS = 60
TAKES = 25
PEOPLE = 6
MERCHANTS = 4_000
# Of the largest tenant; the others share the rest evenly.
LARGEST_SHARE = 0.1
SEED = 20261124
FILL = """
INSERT INTO cases_case (
    id, tenant_id, number, capability, queue_id, subject, amount, currency, headline, risk, state, outcome, version,
    assignee_id, assigned_at, created_at, due_at, closed_at, snoozed_why, is_blind
)
SELECT gen_random_uuid(), %(tenant)s, nextval('case_number'), 'triage', %(queue)s,
    translate(md5('m' || (random() * %(merchants)s)::int), '0123456789', 'ghijklmnop')::varchar(8)
        || (ARRAY[' Inc', ' LLC', ' Ltd', ' Group', ' and Sons', ' Stores'])[1 + floor(random() * 6)::int],
    (random() * 2000)::numeric(19, 4), 'USD', 'Amount out of pattern', (100 * power(random(), 2))::int,
    CASE WHEN is_open THEN 'in_review' ELSE 'decided' END,
    CASE WHEN is_open THEN '' WHEN dice < .9 THEN 'clear' ELSE 'block' END, 3,
    CASE WHEN is_open AND dice < .5 THEN (%(people)s::uuid[])[1 + floor(random() * %(n)s)::int] END,
    CASE WHEN is_open AND dice < .5 THEN at END, at, at + interval '4 hours',
    CASE WHEN is_open THEN NULL ELSE at + interval '1 hour' END, '', false
FROM (
    SELECT now() - random() * interval '180 days' AS at, random() < .1 AS is_open, random() AS dice
    FROM generate_series(1, %(count)s)
) AS drawn
"""


@dataclass(frozen=True)
class Team:
    """A tenant with its queue and the people who work it."""

    tenant_id: uuid.UUID
    queue: object
    actors: list


def main() -> None:
    """Build the desk, and measure it."""
    options = arguments(__doc__, numbers={"cases": 1_000_000, "tenants": 50})
    cases, tenants = options.numbers["cases"], options.numbers["tenants"]
    with fresh_database():
        teams = _teams(tenants)
        began = time.perf_counter()
        _fill(teams, cases)
        print(f"{cases:,} cases in {tenants} tenants, made in {time.perf_counter() - began:.0f} s")
        figures = _measured(teams, "with our indexes")
        figures |= _next_case_race(teams[0])
        _drop_our_indexes()
        figures |= {f"peer_{name}": value for name, value in _measured(teams, "peer: without them").items()}
    write(figures, options.json)


def _teams(count: int) -> list[Team]:
    from fintech_ai.accounts.models import Role
    from fintech_ai.accounts.services import group_create, member_add, tenant_create
    from fintech_ai.cases.permissions import APPROVE, ASSIGN, DECIDE, VIEW
    from fintech_ai.cases.services import queue_create, queue_grant
    from fintech_ai.core.actors import Actor
    from fintech_ai.core.tenancy import tenant_scope

    teams = []
    for number in range(count):
        tenant = tenant_create(slug=f"bench-{number}", name=f"Bench {number}")
        with tenant_scope(tenant.id):
            system = Actor.system(tenant_id=tenant.id, name="bench")
            group = group_create(actor=system, name="Analysts")
            queue = queue_create(actor=system, capability="triage", name="Card alerts", slug="cards")
            queue_grant(actor=system, queue=queue, group=group, permissions=[VIEW, DECIDE, ASSIGN, APPROVE])
            members = [
                member_add(
                    actor=system,
                    email=f"a{number}-{n}@bench.example",
                    name=f"Person {n}",
                    role=Role.ANALYST,
                    groups=[group],
                )
                for n in range(PEOPLE)
            ]
            teams.append(Team(tenant.id, queue, [membership.as_actor() for membership in members]))
    return teams


def _fill(teams: list[Team], cases: int) -> None:
    """Cases without their runs: what lists and takes read is the case alone."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        for place, team in enumerate(teams):
            share = LARGEST_SHARE if not place else (1 - LARGEST_SHARE) / (len(teams) - 1)
            people = [str(actor.user_id) for actor in team.actors[:-1]]
            cursor.execute(
                FILL,
                {
                    "tenant": team.tenant_id,
                    "queue": team.queue.id,
                    "merchants": MERCHANTS,
                    "people": people,
                    "n": len(people),
                    "count": round(cases * share),
                },
            )
        cursor.execute("VACUUM ANALYZE cases_case")


def _measured(teams: list[Team], name: str) -> dict[str, float]:
    """Milliseconds in the database for each thing that people do."""
    from fintech_ai.cases.selectors import SORTS, CaseFilters

    dice = random.Random(SEED)
    asked: dict[str, Callable[[Team], None]] = {}
    for sort in SORTS:
        asked[f"page, {sort}"] = lambda team, sort=sort: _page(team, CaseFilters(sort=sort))
    asked["page, all open"] = lambda team: _page(team, CaseFilters(show="open"))
    asked["page, decided"] = lambda team: _page(team, CaseFilters(show="decided"))
    asked["page, risk from 80"] = lambda team: _page(team, CaseFilters(min_risk=80))
    asked["page, amount from 1,990"] = lambda team: _page(team, CaseFilters(show="open", min_amount=1_990))
    asked["search, common word"] = lambda team: _page(team, CaseFilters(show="open", text="and sons"))
    asked["search, rare name"] = lambda team: _page(team, CaseFilters(show="decided", text=_a_name(dice)))
    asked["search, nothing"] = lambda team: _page(team, CaseFilters(show="open", text="zebra"))
    asked["search, number"] = lambda team: _page(team, CaseFilters(show="open", text=f"T-{dice.randrange(10**6)}"))
    asked["next case"] = _take
    figures, rows = {}, []
    for what, ask in asked.items():
        times = []
        for turn in range(ROUNDS):
            times.append(_milliseconds(ask, teams[0] if turn % 2 else dice.choice(teams)))
        p50, p95 = statistics.median(times), sorted(times)[int(0.95 * ROUNDS)]
        key = what.replace(",", "").replace(" ", "_")
        figures |= {f"{key}_p50_ms": round(p50, 1), f"{key}_p95_ms": round(p95, 1)}
        rows.append((what, p50, p95, max(times)))
    table(f"Milliseconds at the database, {name}", ["", "p50", "p95", "most"], rows)
    return figures


def _a_name(dice: random.Random) -> str:
    """A merchant's name as FILL makes it, without what it ends in."""
    hashed = hashlib.md5(f"m{dice.randrange(MERCHANTS)}".encode(), usedforsecurity=False).hexdigest()
    return hashed.translate(str.maketrans("0123456789", "ghijklmnop"))[:8]


def _milliseconds(ask: Callable[[Team], None], team: Team) -> float:
    from django.db import connection

    from fintech_ai.core.tenancy import tenant_scope

    spent = 0.0

    def clock(execute, statement, params, many, context):
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(statement, params, many, context)
        finally:
            spent += time.perf_counter() - began

    with tenant_scope(team.tenant_id), connection.execute_wrapper(clock):
        ask(team)
    return 1_000 * spent


def _page(team: Team, filters) -> None:
    """What the queue page asks of the database, its frame included."""
    from fintech_ai.cases.context import queue_links
    from fintech_ai.cases.selectors import queue_visible_to
    from fintech_ai.cases.views.queue import SOON, due_within, overdue, page_of, with_similar

    actor = team.actors[0]
    queue_links(actor)
    queue = queue_visible_to(actor, team.queue.slug)
    page, _ = page_of(actor, queue, filters, number="1")
    with_similar(queue, list(page.object_list))
    overdue(actor, queue)
    due_within(actor, queue, SOON)


def _take(team: Team) -> None:
    from fintech_ai.cases.services import case_release, case_take_next

    # The last of them holds nothing, so she gets a free one; then she lets it go, so that it stays so.
    actor = team.actors[-1]
    case = case_take_next(actor=actor, queue=team.queue)
    case_release(actor=actor, case_id=case.id)


def _next_case_race(team: Team) -> dict[str, float | int]:
    """Several people at once ask for the next case, each letting go of none: nobody gets another's."""
    from django.db import connection

    from fintech_ai.cases.models import Case
    from fintech_ai.cases.services import case_take_next
    from fintech_ai.core.tenancy import tenant_scope

    with tenant_scope(team.tenant_id):
        Case.objects.filter(queue=team.queue, assignee__isnull=False, closed_at=None).update(
            assignee=None, assigned_at=None
        )
    times: list[float] = []
    won: list[uuid.UUID] = []

    def work(number: int) -> None:
        actor = team.actors[number % PEOPLE]
        with tenant_scope(team.tenant_id):
            skip = None
            for _ in range(TAKES):
                began = time.perf_counter()
                case = case_take_next(actor=actor, queue=team.queue, skip=skip)
                times.append(1_000 * (time.perf_counter() - began))
                Case.objects.filter(id=case.id).update(state="awaiting_approval")
                won.append(case.id)
        connection.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(PEOPLE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    p50, p95 = statistics.median(times), sorted(times)[int(0.95 * len(times))]
    title = f"{PEOPLE} people at once take {TAKES} cases each, ms with waiting"
    table(title, ["taken", "different", "p50", "p95"], [(len(won), len(set(won)), p50, p95)])
    return {"race_taken": len(won), "race_different": len(set(won)), "race_p50_ms": p50, "race_p95_ms": p95}


def _drop_our_indexes() -> None:
    """As a desk would be that has only the indexes of its keys."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'cases_case' AND indexname LIKE 'case\\_%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")


if __name__ == "__main__":
    main()
