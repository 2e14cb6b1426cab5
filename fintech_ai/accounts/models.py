"""Tenants, people, what each may do where, and the tokens of other systems."""

import hashlib
import secrets
import zoneinfo

import uuid6
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from fintech_ai.core.actors import Actor, ActorKind
from fintech_ai.core.tenancy import TenantModel

TOKEN_PREFIX = "fai_"
TOKEN_HINT_LENGTH = 8


class Role(models.TextChoices):
    """What a membership or token is for. Rights on queues come from groups; a role opens whole surfaces."""

    ANALYST = "analyst", "Analyst"
    LEAD = "lead", "Team lead"
    COMPLIANCE = "compliance", "Compliance officer"
    INTEGRATOR = "integrator", "Integrator"


def check_timezone(name: str) -> None:
    """Refuse a name that the IANA time zone database does not hold."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is not a time zone, such as Europe/Berlin.")


class Tenant(models.Model):
    """A customer organisation. The root of every scope, so the one model that belongs to none."""

    id = models.UUIDField(primary_key=True, default=uuid6.uuid7, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    timezone = models.CharField(max_length=50, default="UTC", validators=[check_timezone])
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager):
    """Finds people by e-mail address, whatever its case."""

    def create_user(self, *, email: str, name: str, password: str | None = None, **extra) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), name=name, **extra)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user

    def create_superuser(self, *, email: str, name: str, password: str | None = None) -> "User":
        return self.create_user(email=email, name=name, password=password, is_superuser=True)

    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email=email.lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What she may do depends on the membership through which she acts."""

    id = models.UUIDField(primary_key=True, default=uuid6.uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    single_key_shortcuts = models.BooleanField(
        default=True,
        help_text="Decide and move with single letters. WCAG 2.2 criterion 2.1.4 asks for a way to switch them off.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """Asked by the admin site of Django; ours asks the membership instead (see `core.admin`)."""
        return self.is_superuser


class Membership(TenantModel):
    """A person's place in a tenant, with one role and the groups that carry rights on queues."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    groups = models.ManyToManyField(Group, blank=True, related_name="+")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user.name}, {self.get_role_display().lower()}"

    def as_actor(self) -> Actor:
        """This person, acting in this tenant."""
        return Actor(
            kind=ActorKind.USER,
            id=str(self.user_id),
            name=self.user.name,
            tenant_id=self.tenant_id,
            role=self.role,
            group_ids=frozenset(self.groups.values_list("id", flat=True)),
        )


def token_digest(secret: str) -> str:
    """What is stored of a token. SHA-256 without salt is enough: the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiToken(TenantModel):
    """Another system's way in. Only the digest of the secret is kept."""

    name = models.CharField(max_length=100)
    role = models.CharField(max_length=20, choices=Role, default=Role.INTEGRATOR)
    groups = models.ManyToManyField(Group, blank=True, related_name="+")
    hint = models.CharField(max_length=20, help_text="The first characters, to tell tokens apart.")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="token_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @staticmethod
    def new_secret() -> str:
        return TOKEN_PREFIX + secrets.token_urlsafe(32)

    @property
    def is_valid(self) -> bool:
        """Neither revoked nor past its date."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    def as_actor(self) -> Actor:
        """This token, acting in its tenant."""
        return Actor(
            kind=ActorKind.TOKEN,
            id=str(self.id),
            name=self.name,
            tenant_id=self.tenant_id,
            role=self.role,
            group_ids=frozenset(self.groups.values_list("id", flat=True)),
        )


class TenantGroup(TenantModel):
    """A group of people of one tenant, to which rights on queues are granted."""

    name = models.CharField(max_length=100)
    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="tenant_group")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="tenant_group_name_is_unique")]

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(TenantModel):
    """What was answered to a request that carried an Idempotency-Key, so that a repeat gets the same answer."""

    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=36)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=200)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty only within the transaction that answers.")
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True, help_text="JSON, as text: a repeat gets the same bytes.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "actor_kind", "actor_id", "key"], name="idempotency_key_is_used_once"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
