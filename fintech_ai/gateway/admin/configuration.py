"""Where compliance officers propose and approve whom to ask, by which prompts, for how much, and which vendors."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin

from fintech_ai.accounts.four_eyes.admin import FourEyesAdmin, ProposalForm
from fintech_ai.gateway.endpoints import all_endpoints, endpoint_named
from fintech_ai.gateway.models import BudgetLimits, PromptChoice, Route, VendorReview
from fintech_ai.gateway.targets import PROVIDERS


def _endpoint_choices() -> list[tuple[str, str]]:
    return [(endpoint.name, endpoint.name) for endpoint in all_endpoints()]


class LinesField(forms.CharField):
    """A list of texts, one on each line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> str:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def run_validators(self, value: list[str]) -> None:
        """The model's own say it better."""


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RouteForm(ProposalForm):
    endpoint = forms.ChoiceField(choices=_endpoint_choices)
    targets = LinesField(
        label="Asked in this order",
        help_text=f"One on each line: {', '.join(PROVIDERS)}, then / and the model. Such as openai/gpt-4.1-mini.",
    )

    class Meta:
        model = Route
        fields = ["endpoint", "targets", "why"]


class PromptChoiceForm(ProposalForm):
    endpoint = forms.ChoiceField(choices=_endpoint_choices)
    version = forms.IntegerField(label="Version", min_value=1)
    challenger = forms.IntegerField(
        label="Challenger",
        required=False,
        min_value=1,
        help_text="Another version, whose answers are stored to be compared and never shown. Empty: none.",
    )
    shadow_percent = forms.DecimalField(
        label="Share of calls that the challenger is asked too, in percent",
        required=False,
        min_value=0,
        max_value=50,
        decimal_places=1,
        help_text="Up to 50. Each costs as much as a call.",
    )

    class Meta:
        model = PromptChoice
        fields = ["endpoint", "version", "challenger", "shadow_percent", "why"]

    def clean_shadow_percent(self):
        return self.cleaned_data["shadow_percent"] or 0


class BudgetLimitsForm(ProposalForm):
    class Meta:
        model = BudgetLimits
        fields = ["request_usd", "case_usd", "month_usd", "requests_per_minute", "why"]


class VendorReviewForm(ProposalForm):
    sub_processors = forms.CharField(
        label="Sub-processors", required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="One on each line."
    )
    endpoints = forms.MultipleChoiceField(
        choices=_endpoint_choices,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 4}),
        label="Covers",
        help_text="What it may be asked for. None chosen: everything.",
    )
    dpa_signed_on = DayField(label="Agreement signed on", required=False)
    reviewed_on = DayField()
    valid_until = DayField(help_text="The last day on which it may be sent anything without a new review.")

    class Meta:
        model = VendorReview
        fields = [
            "vendor", "legal_name", "purpose", "region", "retention", "dpa", "dpa_signed_on", "sub_processors",
            "endpoints", "reviewed_on", "valid_until", "why",
        ]  # fmt: skip


@admin.register(Route)
class RouteAdmin(FourEyesAdmin):
    form = RouteForm
    search_fields = ["endpoint", "id"]
    search_help_text = "The name of an endpoint, such as triage.recommend."


@admin.register(PromptChoice)
class PromptChoiceAdmin(FourEyesAdmin):
    form = PromptChoiceForm
    list_display = ["about_it", "versions", *FourEyesAdmin.list_display[1:]]
    search_fields = ["endpoint", "id"]
    search_help_text = "The name of an endpoint, such as triage.recommend."

    def usual(self) -> dict[str, Any]:
        names = [endpoint.name for endpoint in all_endpoints()]
        return {"version": endpoint_named(names[0]).version, "shadow_percent": 0} if names else {}

    @admin.display(description="version")
    def versions(self, choice: PromptChoice) -> str:
        if choice.challenger is None:
            return str(choice.version)
        return f"{choice.version}, and {choice.challenger} in shadow on {choice.shadow_percent.normalize():f}%"


@admin.register(BudgetLimits)
class BudgetLimitsAdmin(FourEyesAdmin):
    form = BudgetLimitsForm
    list_display = ["about_it", "amounts", *FourEyesAdmin.list_display[1:]]

    def usual(self) -> dict[str, Any]:
        return {
            "request_usd": settings.MODEL_BUDGET_REQUEST_USD,
            "case_usd": settings.MODEL_BUDGET_CASE_USD,
            "month_usd": settings.MODEL_BUDGET_MONTH_USD,
            "requests_per_minute": settings.MODEL_RATE_TENANT_PER_MINUTE,
        }

    @admin.display(description="request, case, month")
    def amounts(self, limits: BudgetLimits) -> str:
        return f"${limits.request_usd:,.2f}, ${limits.case_usd:,.2f}, ${limits.month_usd:,.2f}"


@admin.register(VendorReview)
class VendorReviewAdmin(FourEyesAdmin):
    form = VendorReviewForm
    list_display = ["about_it", "region", "valid_until", *FourEyesAdmin.list_display[1:]]
    list_filter = ["vendor", "state"]
    search_fields = ["vendor", "id"]
    search_help_text = f"A vendor: {', '.join(PROVIDERS)}."

    @admin.display(description="vendor")
    def about_it(self, review: VendorReview) -> str:
        return review.get_vendor_display()
