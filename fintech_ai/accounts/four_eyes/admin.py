"""The pages on which changes are proposed, compared with what is in force, and decided by a second person."""

import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST

from fintech_ai.accounts.four_eyes import services
from fintech_ai.accounts.four_eyes.models import Proposal, ProposalState
from fintech_ai.accounts.four_eyes.permissions import (
    check_can_approve,
    check_can_propose,
    check_can_reject,
    check_can_withdraw,
)
from fintech_ai.core.admin import ReadOnlyAdmin
from fintech_ai.core.errors import AppError, InvalidInput

DECISIONS: dict[str, tuple[str, Callable, Callable, str]] = {
    "approve": ("Approve", services.approve, check_can_approve, "Approved. It is in force within 5 seconds."),
    "reject": ("Reject", services.reject, check_can_reject, "Rejected. What was in force stays so."),
    "withdraw": ("Withdraw", services.withdraw, check_can_withdraw, "Withdrawn. What was in force stays so."),
}


class ProposalForm(forms.ModelForm):
    """Base of the forms on which a change is proposed. `why` comes last, when the change is on the page."""

    why = forms.CharField(
        label="Why",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A sentence for whoever approves it. It is kept in the audit trail: no names of customers.",
    )


class FourEyesAdmin(ReadOnlyAdmin):
    """A list of proposals, a page to make one, and a page of each on which it is decided.

    A subclass gives `form`, a ProposalForm, and may override `usual` and `shown`.
    """

    change_form_template = "admin/four_eyes/proposal.html"
    change_list_template = "admin/four_eyes/list.html"
    list_display = ["about_it", "in_words", "made", "decision", "force"]
    list_display_links = ["about_it"]
    list_filter = ["state"]
    list_select_related = ["proposed_by", "decided_by"]
    ordering = ["-proposed_at", "-id"]
    search_fields = ["id"]
    search_help_text = "The id of a proposal."

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        guarded = self.admin_site.admin_view
        propose = require_http_methods(["GET", "HEAD", "POST"])(self.propose_view)
        return [
            path("propose/", guarded(propose), name=f"{name}_propose"),
            path("<uuid:proposal_id>/decide/", guarded(require_POST(self.decide_view)), name=f"{name}_decide"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        current = Q(id__in=self.model.objects.in_force().values("id"))
        return super().get_queryset(request).annotate(
            is_in_force=ExpressionWrapper(current, output_field=BooleanField())
        )  # fmt: skip

    @property
    def propose_url(self) -> str:
        """Where a change is proposed."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_propose")

    def usual(self) -> dict[str, Any]:
        """What the form shows where nothing is in force yet."""
        return {}

    def shown(self, name: str, value: Any) -> str:
        """A value in words."""
        if value is None or value in ("", []):
            return "—"
        if isinstance(value, list):
            return "\n".join(map(str, value))
        if isinstance(value, datetime | date):
            return value.isoformat()
        choices = dict(self.opts.get_field(name).flatchoices)
        return str(choices.get(value, value))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        more = {"propose_url": self.propose_url, "propose_problem": _problem(check_can_propose, request.actor)}
        return super().changelist_view(request, {**more, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The proposal beside what it would replace, and the buttons that decide it."""
        proposal = self.get_object(request, object_id)
        more = self._about(request, proposal) if proposal else {}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows the form, filled with what is in force for the key in the address; POST proposes."""
        if problem := _problem(check_can_propose, request.actor):
            return self._form_page(request, None, problem=problem, status=200 if request.method != "POST" else 403)
        if request.method != "POST":
            return self._form_page(request, self.form(initial=self._initial(request)))
        form = self.form(request.POST)
        if not form.is_valid():
            return self._form_page(request, form, status=400)
        try:
            proposal = services.propose(actor=request.actor, proposal=form.instance)
        except InvalidInput as error:
            for name, sentences in error.fields.items():
                form.add_error(name if name in form.fields else None, sentences)
            return self._form_page(request, form, status=400)
        messages.success(request, "Proposed. It comes into force when another compliance officer approves it.")
        return self._back(proposal.id)

    def decide_view(self, request: HttpRequest, proposal_id: uuid.UUID) -> HttpResponse:
        """Approve, reject or withdraw; says on the proposal's page what came of it."""
        proposal = self.model.objects.filter(id=proposal_id).first()
        if proposal is None:
            raise Http404("There is no such proposal.")
        label, service, _, sentence = DECISIONS.get(request.POST.get("decision", ""), (None, None, None, None))
        if label is None:
            messages.error(request, "Choose one of the buttons: approve, reject or withdraw.")
            return self._back(proposal.id)
        try:
            service(actor=request.actor, proposal=proposal, remark=request.POST.get("remark", "").strip())
        except AppError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, sentence)
        return self._back(proposal.id)

    @admin.display(description="about")
    def about_it(self, proposal: Proposal) -> str:
        return proposal.about or capfirst(self.opts.verbose_name)

    @admin.display(description="state")
    def in_words(self, proposal: Proposal) -> str:
        return proposal.get_state_display()

    @admin.display(description="proposed")
    def made(self, proposal: Proposal) -> str:
        who = proposal.proposed_by.name if proposal.proposed_by else "a command"
        return f"{_at(proposal.proposed_at)} by {who}"

    @admin.display(description="decided")
    def decision(self, proposal: Proposal) -> str:
        return f"{_at(proposal.decided_at)} by {proposal.decided_by.name}" if proposal.decided_by else "—"

    @admin.display(description="in force")
    def force(self, proposal: Proposal) -> str:
        return "In force" if proposal.is_in_force else "—"

    def _about(self, request: HttpRequest, proposal: Proposal) -> dict[str, Any]:
        is_waiting = proposal.state == ProposalState.PROPOSED
        buttons = []
        for name, (label, _, check, _) in DECISIONS.items():
            buttons.append({"name": name, "label": label, "problem": _problem(check, request.actor, proposal)})
        return {
            "title": f"{capfirst(self.opts.verbose_name)}: {proposal.about}".removesuffix(": "),
            "lines": list(self._lines(proposal)),
            "is_waiting": is_waiting,
            "buttons": buttons,
            "decide_url": reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_decide", args=[proposal.id]
            ),
            "words": self.in_words(proposal),
            "made_words": self.made(proposal),
            "decision_words": self.decision(proposal),
        }  # fmt: skip

    def _lines(self, proposal: Proposal) -> Iterator[dict[str, Any]]:
        """What it sets, beside what was in force when it was decided, or is now."""
        before = proposal.before() if proposal.state == ProposalState.PROPOSED else proposal.predecessor()
        for name in self.model.VALUES:
            old = self.shown(name, getattr(before, name)) if before else "nothing chosen"
            new = self.shown(name, getattr(proposal, name))
            label = capfirst(self.opts.get_field(name).verbose_name)
            yield {"label": label, "before": old, "after": new, "differs": old != new}

    def _initial(self, request: HttpRequest) -> dict[str, Any]:
        key = {name: request.GET[name] for name in self.model.KEY if request.GET.get(name)}
        current = None
        if len(key) == len(self.model.KEY):
            current = self.model.objects.filter(**key).in_force().first()
        return {**self.usual(), **key, **(current.values if current else {})}

    def _form_page(
        self, request: HttpRequest, form: forms.BaseForm | None, *, problem: str = "", status: int = 200
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"Propose: {self.opts.verbose_name}",
            "opts": self.opts,
            "form": form,
            "problem": problem,
        }
        return TemplateResponse(request, "admin/four_eyes/propose.html", context, status=status)

    def _back(self, proposal_id: uuid.UUID) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[proposal_id]))


def _problem(check: Callable, *arguments: Any) -> str:
    try:
        check(*arguments)
    except AppError as error:
        return error.message
    return ""


def _at(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
