"""Tenant scope: every row belongs to one tenant, and a query outside a tenant's scope raises.

The scope is a context variable, entered by the web middleware, the API's authentication, a Celery task or a
command. It fails closed: with no scope there is no result, only `TenantScopeMissing`.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import uuid6
from django.db import models

_tenant_id: ContextVar[uuid.UUID | None] = ContextVar("tenant_id", default=None)


class TenantScopeMissing(RuntimeError):
    """A tenant's rows were asked for outside any tenant's scope."""


class TenantScopeViolation(RuntimeError):
    """A row of one tenant was to be written in the scope of another."""


@contextmanager
def tenant_scope(tenant_id: uuid.UUID) -> Iterator[None]:
    """Everything inside sees the rows of this tenant and of no other."""
    token = _tenant_id.set(tenant_id)
    try:
        yield
    finally:
        _tenant_id.reset(token)


def current_tenant_id() -> uuid.UUID:
    """The tenant in whose scope this code runs.

    Raises:
        TenantScopeMissing: there is no scope.
    """
    tenant_id = _tenant_id.get()
    if tenant_id is None:
        raise TenantScopeMissing("This needs a tenant: wrap it in tenant_scope(tenant_id).")
    return tenant_id


class TenantQuerySet(models.QuerySet):
    """A queryset whose writes are held to the scope as well."""

    def bulk_create(self, objs, *args, **kwargs):
        objs = list(objs)
        for obj in objs:
            obj.claim_for_scope()
        return super().bulk_create(objs, *args, **kwargs)


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):
    """The default manager: only the current tenant's rows."""

    def get_queryset(self):
        return super().get_queryset().filter(tenant_id=current_tenant_id())

    def none(self):
        """No rows, for which no scope is needed."""
        return super().get_queryset().none()


class TenantModel(models.Model):
    """Base of every model. Ids are UUIDv7 (RFC 9562): unguessable in part, ordered by time.

    `across_tenants` is the one way past the scope; tests/architecture lists each use with its reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid6.uuid7, editable=False)
    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+", editable=False)

    objects = TenantManager()
    across_tenants = models.Manager()

    class Meta:
        abstract = True

    def claim_for_scope(self) -> None:
        """Give the row to the current tenant, or refuse if it is another's."""
        scope = current_tenant_id()
        if self.tenant_id is None:
            self.tenant_id = scope
        elif self.tenant_id != scope:
            raise TenantScopeViolation(f"A {self._meta.label} of another tenant cannot be written here.")

    def save(self, *args, **kwargs):
        self.claim_for_scope()
        super().save(*args, **kwargs)
