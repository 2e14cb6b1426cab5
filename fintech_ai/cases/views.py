"""The pages on which people work their queues. Thin: services decide, selectors find, templates show."""

import uuid
from collections.abc import Callable

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
from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.case_page import case_page, decision_label, missed
from fintech_ai.cases.forms import AssignForm, DecisionForm, FilterForm, SecondForm, VersionedForm, query_of
from fintech_ai.cases.models import Case, Queue
from fintech_ai.cases.permissions import ASSIGN, DECIDE, rights_on
from fintech_ai.cases.selectors import (
    SHOW,
    case_visible_to,
    cases_visible_to,
    members_with_right,
    next_to_approve,
    queue_cases,
    queue_visible_to,
    queues_visible_to,
)
from fintech_ai.cases.states import CaseState
from fintech_ai.cases.trail import trail_entries
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError, Conflict, InvalidInput, NotAllowed

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
    return _go_on(request, queue, said="")


@member_required
@require_POST
def queue_assign(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand the chosen cases to a member, each by itself, so that one that changed meanwhile holds up no other."""
    queue = queue_visible_to(request.actor, slug)
    back = _with_query(reverse("queue", args=[slug]), request)
    chosen = [item.partition(".") for item in request.POST.getlist("case")[:PAGE_SIZE]]
    if not chosen:
        messages.warning(request, "Choose the cases to assign first.")
        return redirect(back)
    done = 0
    for case_id, _, version in chosen:
        form = AssignForm({"version": version, "assignee": request.POST.get("assignee", "")})
        try:
            services.case_assign(actor=request.actor, case_id=_as_uuid(case_id), **_cleaned(form, "assignee"))
            done += 1
        except AppError as refusal:
            messages.warning(request, refusal.message)
    if done:
        messages.success(request, f"{done} {'case' if done == 1 else 'cases'} assigned in {queue.name}.")
    return redirect(back)


@member_required
@require_safe
def case(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """One case: its evidence, its recommendation, and what this person may do now.

    While its run goes on the page asks again and again for itself; until there is news it gets an empty answer.
    """
    if "HX-Request" in request.headers and case_visible_to(request.actor, case_id).state == CaseState.RECEIVED:
        return HttpResponse(status=204)
    return render(request, "cases/case.html", case_page(request.actor, case_id, query=request.GET))


@member_required
@require_safe
def case_trail(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """All that has happened to a case."""
    case = case_visible_to(request.actor, case_id)
    entries = trail_entries(capability_named(case.capability), case.id)
    return render(
        request, "cases/trail.html", {"case": case, "queue": case.queue, "queue_is": "true", "trail": entries}
    )


@member_required
@require_POST
def take(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Hold the case."""
    return _simply(request, case_id, services.case_take, "{} is yours.")


@member_required
@require_POST
def release(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Let go of the case."""
    return _simply(request, case_id, services.case_release, "{} is free again.")


@member_required
@require_POST
def assign(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Hand the case to a member."""
    case_visible_to(request.actor, case_id)
    form = AssignForm(request.POST)

    def handed(*, actor: Actor, case_id: uuid.UUID) -> Case:
        return services.case_assign(actor=actor, case_id=case_id, **_cleaned(form, "assignee"))

    return _simply(request, case_id, handed, "{} is assigned.")


@member_required
@require_POST
def decide(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Decide the case, and go on to the next one."""
    capability = capability_named(case_visible_to(request.actor, case_id).capability)
    form = DecisionForm(capability, request.POST)
    try:
        decision = services.case_decide(
            actor=request.actor, case_id=case_id, **_cleaned(form, "outcome", "reason", "note")
        )
    except (InvalidInput, NotAllowed, Conflict) as refusal:
        return _refused(request, case_id, form, refusal)
    case = case_visible_to(request.actor, case_id)
    label = decision_label(capability, decision.outcome).lower()
    waits = " It waits for a second person." if case.is_open else ""
    return _go_on(request, case.queue, said=f"{case.reference} decided: {label}.{waits}", leaving=case)


@member_required
@require_POST
def approve(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Approve another person's decision, and go on to the next one that waits."""
    return _answer(request, case_id, services.case_approve, "{} approved.")


@member_required
@require_POST
def send_back(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Return a decision to whoever made it."""
    return _answer(request, case_id, services.case_send_back, "{} sent back.")


def _answer(request: HttpRequest, case_id: uuid.UUID, service: Callable, said: str) -> HttpResponse:
    form = SecondForm(request.POST)
    try:
        service(actor=request.actor, case_id=case_id, **_cleaned(form, "note"))
    except (InvalidInput, NotAllowed, Conflict) as refusal:
        return _refused(request, case_id, form, refusal)
    case = case_visible_to(request.actor, case_id)
    said = said.format(case.reference)
    following = next_to_approve(request.actor, case.queue)
    if following is None:
        messages.success(request, f"{said} Nothing else waits for your approval.")
        return redirect("queue", case.queue.slug)
    messages.success(request, f"{said} Next: {following.reference}.")
    return redirect(_with_query(reverse("case", args=[following.id]), request))


def _simply(request: HttpRequest, case_id: uuid.UUID, service: Callable[..., Case], said: str) -> HttpResponse:
    try:
        case = service(actor=request.actor, case_id=case_id)
    except (InvalidInput, NotAllowed, Conflict) as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, said.format(case.reference))
    return redirect(_with_query(reverse("case", args=[case_id]), request))


def _go_on(request: HttpRequest, queue: Queue, *, said: str, leaving: Case | None = None) -> HttpResponse:
    """To the next case that is this person's, or back to the queue when there is none."""
    try:
        following = services.case_take_next(actor=request.actor, queue=queue, skip=leaving.id if leaving else None)
    except NotAllowed as refusal:
        messages.warning(request, f"{said} {refusal.message}".strip())
        following = None
    else:
        after = f"Next: {following.reference}." if following else f"Nothing else in {queue.name} is free."
        messages.success(request, f"{said} {after}".strip())
    target = reverse("case", args=[following.id]) if following else reverse("queue", args=[queue.slug])
    return redirect(_with_query(target, request))


def _refused(
    request: HttpRequest, case_id: uuid.UUID, form: DecisionForm | SecondForm, refusal: AppError
) -> HttpResponse:
    """The same page again with what was typed; after a conflict, with what has happened meanwhile."""
    context = case_page(request.actor, case_id, query=request.GET, form=form) | {"refusal": refusal.message}
    if isinstance(refusal, InvalidInput) and not form.errors:
        form.take_over(refusal)
    if isinstance(refusal, Conflict):
        context |= missed(context["case"], form, context["detail"].capability)
    return render(request, "cases/case.html", context, status=refusal.status)


def _cleaned(form: VersionedForm, *names: str) -> dict:
    """The version and these fields. Raises InvalidInput without fields where the form itself says what is wrong."""
    if not form.is_valid():
        raise InvalidInput("Correct what is marked.", fields={})
    given = {name: form.cleaned_data[name] for name in ("version", *names)}
    if "assignee" in given:
        given["assignee_id"] = given.pop("assignee")
    return given


def _as_uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("This is not a case.") from None


def _with_query(path: str, request: HttpRequest) -> str:
    query = query_of(FilterForm(request.GET).filters())
    return f"{path}?{query}" if query else path
