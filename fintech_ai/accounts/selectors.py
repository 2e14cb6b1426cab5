"""Who is behind a session or a token, and who else is in the tenant."""

import uuid

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from fintech_ai.accounts.models import TOKEN_PREFIX, ApiToken, Membership, User, token_digest

LAST_USED_STEP_SECONDS = 60


def memberships_of(user: User) -> QuerySet[Membership]:
    """Every tenant in which this person is active. Asked before any scope exists, to find one."""
    return (
        Membership.across_tenants.filter(user=user, is_active=True, user__is_active=True)
        .select_related("tenant", "user")
        .order_by("created_at")
    )


def token_for_secret(secret: str) -> ApiToken | None:
    """The valid token with this secret, or None. Notes the use, at most once a minute."""
    if not secret.startswith(TOKEN_PREFIX):
        return None
    token = ApiToken.across_tenants.select_related("tenant").filter(digest=token_digest(secret)).first()
    if token is None or not token.is_valid:
        return None
    if token.last_used_at is None or (timezone.now() - token.last_used_at).total_seconds() > LAST_USED_STEP_SECONDS:
        ApiToken.across_tenants.filter(id=token.id).update(last_used_at=Now())
    return token


def member_names(user_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of these people, as far as they are members of the current tenant."""
    return dict(Membership.objects.filter(user_id__in=user_ids).values_list("user_id", "user__name"))
