from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class CoreConfig(AppConfig):
    name = "fintech_ai.core"
    label = "core"
    default = True


class ComplianceConfig(admin_apps.AdminConfig):
    """Django's admin with our site in the place of its own."""

    default_site = "fintech_ai.core.admin.ComplianceSite"
    default = False
