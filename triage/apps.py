from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "triage"
    label = "triage"

    def ready(self) -> None:
        # Models can be imported only from here on.
        from fintech_ai.cases.capability import register
        from fintech_ai.gateway import endpoints
        from triage.capability import READ_NOTES, RECOMMEND, TriageCapability

        register(TriageCapability())
        endpoints.register(RECOMMEND)
        endpoints.register(READ_NOTES)
