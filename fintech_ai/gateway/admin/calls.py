"""Model calls for the compliance officer: what was asked of which model, by which prompt, and what came of it."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from fintech_ai.core.admin import ReadOnlyAdmin, as_json
from fintech_ai.gateway.admin.content_page import ContentPage
from fintech_ai.gateway.admin.replay_pages import ComparisonPage, ReplayPage
from fintech_ai.gateway.agreement import MOST_PAIRS, contests
from fintech_ai.gateway.endpoints import all_endpoints
from fintech_ai.gateway.models import ModelCall
from fintech_ai.gateway.replay import outcome_of, target_of

NEWEST_PAIRS = 50


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnlyAdmin):
    change_form_template = "admin/gateway/call.html"
    change_list_template = "admin/gateway/call_list.html"
    list_display = ["when", "prompt_label", "role", "subject", "asked", "came_of_it", "latency_ms", "cost_usd"]
    list_display_links = ["when"]
    list_filter = ["role", "outcome", "degraded_reason"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    search_fields = ["subject", "id", "idempotency_key"]
    search_help_text = "What it was asked for (run: and an id), or the id of the call."
    exclude = ["parameters", "reply", "attempts", "lookups", "masked"]
    readonly_fields = ["parameters_json", "attempts_json", "masked_json"]

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("shadow/", guarded(require_safe(self.shadow)), name="gateway_shadow"),
            path("<uuid:call_id>/content/", ContentPage(self).view, name="gateway_call_content"),
            path("<uuid:call_id>/again/", guarded(ReplayPage(self).view), name="gateway_call_again"),
            path(
                "<uuid:call_id>/compare/",
                guarded(require_safe(ComparisonPage(self).view)),
                name="gateway_call_compare",
            ),
            *super().get_urls(),
        ]

    def shadow(self, request: HttpRequest) -> HttpResponse:
        """How often challengers agree with the prompts in force, and the newest pairs."""
        found = contests(all_endpoints())
        pairs = sorted((pair for contest in found for pair in contest.pairs), key=lambda pair: pair.shadow.created_at)
        context = {
            **self.admin_site.each_context(request),
            "title": "Challengers in shadow",
            "opts": self.opts,
            "contests": found,
            "pairs": pairs[: -NEWEST_PAIRS - 1 : -1],
            "most_pairs": MOST_PAIRS,
        }
        return TemplateResponse(request, "admin/gateway/shadow.html", context)

    @admin.display(description="at")
    def when(self, call: ModelCall) -> str:
        return f"{timezone.localtime(call.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="asked")
    def asked(self, call: ModelCall) -> str:
        return target_of(call).label

    @admin.display(description="outcome")
    def came_of_it(self, call: ModelCall) -> str:
        return outcome_of(call)

    @admin.display(description="prompt")
    def prompt_label(self, call: ModelCall) -> str:
        return call.prompt_label

    @admin.display(description="parameters")
    def parameters_json(self, call: ModelCall) -> SafeString:
        return as_json(call.parameters)

    @admin.display(description="attempts")
    def attempts_json(self, call: ModelCall) -> SafeString:
        return as_json(call.attempts)

    @admin.display(description="masked")
    def masked_json(self, call: ModelCall) -> SafeString:
        return as_json(call.masked)
