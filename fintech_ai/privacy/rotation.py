"""Changing keys: all data keys under a new master key, or new data keys and everything sealed anew.

Each step commits by itself and leaves everything readable, so that a run that was killed is just run again.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.apps import apps
from django.db import transaction
from django.db.models.functions import Now

from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.privacy import vault
from fintech_ai.privacy.models import TenantKey
from fintech_ai.privacy.sealed import SealedModel

BATCH = 200
# Longer than any process goes on sealing with a key after there is a newer one: see vault.CURRENT_KEY_SECONDS.
LINGERS = timedelta(hours=1)
NIL = uuid.UUID(int=0)


@dataclass(frozen=True)
class Batch:
    """How many rows were sealed anew, how many do not open and were left as they are, and where to go on."""

    sealed: int
    altered: int
    last: uuid.UUID


def sealed_models() -> Iterator[type[SealedModel]]:
    """Every table with sealed content."""
    return (model for model in apps.get_models() if issubclass(model, SealedModel))


@transaction.atomic
def rewrap_keys(*, actor: Actor) -> int:
    """Put the tenant's data keys under the present master key. Content stays as it is.

    Raises:
        VaultClosed: a key is wrapped by a master key that is neither MASTER_KEY nor MASTER_KEY_PREVIOUS.
    """
    present = vault.current_master_key_id()
    keys = list(TenantKey.objects.exclude(wrapped_by=present).order_by("version").select_for_update())
    for key in keys:
        before = key.wrapped_by
        key.wrapped = vault.wrap(vault.unwrap(key), key)
        key.wrapped_by = present
        key.save(update_fields=["wrapped", "wrapped_by"])
        data = {"version": key.version, "from": {"wrapped_by": before}, "to": {"wrapped_by": present}}
        record(actor=actor, action="vault.key_rewrapped", target=key, data=data)
    return len(keys)


def renew_data_key(*, actor: Actor, unless_younger_than: timedelta) -> TenantKey | None:
    """A new data key for the tenant, or the newest if it is that young already; None if there is none to replace."""
    newest = TenantKey.objects.order_by("version").last()
    if newest is None or TenantKey.objects.filter(id=newest.id, created_at__gt=Now() - unless_younger_than).exists():
        return newest
    return vault.key_create(actor=actor, after=newest.version)


def reseal(*, actor: Actor, key: TenantKey) -> Iterator[Batch]:
    """Seal everything of the tenant anew that is not sealed with `key`, its newest."""
    for model in sealed_models():
        after = NIL
        while batch := _reseal_some(actor, model, key, after):
            yield batch
            after = batch.last


@transaction.atomic
def _reseal_some(actor: Actor, model: type[SealedModel], key: TenantKey, after: uuid.UUID) -> Batch | None:
    rows = model.objects.exclude(key=key).filter(id__gt=after).order_by("id").select_for_update()[:BATCH]
    sealed, altered, last = 0, 0, None
    for row in rows:
        last = row.id
        try:
            row.seal(row.unsealed()).save(update_fields=["key", "ciphertext"])
            sealed += 1
        except vault.NotSealedHere:
            altered += 1
    if last is None:
        return None
    data = {"what": model._meta.label_lower, "version": key.version, "rows": sealed, "altered": altered}
    record(actor=actor, action="vault.content_resealed", target=key, data=data)
    return Batch(sealed, altered, last)


@transaction.atomic
def destroy_old_keys(*, actor: Actor) -> int:
    """Delete the tenant's data keys with which nothing is sealed and, for an hour, nothing can have been."""
    newest = TenantKey.objects.order_by("version").last()
    if newest is None or TenantKey.objects.filter(id=newest.id, created_at__gt=Now() - LINGERS).exists():
        return 0
    old = [key for key in TenantKey.objects.exclude(id=newest.id) if not _is_used(key)]
    for key in old:
        record(actor=actor, action="vault.key_destroyed", target=key, data={"version": key.version})
        key.delete()
    return len(old)


def _is_used(key: TenantKey) -> bool:
    return any(model.objects.filter(key=key).exists() for model in sealed_models())
