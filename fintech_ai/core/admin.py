"""The compliance officer's surface: Django's admin, reading everything of one tenant and changing nothing."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class ComplianceSite(admin.AdminSite):
    site_title = site_header = "Compliance"


class AdminConfig(DjangoAdminConfig):
    default_site = "fintech_ai.core.admin.ComplianceSite"
