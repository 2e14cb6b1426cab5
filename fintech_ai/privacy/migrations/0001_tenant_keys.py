"""Data keys: what one wraps never changes, only by which master key it is wrapped."""

import django.db.models.deletion
import uuid6
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_idempotency_key"),
        ("core", "0001_refuse_change"),
    ]

    operations = [
        migrations.CreateModel(
            name="TenantKey",
            fields=[
                ("id", models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(help_text="1, 2, 3 … in each tenant.")),
                ("wrapped", models.BinaryField(help_text="Nonce and data key, encrypted with the master key.")),
                (
                    "wrapped_by",
                    models.CharField(help_text="The name of that master key; says nothing of the key.", max_length=16),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "version"), name="tenant_key_version_is_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="tenant_key_version_starts_at_1"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("wrapped_by__regex", "^[0-9a-f]{16}$")), name="tenant_key_names_its_master"
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER privacy_tenantkey_stays BEFORE UPDATE ON privacy_tenantkey
                FOR EACH ROW WHEN (
                    (NEW.id, NEW.tenant_id, NEW.version, NEW.created_at)
                        IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.version, OLD.created_at)
                    OR NEW.wrapped_by = OLD.wrapped_by
                ) EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER privacy_tenantkey_is_never_emptied BEFORE TRUNCATE ON privacy_tenantkey
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql="""
            DROP TRIGGER privacy_tenantkey_stays ON privacy_tenantkey;
            DROP TRIGGER privacy_tenantkey_is_never_emptied ON privacy_tenantkey;
            """,
        ),
    ]
