from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "fintech_ai.accounts"
    label = "accounts"

    def ready(self) -> None:
        from fintech_ai.accounts import schema  # noqa: F401
