"""What changes tenants, people and tokens: each change is audited in the transaction that makes it."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from fintech_ai.accounts.models import (
    TOKEN_HINT_LENGTH,
    ApiToken,
    Membership,
    Role,
    Tenant,
    TenantGroup,
    User,
    token_digest,
)
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import Conflict, InvalidInput
from fintech_ai.core.tenancy import tenant_scope


@transaction.atomic
def tenant_create(*, slug: str, name: str, timezone_name: str = "UTC") -> Tenant:
    """Open a tenant. The first event of its audit trail says so."""
    tenant = Tenant(slug=slug, name=name, timezone=timezone_name)
    try:
        tenant.full_clean()
    except ValidationError as error:
        raise InvalidInput("The tenant cannot be created.", fields=error.message_dict) from error
    tenant.save()
    with tenant_scope(tenant.id):
        record(actor=Actor.system(tenant_id=tenant.id), action="tenant.created", target=tenant, data={"slug": slug})
    return tenant


@transaction.atomic
def group_create(*, actor: Actor, name: str) -> TenantGroup:
    """Make a group to which rights on queues can be granted."""
    if TenantGroup.objects.filter(name=name).exists():
        raise Conflict(f"There is already a group called {name}.")
    group = Group.objects.create(name=f"{actor.tenant_id}/{name}")
    tenant_group = TenantGroup.objects.create(name=name, group=group)
    record(actor=actor, action="group.created", target=tenant_group, data={"name": name})
    return tenant_group


@transaction.atomic
def member_add(
    *, actor: Actor, email: str, name: str, role: str, password: str | None = None, groups: Iterable[TenantGroup] = ()
) -> Membership:
    """Give a person a place in the tenant; a person who is new gets an account.

    The password of somebody who already has an account stays as it is.
    """
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = _user_create(email=email, name=name, password=password)
    if Membership.objects.filter(user=user).exists():
        raise Conflict(f"{email} is already a member.")
    membership = Membership.objects.create(user=user, role=Role(role))
    membership.groups.set([tenant_group.group for tenant_group in groups])
    record(
        actor=actor,
        action="member.added",
        target=membership,
        data={"user": str(user.id), "role": role, "groups": sorted(tenant_group.name for tenant_group in groups)},
    )
    return membership


def _user_create(*, email: str, name: str, password: str | None) -> User:
    try:
        if password is not None:
            validate_password(password, User(email=email, name=name))
        return User.objects.create_user(email=email, name=name, password=password)
    except ValidationError as error:
        fields = error.message_dict if hasattr(error, "error_dict") else {"password": error.messages}
        raise InvalidInput("The account cannot be created.", fields=fields) from error


@transaction.atomic
def token_issue(
    *,
    actor: Actor,
    name: str,
    role: str = Role.INTEGRATOR,
    groups: Iterable[TenantGroup] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Issue a token; its secret is returned this once and kept nowhere."""
    secret = ApiToken.new_secret()
    token = ApiToken.objects.create(
        name=name, role=Role(role), hint=secret[:TOKEN_HINT_LENGTH], digest=token_digest(secret), expires_at=expires_at
    )
    token.groups.set([tenant_group.group for tenant_group in groups])
    record(actor=actor, action="token.issued", target=token, data={"name": name, "role": role})
    return token, secret


@transaction.atomic
def token_revoke(*, actor: Actor, token: ApiToken) -> None:
    """Close a token at once. Revoking it twice changes nothing."""
    revoked = ApiToken.objects.filter(id=token.id, revoked_at__isnull=True).update(revoked_at=timezone.now())
    if revoked:
        record(actor=actor, action="token.revoked", target=token, data={"name": token.name})


@transaction.atomic
def shortcuts_set(*, actor: Actor, user: User, single_key_shortcuts: bool) -> None:
    """Switch a person's single-letter keys on or off, as she asked."""
    before = User.objects.select_for_update().get(id=user.id).single_key_shortcuts
    if before == single_key_shortcuts:
        return
    User.objects.filter(id=user.id).update(single_key_shortcuts=single_key_shortcuts)
    record(
        actor=actor,
        action="settings.changed",
        target=user,
        data={"from": {"single_key_shortcuts": before}, "to": {"single_key_shortcuts": single_key_shortcuts}},
    )


@transaction.atomic
def session_note(*, actor: Actor, user: User, action: str) -> None:
    """Record a sign-in, a refused sign-in or a sign-out in the person's tenant.

    `action` is "session.started", "session.refused" or "session.ended".
    """
    record(actor=actor, action=action, target=user)
