from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "fintech_ai.gateway"
    label = "gateway"
