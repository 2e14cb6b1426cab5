"""The audit trail for the compliance officer: read, verify, export."""

import json

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Case, OuterRef, QuerySet, Subquery, TextField, UUIDField, When
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from fintech_ai.audit.export import checkpoint_line
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.services import trail_export, trail_verify
from fintech_ai.core.actors import ActorKind
from fintech_ai.core.admin import ReadOnlyAdmin, as_json

# The name behind a person's id. People live a layer above; the user model is asked for as Django asks for it.
PERSON = Case(
    When(
        actor_kind=ActorKind.USER,
        then=Subquery(
            get_user_model().objects.filter(id=Cast(OuterRef("actor_id"), UUIDField())).values("name")[:1],
            output_field=TextField(),
        ),
    )
)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    change_list_template = "admin/audit/event_list.html"
    list_display = ["seq", "when", "actor", "action", "object_type", "object_id"]
    list_display_links = ["seq"]
    list_filter = ["actor_kind"]
    date_hierarchy = "at"
    ordering = ["-seq"]
    search_fields = ["action", "object_id", "trail_id", "actor_id"]
    search_help_text = "An action such as case.decided, or the id of a case, object, person or token."
    fields = ["seq", "when", "actor", "action", "object_type", "object_id", "trail_id", "recorded", "hash", "prev_hash"]
    readonly_fields = ["when", "actor", "recorded"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        return super().get_queryset(request).annotate(actor_name=Coalesce(PERSON, "actor_id"))

    @admin.display(description="at")
    def when(self, event: AuditEvent) -> str:
        return f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S.%f %Z}"

    @admin.display(description="actor")
    def actor(self, event: AuditEvent) -> str:
        return f"{event.actor_name} ({event.actor_kind})"

    @admin.display(description="body")
    def recorded(self, event: AuditEvent) -> SafeString:
        return as_json(json.loads(event.body))

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("verify/", guarded(require_POST(self.verify)), name="audit_verify"),
            path("export/", guarded(require_POST(self.export)), name="audit_export"),
            path("checkpoint/", guarded(require_safe(self.checkpoint)), name="audit_checkpoint"),
            *super().get_urls(),
        ]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Verify the tenant's chain and say what was found on the list."""
        verdict = trail_verify(actor=request.actor)
        messages.add_message(request, messages.SUCCESS if verdict.intact else messages.ERROR, str(verdict))
        return HttpResponseRedirect(reverse("admin:audit_auditevent_changelist"))

    def export(self, request: HttpRequest) -> HttpResponse:
        """The whole trail as a download, in the form that the stand-alone verifier reads."""
        lines = trail_export(actor=request.actor)
        return _download(StreamingHttpResponse(lines), name=f"audit-{request.tenant.slug}.jsonl")

    def checkpoint(self, request: HttpRequest) -> HttpResponse:
        """Where the chain ends now, to be kept elsewhere."""
        line = checkpoint_line() + "\n"
        return _download(HttpResponse(line), name=f"audit-{request.tenant.slug}-checkpoint.jsonl")


def _download(response: HttpResponse, *, name: str) -> HttpResponse:
    response["Content-Type"] = "application/jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
