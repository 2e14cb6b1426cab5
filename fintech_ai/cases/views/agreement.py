"""The page on which a lead sees how people and recommendations agree, and says how much is decided blind."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from fintech_ai.accounts.pages import member_required
from fintech_ai.cases import agreement as figures
from fintech_ai.cases import services
from fintech_ai.cases.forms import USUAL_DAYS, BlindForm, SpanForm
from fintech_ai.cases.permissions import ASSIGN, rights_on
from fintech_ai.cases.selectors import queue_visible_to
from fintech_ai.core.errors import InvalidInput, NotAllowed


@member_required
@require_safe
def agreement(request: HttpRequest, slug: str) -> HttpResponse:
    """Agreement over the last days, in total and by person."""
    queue = queue_visible_to(request.actor, slug)
    form = SpanForm({"days_back": USUAL_DAYS} | request.GET.dict())
    now = timezone.now()
    found = figures.agreement(request.actor, queue, since=now - timedelta(days=form.days), until=now)
    context = {
        "queue": queue,
        "form": form,
        "agreement": found,
        "rows": [*found.people, found.total],
        "may_set": ASSIGN in rights_on(request.actor, queue),
        "blind_form": BlindForm(initial={"percent": queue.blind_percent}),
    }
    return render(request, "cases/agreement.html", context)


@member_required
@require_POST
def blind(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the share of new cases that is decided blind."""
    queue = queue_visible_to(request.actor, slug)
    form = BlindForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidInput(" ".join(form.errors["percent"]))
        services.queue_blind_set(actor=request.actor, queue=queue, percent=form.cleaned_data["percent"])
    except (InvalidInput, NotAllowed) as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, f"From now on {form.cleaned_data['percent']}% of new cases are decided blind.")
    return redirect("queue-agreement", slug)
