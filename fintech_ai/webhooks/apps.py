from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "fintech_ai.webhooks"
    label = "webhooks"
