from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "fintech_ai.privacy"
    label = "privacy"
