"""Model calls for the compliance officer: what was asked of which model, by which prompt, and what came of it."""

from django.contrib import admin
from django.utils.safestring import SafeString

from fintech_ai.core.admin import ReadOnlyAdmin, as_json
from fintech_ai.gateway.models import ModelCall


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnlyAdmin):
    list_display = [
        "endpoint", "subject", "prompt_label", "model_requested", "outcome", "degraded_reason",
        "latency_ms", "cost_usd", "created_at",
    ]  # fmt: skip
    list_filter = ["outcome", "degraded_reason"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    search_fields = ["subject", "id", "idempotency_key"]
    search_help_text = "What it was asked for, such as run:<id>, or the id of the call."
    exclude = ["parameters", "reply", "attempts"]
    readonly_fields = ["parameters_json", "reply_json", "attempts_json"]

    @admin.display(description="prompt")
    def prompt_label(self, call: ModelCall) -> str:
        return call.prompt_label

    @admin.display(description="parameters")
    def parameters_json(self, call: ModelCall) -> SafeString:
        return as_json(call.parameters)

    @admin.display(description="reply")
    def reply_json(self, call: ModelCall) -> SafeString:
        return as_json(call.reply)

    @admin.display(description="attempts")
    def attempts_json(self, call: ModelCall) -> SafeString:
        return as_json(call.attempts)
