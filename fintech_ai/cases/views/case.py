"""The pages of a case. Thin: services decide, selectors find, templates show."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from fintech_ai.accounts.pages import member_required
from fintech_ai.cases import services
from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.case_page import case_page, decision_label, missed
from fintech_ai.cases.forms import AssignForm, DecisionForm, SecondForm, SnoozeForm
from fintech_ai.cases.models import Case
from fintech_ai.cases.selectors import case_visible_to, next_to_approve
from fintech_ai.cases.states import CaseState
from fintech_ai.cases.trail import trail_entries
from fintech_ai.cases.views.common import cleaned, go_on, with_query
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError, Conflict, InvalidInput, NotAllowed


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
    entries = trail_entries(capability_named(case.capability), case)
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
        return services.case_assign(actor=actor, case_id=case_id, **cleaned(form, "assignee"))

    return _simply(request, case_id, handed, "{} is assigned.")


@member_required
@require_POST
def snooze(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Put the case out of sight for a while, or take it back."""
    case_visible_to(request.actor, case_id)
    form = SnoozeForm(request.POST)
    given = {"version": form.cleaned_data["version"]} if form.is_valid() else {}

    def put_away(*, actor: Actor, case_id: uuid.UUID) -> Case:
        if not given:
            raise InvalidInput("Choose how long, and reload the page if it is old.")
        return services.case_snooze(
            actor=actor, case_id=case_id, until=form.until, why=form.cleaned_data["why"], **given
        )

    woken = bool(given) and form.until is None
    return _simply(request, case_id, put_away, "{} is back." if woken else "{} is snoozed.")


@member_required
@require_POST
def decide(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Decide the case, and go on to the next one."""
    capability = capability_named(case_visible_to(request.actor, case_id).capability)
    form = DecisionForm(capability, request.POST)
    try:
        decision = services.case_decide(
            actor=request.actor, case_id=case_id, **cleaned(form, "outcome", "reason", "note")
        )
    except (InvalidInput, NotAllowed, Conflict) as refusal:
        return _refused(request, case_id, form, refusal)
    case = case_visible_to(request.actor, case_id)
    said = f"{case.reference} decided: {decision_label(capability, decision.outcome).lower()}."
    if decision.blind:
        said += (
            f" You decided blind; the recommendation was: {decision_label(capability, decision.recommended).lower()}."
        )
    if case.is_open:
        said += " It waits for a second person."
    return go_on(request, case.queue, said=said, leaving=case)


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
        service(actor=request.actor, case_id=case_id, **cleaned(form, "note"))
    except (InvalidInput, NotAllowed, Conflict) as refusal:
        return _refused(request, case_id, form, refusal)
    case = case_visible_to(request.actor, case_id)
    said = said.format(case.reference)
    following = next_to_approve(request.actor, case.queue)
    if following is None:
        messages.success(request, f"{said} Nothing else waits for your approval.")
        return redirect("queue", case.queue.slug)
    messages.success(request, f"{said} Next: {following.reference}.")
    return redirect(with_query(reverse("case", args=[following.id]), request))


def _simply(request: HttpRequest, case_id: uuid.UUID, service: Callable[..., Case], said: str) -> HttpResponse:
    try:
        case = service(actor=request.actor, case_id=case_id)
    except (InvalidInput, NotAllowed, Conflict) as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, said.format(case.reference))
    return redirect(with_query(reverse("case", args=[case_id]), request))


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
