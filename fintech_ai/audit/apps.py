from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "fintech_ai.audit"
    label = "audit"
