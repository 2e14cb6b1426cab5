"""The page on which what was sent and received is looked at: a reason first, then the content, then what was masked."""

import itertools
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from fintech_ai.audit.admin import PERSON
from fintech_ai.audit.models import AuditEvent
from fintech_ai.core.error_pages import page_of_error
from fintech_ai.core.errors import InvalidInput, NotAllowed, NotFound
from fintech_ai.gateway.contents import LookReason, content_read
from fintech_ai.gateway.displayed import displayed
from fintech_ai.gateway.models import CallContent, ModelCall
from fintech_ai.privacy.vault import NotSealedHere, VaultClosed

WHOSE = {
    "system": "Instructions",
    "user": "Data",
    "assistant": "What the model had said",
    "tool": "What was looked up for it",
}
LOOKS = {
    "model_call.read": "content",
    "model_call.originals_read": "content and masked values",
    "model_call.read_refused": "refused",
}


class LookForm(forms.Form):
    """Why somebody looks."""

    reason = forms.ChoiceField(choices=[("", "Choose one"), *LookReason.choices])
    reference = forms.CharField(
        required=False,
        max_length=40,
        help_text="If there is one: the number of a ticket, case or letter, such as INC-2031. No names.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    originals = forms.BooleanField(required=False, widget=forms.HiddenInput)


class ContentPage:
    """GET asks for a reason; POST records the look and shows the content. Nothing of it is ever in an address."""

    def __init__(self, model_admin: admin.ModelAdmin):
        self.site = model_admin.admin_site
        self.opts = model_admin.opts
        self._for_officers = self.site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self._page))

    def view(self, request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
        """The page. Somebody of the tenant who may not be here and asks nevertheless leaves a trace."""
        if request.method == "POST" and request.actor and not self.site.has_permission(request):
            try:
                content_read(actor=request.actor, call_id=call_id, reason="")
            except (NotAllowed, NotFound, InvalidInput):
                raise Http404("Only a compliance officer may open these pages.") from None
        return self._for_officers(request, call_id=call_id)

    def _page(self, request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
        call = ModelCall.objects.filter(id=call_id).first()
        if call is None:
            raise Http404("There is no such model call.")
        if request.method != "POST":
            return self._asked(request, call, LookForm())
        form = LookForm(request.POST)
        if not form.is_valid():
            return self._asked(request, call, form, status=400)
        try:
            document = content_read(actor=request.actor, call_id=call.id, **form.cleaned_data)
        except InvalidInput as error:
            for name, messages in error.fields.items():
                form.add_error(name, messages)
            return self._asked(request, call, form, status=400)
        except NotAllowed as error:
            return page_of_error(request, error)
        except NotFound as error:
            raise Http404(error.message) from None
        except (VaultClosed, NotSealedHere) as error:
            form.add_error(None, str(error))
            return self._asked(request, call, form, status=503)
        return self._shown(request, call, form, document)

    def _asked(self, request: HttpRequest, call: ModelCall, form: LookForm, *, status: int = 200) -> HttpResponse:
        looks = AuditEvent.objects.filter(object_id=str(call.id), action__in=LOOKS).order_by("-seq")
        looks = looks.annotate(who=Coalesce(PERSON, "actor_id"))[:20]
        context = {
            "form": form,
            "content": CallContent.objects.filter(call=call).only("id", "keep_until").first(),
            "looks": [{"event": event, "what": LOOKS[event.action], **_why(event.data)} for event in looks],
        }
        return self._response(request, "admin/gateway/content_asked.html", call, context, status=status)

    def _shown(
        self, request: HttpRequest, call: ModelCall, form: LookForm, document: Mapping[str, Any]
    ) -> HttpResponse:
        context = {
            "form": form,
            "why": LookReason(form.cleaned_data["reason"]).label,
            "originals": form.cleaned_data["originals"],
            "exchanges": list(_exchanges(document["exchanges"])),
            "replacements": {name: displayed(value) for name, value in document["replacements"].items()},
        }
        return self._response(request, "admin/gateway/content.html", call, context)

    def _response(
        self, request: HttpRequest, template: str, call: ModelCall, context: dict[str, Any], *, status: int = 200
    ) -> HttpResponse:
        general = {
            **self.site.each_context(request),
            "title": "What was sent and received",
            "opts": self.opts,
            "call": call,
        }
        return TemplateResponse(request, template, {**general, **context}, status=status)


def _exchanges(exchanges: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each request with its messages; those that the one before began with too stand apart, as "repeated"."""
    before: list[dict[str, Any]] = []
    for number, exchange in enumerate(exchanges, start=1):
        sent = exchange["messages"]
        pairs = zip(before, sent, strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        messages = [_message(message) for message in sent]
        yield {
            "number": number,
            "target": exchange["target"],
            "repeated": messages[:same],
            "messages": messages[same:],
            "received": displayed(exchange["received"]),
        }
        before = sent


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    calls = [f"{call['name']}({call['arguments']})" for call in message.get("tool_calls") or ()]
    return {
        "whose": WHOSE.get(message["role"], message["role"]),
        "text": displayed("\n".join(filter(None, [message["text"], *calls]))),
    }


def _why(data: Mapping[str, Any]) -> dict[str, str]:
    reason = data.get("reason", "")
    return {
        "reason": LookReason(reason).label if reason in LookReason.values else "—",
        "reference": data.get("reference", ""),
    }
