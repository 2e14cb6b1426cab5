"""Pages of triage beside the case page. Thin: services decide, templates show."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from fintech_ai.accounts.pages import member_required
from fintech_ai.cases.selectors import case_visible_to
from triage.sar.xml import as_xml
from triage.selectors import sar_visible_to
from triage.services import sar_export


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
