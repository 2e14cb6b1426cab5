from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "fintech_ai.cases"
    label = "cases"
