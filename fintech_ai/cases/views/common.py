"""What the pages of queues and those of cases both do."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from fintech_ai.cases import services
from fintech_ai.cases.forms import FilterForm, VersionedForm, query_of
from fintech_ai.cases.models import Case, Queue
from fintech_ai.core.errors import InvalidInput, NotAllowed


def go_on(request: HttpRequest, queue: Queue, *, said: str, leaving: Case | None = None) -> HttpResponse:
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
    return redirect(with_query(target, request))


def cleaned(form: VersionedForm, *names: str) -> dict:
    """The version and these fields. Raises InvalidInput without fields where the form itself says what is wrong."""
    if not form.is_valid():
        raise InvalidInput("Correct what is marked.", fields={})
    given = {name: form.cleaned_data[name] for name in ("version", *names)}
    if "assignee" in given:
        given["assignee_id"] = given.pop("assignee")
    return given


def with_query(path: str, request: HttpRequest) -> str:
    query = query_of(FilterForm(request.GET).filters())
    return f"{path}?{query}" if query else path
