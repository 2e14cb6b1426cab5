"""Content that is stored encrypted: each tenant has data keys of its own, and a master key outside the database opens
those.

A row holds what `seal` gave:

    format (1 byte)  data key's id (16)  data key's version (4)  nonce (12)  ciphertext and tag

AES-256-GCM (NIST SP 800-38D). The header, the tenant and the context ("what.it.is:<id>") are authenticated with it, so
that bytes that were moved to another row or tenant do not open. Nonces are random: one key may seal 2^32 things then
(section 8.3), more than a year's worth at a hundred a second. `manage.py rotate_keys --data-keys` makes new keys long
before.

It fails closed: without a master key nothing is sealed, and the gateway asks no model, since what was sent could not be
kept. docs/encryption.md says how keys are kept and changed.
"""

import hmac
import os
import time
import uuid
from dataclasses import dataclass
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.privacy.models import TenantKey

FORMAT = 1
HEADER = Struct(">B16sI12s")
KEY_BYTES, NONCE_BYTES = 32, 12
MOST_USES_OF_A_KEY = 2**32
# For so long a process may go on sealing with a key after another has made a new one.
CURRENT_KEY_SECONDS = 60.0


class VaultClosed(Exception):
    """Nothing can be sealed or opened here: the master key is missing, or is not the one that is needed."""


class NotSealedHere(Exception):
    """These bytes were not sealed as this thing of this tenant, or are not as they were."""


@dataclass(frozen=True)
class DataKey:
    """A data key, unwrapped, in the memory of this process."""

    id: uuid.UUID
    version: int
    cipher: AESGCM


# Unwrapped keys by their id, and for each tenant the one to seal with and until when it is known to be that.
_opened: dict[uuid.UUID, DataKey] = {}
_current: dict[uuid.UUID, tuple[DataKey, float]] = {}


def check_open() -> None:
    """Make sure that something can be sealed for the tenant in scope. Raises VaultClosed with what to do."""
    _current_key()


def seal(plaintext: bytes, *, context: str) -> bytes:
    """Encrypt for the tenant in scope.

    Args:
        context: what it is and its id, "gateway.callcontent:<id>". Only with the same context does it open again.

    Raises:
        VaultClosed: there is no master key.
    """
    key = _current_key()
    nonce = os.urandom(NONCE_BYTES)
    header = HEADER.pack(FORMAT, key.id.bytes, key.version, nonce)
    return header + key.cipher.encrypt(nonce, plaintext, _bound_to(header, context))


def open_sealed(sealed: bytes, *, context: str) -> bytes:
    """Decrypt what `seal` made in the same tenant with the same context.

    Raises:
        NotSealedHere: it was sealed as something else, for another tenant, or has been altered.
        VaultClosed: the key that it needs cannot be opened here.
    """
    key = _key(key_id_of(sealed))
    header, ciphertext = sealed[: HEADER.size], sealed[HEADER.size :]
    *_, nonce = HEADER.unpack(header)
    try:
        return key.cipher.decrypt(nonce, ciphertext, _bound_to(header, context))
    except InvalidTag:
        raise NotSealedHere(f"What is stored as {context} was not sealed as that, or has been altered.") from None


def key_id_of(sealed: bytes) -> uuid.UUID:
    """Which data key it was sealed with. Raises NotSealedHere if these are no sealed bytes at all."""
    if len(sealed) <= HEADER.size or sealed[0] != FORMAT:
        raise NotSealedHere("These bytes were not sealed by the vault.")
    return uuid.UUID(bytes=sealed[1:17])


def key_create(*, actor: Actor, after: int = 0) -> TenantKey:
    """The tenant's data key of version `after` + 1: made now, or by whoever was faster."""
    made = TenantKey(version=after + 1, wrapped_by=master_key_id(_master_key()))
    made.claim_for_scope()
    made.wrapped = wrap(AESGCM.generate_key(8 * KEY_BYTES), made)
    with transaction.atomic():
        TenantKey.objects.bulk_create([made], ignore_conflicts=True)
        stored = TenantKey.objects.get(version=made.version)
        if stored.id == made.id:
            record(actor=actor, action="vault.key_made", target=made, data={"version": made.version})
    return stored


def wrap(data_key: bytes, row: TenantKey) -> bytes:
    """The data key of this row under the present master key."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_master_key()).encrypt(nonce, data_key, _row_of(row))


def unwrap(row: TenantKey) -> bytes:
    """The data key of this row. Raises VaultClosed without the master key that it was wrapped by."""
    masters = {master_key_id(key): key for key in (settings.MASTER_KEY_PREVIOUS, _master_key()) if key}
    if row.wrapped_by not in masters:
        raise VaultClosed(
            f"Data key {row.version} of this tenant is wrapped by the master key {row.wrapped_by}, and MASTER_KEY is "
            f"{master_key_id(_master_key())}. Put the other one into MASTER_KEY_PREVIOUS and run `manage.py "
            "rotate_keys`."
        )
    wrapped = bytes(row.wrapped)
    try:
        cipher = AESGCM(masters[row.wrapped_by])
        return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _row_of(row))
    except InvalidTag:
        raise VaultClosed(f"Data key {row.version} of this tenant has been altered and does not open.") from None


def master_key_id(key: bytes) -> str:
    """A name for a master key, from which nothing of the key can be learnt."""
    return hmac.digest(key, b"fintech_ai: the name of a master key", "sha256").hex()[:16]


def current_master_key_id() -> str:
    """The name of the present master key. Raises VaultClosed if there is none."""
    return master_key_id(_master_key())


def forget_keys() -> None:
    """Drop what this process knows, so that the next use asks the database again."""
    _opened.clear()
    _current.clear()


def _master_key() -> bytes:
    if settings.MASTER_KEY is None:
        raise VaultClosed(
            "MASTER_KEY is not set, so nothing can be stored encrypted and no model is asked. It is 32 random bytes in "
            "base64: `openssl rand -base64 32`. Keep it as safe as the database, and apart from it."
        )
    return settings.MASTER_KEY


def _current_key() -> DataKey:
    """The newest data key of the tenant in scope; the first one is made when it is needed."""
    _master_key()
    tenant_id = current_tenant_id()
    known = _current.get(tenant_id)
    if known and time.monotonic() < known[1]:
        return known[0]
    row = TenantKey.objects.order_by("version").last()
    if row is None:
        row = key_create(actor=Actor.system(tenant_id=tenant_id, name="vault"))
    key = _opened.get(row.id) or _unwrapped(row)

    def remember() -> None:
        _opened[key.id] = key
        _current[tenant_id] = key, time.monotonic() + CURRENT_KEY_SECONDS

    # A key whose row is rolled back must not be used again: what it seals could never be opened.
    transaction.on_commit(remember)
    return key


def _key(key_id: uuid.UUID) -> DataKey:
    key = _opened.get(key_id)
    if key is None:
        row = TenantKey.objects.filter(id=key_id).first()
        if row is None:
            raise NotSealedHere("It was sealed with a key that this tenant does not have.")
        key = _unwrapped(row)
        transaction.on_commit(lambda: _opened.__setitem__(key_id, key))
    return key


def _unwrapped(row: TenantKey) -> DataKey:
    return DataKey(id=row.id, version=row.version, cipher=AESGCM(unwrap(row)))


def _bound_to(header: bytes, context: str) -> bytes:
    return header + current_tenant_id().bytes + context.encode()


def _row_of(row: TenantKey) -> bytes:
    return b"fintech_ai data key" + row.tenant_id.bytes + row.id.bytes + row.version.to_bytes(4, "big")
