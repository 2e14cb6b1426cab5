"""Webhooks for the compliance officer: who is told of what, and what became of each message."""

import uuid

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from fintech_ai.accounts.four_eyes.admin import FourEyesAdmin, ProposalForm
from fintech_ai.core.admin import ReadOnlyAdmin, as_json
from fintech_ai.core.errors import Conflict
from fintech_ai.webhooks.models import Event, WebhookEndpoint, WebhookMessage, WebhookSecret
from fintech_ai.webhooks.services import message_send_again


class WebhookEndpointForm(ProposalForm):
    events = forms.MultipleChoiceField(
        label="What it is told of", choices=Event.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["name", "url", "events", "is_on", "why"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(FourEyesAdmin):
    form = WebhookEndpointForm


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnlyAdmin):
    change_form_template = "admin/webhooks/message.html"
    list_display = ["__str__", "state", "tries", "last_status", "last_error", "created_at", "delivered_at"]
    list_filter = ["state", "event"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    search_fields = ["about", "id"]
    search_help_text = "The id of a case or of a message."
    exclude = ["body"]
    readonly_fields = ["body_json"]

    @admin.display(description="what is sent")
    def body_json(self, message: WebhookMessage) -> SafeString:
        return as_json(message.body)

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.send_again))
        return [path("<uuid:message_id>/again/", again, name="webhooks_message_again"), *super().get_urls()]

    def send_again(self, request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
        """Start over with a message."""
        message = WebhookMessage.objects.filter(id=message_id).first()
        if message is None:
            raise Http404
        try:
            message_send_again(actor=request.actor, message=message)
        except Conflict as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, "It is being sent again.")
        return HttpResponseRedirect(reverse("admin:webhooks_webhookmessage_change", args=[message_id]))


@admin.register(WebhookSecret)
class WebhookSecretAdmin(ReadOnlyAdmin):
    list_display = ["endpoint_name", "created_at"]
    ordering = ["-id"]
    search_fields = ["id"]
    search_help_text = "The id of a secret. What it is, `manage.py webhook_secret` says."
    exclude = ["ciphertext"]
