"""Members, groups and tokens for the compliance officer: who may do what, and never a secret."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from fintech_ai.accounts.models import ApiToken, Membership, TenantGroup
from fintech_ai.core.admin import ReadOnlyAdmin


class _InGroups:
    """Shows the tenant's own names of the groups that carry rights."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("groups__tenant_group")

    @admin.display(description="groups")
    def group_names(self, holder: Membership | ApiToken) -> str:
        return ", ".join(sorted(group.tenant_group.name for group in holder.groups.all()))


@admin.register(Membership)
class MembershipAdmin(_InGroups, ReadOnlyAdmin):
    list_display = ["user", "email", "role", "group_names", "is_active", "created_at"]
    list_select_related = ["user"]
    list_filter = ["role", "is_active"]
    ordering = ["user__name"]
    search_fields = ["user", "id"]
    search_help_text = "The id of a person or of a membership."
    fields = ["user", "email", "role", "group_names", "is_active", "created_at"]
    readonly_fields = ["email", "group_names"]

    @admin.display(description="e-mail")
    def email(self, membership: Membership) -> str:
        return membership.user.email


@admin.register(ApiToken)
class ApiTokenAdmin(_InGroups, ReadOnlyAdmin):
    list_display = ["name", "hint", "role", "group_names", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["role"]
    ordering = ["name"]
    search_fields = ["name", "hint", "id"]
    search_help_text = "A token's name, its first characters or its id."
    fields = ["name", "hint", "role", "group_names", "created_at", "expires_at", "revoked_at", "last_used_at"]
    readonly_fields = ["group_names"]


@admin.register(TenantGroup)
class TenantGroupAdmin(ReadOnlyAdmin):
    list_display = ["name"]
    ordering = ["name"]
    search_fields = ["name"]
    fields = ["name"]
