from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "fintech_ai.accounts"
    label = "accounts"
