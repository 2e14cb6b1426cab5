"""The pages on which a call is run again and compared with what came of it."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from fintech_ai.core.errors import AppError, Conflict, NotFound
from fintech_ai.gateway.configuration import in_force
from fintech_ai.gateway.displayed import displayed_value
from fintech_ai.gateway.models import ModelCall
from fintech_ai.gateway.providers import configured
from fintech_ai.gateway.replay import Comparison, endpoint_of, run_again, target_of, why_not
from fintech_ai.gateway.targets import Target
from fintech_ai.privacy.vault import NotSealedHere, VaultClosed


class AgainForm(forms.Form):
    """What to change, if anything. `key` makes a form that is sent twice ask once."""

    version = forms.TypedChoiceField(label="Version of the prompt", coerce=int)
    target = forms.ChoiceField(label="Provider and model")
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, call: ModelCall, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = _versions(call)
        self.fields["target"].choices = _targets(call)


class ReplayPage:
    """GET asks what to change; POST runs the call again and leads to the comparison."""

    def __init__(self, model_admin: admin.ModelAdmin):
        self.site = model_admin.admin_site
        self.opts = model_admin.opts
        self.view = require_http_methods(["GET", "HEAD", "POST"])(self._page)

    def _page(self, request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
        call = _call(call_id)
        if request.method != "POST":
            usual = {"version": call.prompt_version, "target": target_of(call).label, "key": uuid.uuid4()}
            return self._asked(request, call, AgainForm(initial=usual, call=call))
        form = AgainForm(request.POST, call=call)
        if not form.is_valid():
            return self._asked(request, call, form, status=400)
        try:
            comparison = run_again(
                actor=request.actor,
                call_id=call.id,
                key=str(form.cleaned_data["key"]),
                version=form.cleaned_data["version"],
                target=Target.parse(form.cleaned_data["target"]),
            )
        except NotFound as error:
            raise Http404(error.message) from None
        except AppError as error:
            form.add_error(None, error.message)
            return self._asked(request, call, form, status=error.status)
        except (VaultClosed, NotSealedHere) as error:
            form.add_error(None, str(error))
            return self._asked(request, call, form, status=503)
        return HttpResponseRedirect(reverse("admin:gateway_call_compare", args=[comparison.repeat.id]))

    def _asked(self, request: HttpRequest, call: ModelCall, form: AgainForm, *, status: int = 200) -> HttpResponse:
        context = {
            **self.site.each_context(request),
            "title": "Run again",
            "opts": self.opts,
            "call": call,
            "form": form,
            "problem": why_not(call),
            "repeats": ModelCall.objects.filter(original=call).order_by("-created_at")[:20],
        }
        return TemplateResponse(request, "admin/gateway/again.html", context, status=status)


class ComparisonPage:
    """A call that repeats another, beside that other."""

    def __init__(self, model_admin: admin.ModelAdmin):
        self.site = model_admin.admin_site
        self.opts = model_admin.opts

    def view(self, request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
        """The comparison with the original. 404 for a call that repeats none."""
        repeat = _call(call_id)
        if repeat.original is None:
            raise Http404("This call repeats no other, so there is nothing to compare it with.")
        comparison = Comparison(repeat.original, repeat)
        context = {
            **self.site.each_context(request),
            "title": "Two answers to one question",
            "opts": self.opts,
            "comparison": comparison,
            "fields": [_row(line.name.replace("_", " "), line.before, line.after) for line in comparison.fields],
            "facts": [_row(line.name, line.before, line.after) for line in comparison.facts],
        }
        return TemplateResponse(request, "admin/gateway/compare.html", context)


def _call(call_id: uuid.UUID) -> ModelCall:
    call = ModelCall.objects.select_related("original").filter(id=call_id).first()
    if call is None:
        raise Http404("There is no such model call.")
    return call


def _versions(call: ModelCall) -> list[tuple[int, str]]:
    try:
        versions = endpoint_of(call).versions()
    except Conflict:
        return [(call.prompt_version, "as before")]
    return [(n, f"version {n}, as before" if n == call.prompt_version else f"version {n}") for n in versions]


def _targets(call: ModelCall) -> list[tuple[str, str]]:
    """What was asked last, the tenant's route, and every provider that is configured here."""
    defaults = (Target(name, provider.default_model) for name, provider in configured().items())
    others = dict.fromkeys(target.label for target in (*in_force().targets(call.endpoint), *defaults))
    before = target_of(call).label
    return [(before, f"{before}, as before"), *((label, label) for label in others if label != before)]


def _row(name: str, before: Any, after: Any) -> dict[str, Any]:
    return {
        "name": name,
        "before": displayed_value(before),
        "after": displayed_value(after),
        "is_same": before == after,
    }
