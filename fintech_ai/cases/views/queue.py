"""The pages of a queue. Thin: services decide, selectors find, templates show."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from fintech_ai.accounts.models import Role
from fintech_ai.accounts.pages import member_required
from fintech_ai.cases import services
from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.export import csv_lines
from fintech_ai.cases.forms import AssignForm, DecisionForm, FilterForm, query_of
from fintech_ai.cases.models import Case, Queue
from fintech_ai.cases.permissions import ASSIGN, DECIDE, rights_on
from fintech_ai.cases.selectors import (
    SHOW,
    CaseFilters,
    case_visible_to,
    cases_visible_to,
    members_with_right,
    queue_cases,
    queue_visible_to,
    queues_visible_to,
)
from fintech_ai.cases.states import CaseState
from fintech_ai.cases.views.common import cleaned, go_on, with_query
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError, Conflict, InvalidInput

PAGE_SIZE = 50
COUNT_LIMIT = 1000
SOON = timedelta(hours=1)


@member_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first place to be for this person."""
    first = queues_visible_to(request.actor).first()
    if request.actor.role == Role.COMPLIANCE:
        return redirect("admin:index")
    if first is None:
        return render(request, "cases/no_queue.html")
    return redirect("queue", first.slug)


@member_required
@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """The cases of a queue, as the filters in the address ask."""
    queue = queue_visible_to(request.actor, slug)
    form = FilterForm(request.GET)
    filters = form.filters()
    page, count = page_of(request.actor, queue, filters, number=request.GET.get("page"))
    rights = rights_on(request.actor, queue)
    capability = capability_named(queue.capability)
    page.object_list = with_similar(queue, list(page.object_list))
    late = overdue(request.actor, queue)
    context = {
        "queue": queue,
        "form": form,
        "filters": filters,
        "list_query": query_of(filters),
        "views": [(show, label, query_of(filters, show=show)) for show, label in SHOW.items()],
        "is_narrowed": bool(filters.text or filters.min_risk is not None or filters.min_amount is not None),
        "page": page,
        "count": count if count <= COUNT_LIMIT else f"more than {COUNT_LIMIT}",
        "overdue": late,
        "may_decide": DECIDE in rights,
        "may_see_agreement": ASSIGN in rights or request.actor.role == Role.COMPLIANCE,
        "may_choose": bool({DECIDE, ASSIGN} & rights) and filters.show not in ("decided", "approval"),
        "members": members_with_right(queue, DECIDE) if ASSIGN in rights else None,
        "further_pages": [(reverse(name, args=[slug]), label) for name, label in capability.queue_pages],
        "choices": capability.choices,
        "reasons": capability.reasons,
        "due_soon": due_within(request.actor, queue, SOON) - late,
    }
    return render(request, "cases/queue.html", context)


def page_of(actor: Actor, queue: Queue, filters: CaseFilters, *, number: str | None) -> tuple[Page, int]:
    """A page of the cases that fit, and how many fit in all; no more than COUNT_LIMIT + 1 are counted."""
    found = queue_cases(actor, queue, filters)
    if not filters.text:
        count = found.order_by()[: COUNT_LIMIT + 1].count()
        return Paginator(_Known(count, lambda part: found[part]), PAGE_SIZE).get_page(number), count
    # To search costs more than to sort what was found, so it is done once, for the count and the page together.
    ids = list(found.values_list("id", flat=True)[: COUNT_LIMIT + 1])

    def cases(part: slice) -> list[Case]:
        rows = Case.objects.select_related("assignee", "recommendation").in_bulk(ids[part])
        return [rows[case_id] for case_id in ids[part] if case_id in rows]

    return Paginator(_Known(len(ids), cases), PAGE_SIZE).get_page(number), len(ids)


class _Known:
    """Cases of which the number is known already, up to COUNT_LIMIT; parts of them are fetched when asked for."""

    def __init__(self, count: int, fetch: Callable[[slice], Sequence[Case]]):
        self.known, self.fetch = min(count, COUNT_LIMIT), fetch

    def count(self) -> int:
        return self.known

    def __len__(self) -> int:
        return self.known

    def __getitem__(self, part: slice) -> Sequence[Case]:
        return self.fetch(part)


