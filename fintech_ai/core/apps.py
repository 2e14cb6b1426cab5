from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "fintech_ai.core"
    label = "core"
