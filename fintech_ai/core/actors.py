"""Who is doing this: the first argument of every service."""

import uuid
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    USER = "user"
    TOKEN = "token"
    WORKER = "worker"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an API token or a process, acting inside one tenant.

    `group_ids` are the django groups whose object permissions the actor has; a worker has none, because
    services that a worker calls ask for its kind and not for a permission.
    """

    kind: ActorKind
    id: str
    name: str
    tenant_id: uuid.UUID
    role: str = ""
    group_ids: frozenset[int] = frozenset()

    @classmethod
    def worker(cls, *, tenant_id: uuid.UUID, name: str) -> "Actor":
        """The background process called `name`, working for one tenant."""
        return cls(kind=ActorKind.WORKER, id=name, name=name, tenant_id=tenant_id)

    @classmethod
    def system(cls, *, tenant_id: uuid.UUID, name: str = "system") -> "Actor":
        """A command or schedule that nobody in particular started."""
        return cls(kind=ActorKind.SYSTEM, id=name, name=name, tenant_id=tenant_id)

    @property
    def user_id(self) -> uuid.UUID | None:
        """The person's id, or None when the actor is not a person."""
        return uuid.UUID(self.id) if self.kind == ActorKind.USER else None
