"""The pages of a queue. Thin: services decide, selectors find, templates show."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from fintech_ai.accounts.models import Role
from fintech_ai.accounts.pages import member_required
from fintech_ai.cases import services
from fintech_ai.cases.forms import AssignForm, FilterForm, query_of
from fintech_ai.cases.models import Queue
from fintech_ai.cases.permissions import ASSIGN, DECIDE, rights_on
from fintech_ai.cases.selectors import (
    SHOW,
    cases_visible_to,
    members_with_right,
    queue_cases,
    queue_visible_to,
    queues_visible_to,
)
from fintech_ai.cases.states import CaseState
from fintech_ai.cases.views.common import cleaned, go_on, with_query
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError, InvalidInput

PAGE_SIZE = 50
COUNT_LIMIT = 1000


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
    found = queue_cases(request.actor, queue, filters)
    count = found.order_by()[: COUNT_LIMIT + 1].count()
    page = Paginator(_Counted(found, count), PAGE_SIZE).get_page(request.GET.get("page"))
    rights = rights_on(request.actor, queue)
    context = {
        "queue": queue,
        "form": form,
        "filters": filters,
        "list_query": query_of(filters),
        "views": [(show, label, query_of(filters, show=show)) for show, label in SHOW.items()],
        "is_narrowed": bool(filters.text or filters.min_risk is not None or filters.min_amount is not None),
        "page": page,
        "count": count if count <= COUNT_LIMIT else f"more than {COUNT_LIMIT}",
        "overdue": _overdue(request.actor, queue),
        "may_decide": DECIDE in rights,
        "members": members_with_right(queue, DECIDE) if ASSIGN in rights else None,
    }
    return render(request, "cases/queue.html", context)


class _Counted:
    """A queryset with the count that is known already, which stops at COUNT_LIMIT."""

    def __init__(self, found, count: int):
        self.found, self.known = found, min(count, COUNT_LIMIT)

    def count(self) -> int:
        return self.known

    def __len__(self) -> int:
        return self.known

    def __getitem__(self, part: slice):
        return self.found[part]


def _overdue(actor: Actor, queue: Queue) -> int:
    due = cases_visible_to(actor).filter(queue=queue, state=CaseState.IN_REVIEW, due_at__lt=timezone.now())
    return due.order_by()[:COUNT_LIMIT].count()


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
    queue = queue_visible_to(request.actor, slug)
    back = with_query(reverse("queue", args=[slug]), request)
    chosen = [item.partition(".") for item in request.POST.getlist("case")[:PAGE_SIZE]]
    if not chosen:
        messages.warning(request, "Choose the cases to assign first.")
        return redirect(back)
    done = 0
    for case_id, _, version in chosen:
        form = AssignForm({"version": version, "assignee": request.POST.get("assignee", "")})
        try:
            services.case_assign(actor=request.actor, case_id=_as_uuid(case_id), **cleaned(form, "assignee"))
            done += 1
        except AppError as refusal:
            messages.warning(request, refusal.message)
    if done:
        messages.success(request, f"{done} {'case' if done == 1 else 'cases'} assigned in {queue.name}.")
    return redirect(back)


def _as_uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("This is not a case.") from None
