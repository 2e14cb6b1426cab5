"""Two roles on one database: the owner migrates, the plain role works."""

from django.conf import settings


class OwnerMigrates:
    """Routes migrations to the "owner" connection and everything else to "default"."""

    def allow_migrate(self, db: str, app_label: str, **hints) -> bool:
        return db == "owner"

    def allow_relation(self, obj1, obj2, **hints) -> bool:
        return True


def app_role() -> str:
    """The name of the plain role that web and workers connect as."""
    return settings.DATABASES["default"]["USER"]
