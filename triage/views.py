"""Pages of triage beside the case page. Thin: services decide, templates show."""

import uuid
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from fintech_ai.accounts.pages import member_required
from fintech_ai.cases.selectors import case_visible_to, queue_visible_to
from fintech_ai.core.errors import InvalidInput, NotFound
from triage.forms import SimulationForm
from triage.permissions import check_can_simulate
from triage.sar.xml import as_xml
from triage.selectors import sar_visible_to
from triage.services import sar_export
from triage.simulation import simulate


@member_required
@require_safe
def simulation(request: HttpRequest, slug: str) -> HttpResponse:
    """What would have been recommended of the last days' alerts under other rules."""
    queue = queue_visible_to(request.actor, slug)
    check_can_simulate(request.actor, queue)
    if queue.capability != "triage":
        raise NotFound("Only a queue of fraud alerts can be simulated.")
    form, found, now = SimulationForm(request.GET.dict()), None, timezone.now()
    if form.is_valid():
        since = now - timedelta(days=form.cleaned_data["days_back"])
        try:
            found = simulate(request.actor, queue, form.rules(), since=since, until=now)
        except InvalidInput as refusal:
            form.add_error("ranked_by", refusal.message)
    return render(request, "triage/simulation.html", {"queue": queue, "form": form, "found": found})


@member_required
@require_safe
def sar(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """What a suspicious activity report would say, and what a person has to add."""
    case = case_visible_to(request.actor, case_id)
    draft = sar_visible_to(request.actor, case)
    return render(request, "triage/sar.html", {"case": case, "queue": case.queue, "queue_is": "true", "draft": draft})


@member_required
@require_POST
def sar_xml(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """The draft as a file for the bank's filing software. Nothing is sent anywhere."""
    case = case_visible_to(request.actor, case_id)
    draft = sar_export(actor=request.actor, case=case)
    response = HttpResponse(as_xml(draft), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="sar-draft-{case.reference}.xml"'
    return response