def with_similar(queue: Queue, cases: list[Case]) -> list[Case]:
    """The cases, each with how many others of the queue are like it."""
    counts = capability_named(queue.capability).similar_counts(cases)
    for case in cases:
        case.similar = counts.get(case.id, 0)
    return cases


def overdue(actor: Actor, queue: Queue) -> int:
    """How many cases in review are past their time; no more than COUNT_LIMIT are counted."""
    return due_within(actor, queue, timedelta(0))


def due_within(actor: Actor, queue: Queue, time: timedelta) -> int:
    """How many cases in review are past their time or will be within this one; no more than COUNT_LIMIT are counted."""
    due = cases_visible_to(actor).filter(queue=queue, state=CaseState.IN_REVIEW, due_at__lt=timezone.now() + time)
    return due.order_by()[:COUNT_LIMIT].count()


@member_required
@require_safe
def queue_export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The cases of the view as CSV."""
    queue = queue_visible_to(request.actor, slug)
    filters = FilterForm(request.GET).filters()
    cases = services.cases_export(actor=request.actor, queue=queue, filters=filters, form="csv")
    response = StreamingHttpResponse(csv_lines(cases), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


@member_required
@require_POST
def queue_next(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the case that matters most."""
    queue = queue_visible_to(request.actor, slug)
    return go_on(request, queue, said="")


@member_required
@require_POST
def queue_assign(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand the chosen cases to a member, each by itself, so that one that changed meanwhile holds up no other."""

    def assign(case_id: uuid.UUID, version: str) -> None:
        form = AssignForm({"version": version, "assignee": request.POST.get("assignee", "")})
        services.case_assign(actor=request.actor, case_id=case_id, **cleaned(form, "assignee"))

    return _each_chosen(request, slug, assign, "assigned")


@member_required
@require_POST
def queue_decide(request: HttpRequest, slug: str) -> HttpResponse:
    """Decide the chosen cases alike, for one reason; each is checked and recorded by itself, as if decided alone."""
    capability = capability_named(queue_visible_to(request.actor, slug).capability)
    told = {name: request.POST.get(name, "") for name in ("outcome", "reason", "note")}

    def decide(case_id: uuid.UUID, version: str) -> None:
        if case_visible_to(request.actor, case_id).is_blind:
            raise Conflict("A blind case is decided on its own page, from its own evidence.")
        form = DecisionForm(capability, {"version": version, **told})
        services.case_decide(actor=request.actor, case_id=case_id, **cleaned(form, "outcome", "reason", "note"))

    return _each_chosen(request, slug, decide, "decided")


def _each_chosen(
    request: HttpRequest, slug: str, change: Callable[[uuid.UUID, str], None], done_in_words: str
) -> HttpResponse:
    """Change the chosen cases one by one; what was refused is said, the same sentence once with its cases."""
    queue = queue_visible_to(request.actor, slug)
    back = with_query(reverse("queue", args=[slug]), request)
    chosen = [item.partition(".") for item in request.POST.getlist("case")[:PAGE_SIZE]]
    if not chosen:
        messages.warning(request, "Choose the cases first.")
        return redirect(back)
    done, refused = 0, defaultdict(list)
    for text, _, version in chosen:
        try:
            change(_as_uuid(text), version)
            done += 1
        except AppError as refusal:
            refused[refusal.message].append(text)
    for sentence, those in refused.items():
        messages.warning(request, f"{', '.join(_references(request.actor, those))}: {sentence}")
    if done:
        messages.success(request, f"{done} {'case' if done == 1 else 'cases'} {done_in_words} in {queue.name}.")
    return redirect(back)


def _references(actor: Actor, chosen: list[str]) -> list[str]:
    """What people call these cases; what is none has no name."""
    named = {str(case.id): case.reference for case in cases_visible_to(actor).filter(id__in=filter(_is_uuid, chosen))}
    return [named.get(text, "Unknown case") for text in chosen]


def _is_uuid(text: str) -> bool:
    try:
        _as_uuid(text)
    except InvalidInput:
        return False
    return True


def _as_uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("This is not a case.") from None
