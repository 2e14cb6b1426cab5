"""Queues, cases, runs, recommendations, decisions for the compliance officer."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from fintech_ai.cases.models import Case, Claim, Decision, Queue, QueueGroupPermission, Recommendation, Run
from fintech_ai.core.admin import ReadOnlyAdmin, ReadOnlyInline, as_json


class RightsInline(ReadOnlyInline):
    model = QueueGroupPermission
    verbose_name_plural = "rights of groups"
    fields = ["group_name", "permission_name"]
    readonly_fields = ["group_name", "permission_name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("group__tenant_group", "permission")

    @admin.display(description="group")
    def group_name(self, right: QueueGroupPermission) -> str:
        return right.group.tenant_group.name

    @admin.display(description="right")
    def permission_name(self, right: QueueGroupPermission) -> str:
        return right.permission.name


@admin.register(Queue)
class QueueAdmin(ReadOnlyAdmin):
    list_display = ["name", "capability", "due_minutes", "second_approval_from", "blind_percent"]
    list_filter = ["capability"]
    ordering = ["name"]
    search_fields = ["slug"]
    search_help_text = "The last part of the queue's address."
    inlines = [RightsInline]


class RunInline(ReadOnlyInline):
    model = Run
    fields = ["ordinal", "state", "tries", "worker", "error", "started_at", "finished_at"]
    show_change_link = True
    ordering = ["ordinal"]


class RecommendationInline(ReadOnlyInline):
    model = Recommendation
    fields = ["decision", "confidence", "risk", "made_by", "degraded_reason", "created_at"]
    show_change_link = True
    ordering = ["created_at"]


class DecisionInline(ReadOnlyInline):
    model = Decision
    fields = ["step", "recommended", "blind", "outcome", "reason", "decided_by", "policy", "created_at"]
    show_change_link = True
    ordering = ["created_at"]


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ["reference", "subject", "queue", "state", "risk", "is_blind", "outcome", "assignee", "created_at"]
    list_select_related = ["queue", "assignee"]
    list_filter = ["queue", "state", "is_blind"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    search_fields = ["number", "id"]
    search_help_text = "A reference such as T-1001, or an id."
    inlines = [RunInline, RecommendationInline, DecisionInline]
    readonly_fields = ["trail"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        letter, dash, number = search_term.strip().partition("-")
        is_reference = dash and len(letter) == 1 and number.isdigit()
        return super().get_search_results(request, queryset, number if is_reference else search_term)

    @admin.display(description="audit trail")
    def trail(self, case: Case) -> SafeString:
        events = reverse("admin:audit_auditevent_changelist")
        return format_html('<a href="{}?q={}">All that happened to it</a>', events, case.id)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "state", "tries", "worker", "error", "created_at", "finished_at"]
    list_select_related = ["case"]
    list_filter = ["state"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    search_fields = ["case", "id"]
    search_help_text = "The id of a case or of a run."


class ClaimInline(ReadOnlyInline):
    model = Claim
    fields = ["label", "statement", "source", "supported", "finding", "evidence_json"]
    readonly_fields = ["evidence_json"]

    @admin.display(description="evidence")
    def evidence_json(self, claim: Claim) -> SafeString:
        return as_json(claim.evidence)


@admin.register(Recommendation)
class RecommendationAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "confidence", "risk", "made_by", "degraded_reason", "prompt_version", "created_at"]
    list_select_related = ["case"]
    list_filter = ["made_by", "decision"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    search_fields = ["case", "id", "model_call_id"]
    search_help_text = "The id of a case, a recommendation or a model call."
    exclude = ["missing", "inputs"]
    readonly_fields = ["missing_json", "inputs_json"]
    inlines = [ClaimInline]

    @admin.display(description="what would change the answer")
    def missing_json(self, recommendation: Recommendation) -> SafeString:
        return as_json(recommendation.missing)

    @admin.display(description="inputs")
    def inputs_json(self, recommendation: Recommendation) -> SafeString:
        return as_json(recommendation.inputs)


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "step", "recommended", "overrides", "reason", "decided_by", "policy", "created_at"]
    list_select_related = ["case", "decided_by"]
    list_filter = ["step", "outcome"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    search_fields = ["case", "id"]
    search_help_text = "The id of a case or of a decision."

    @admin.display(description="override", boolean=True)
    def overrides(self, decision: Decision) -> bool:
        return decision.is_override
