"""What was sent and received: written once, sealed anew only with another key, deleted only when its time is over."""

import django.db.models.deletion
import uuid6
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_idempotency_key"),
        ("gateway", "0004_chosen_by_four_eyes"),
        ("privacy", "0001_tenant_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="CallContent",
            fields=[
                ("id", models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "key",
                    models.ForeignKey(
                        help_text="What opens it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="privacy.tenantkey",
                    ),
                ),
                ("ciphertext", models.BinaryField()),
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="content", to="gateway.modelcall"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("keep_until", models.DateTimeField(help_text="It is deleted on the day after.")),
            ],
            options={
                "indexes": [models.Index(fields=["tenant", "keep_until"], name="call_content_by_end")],
            },
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER gateway_callcontent_stays BEFORE UPDATE ON gateway_callcontent
                FOR EACH ROW WHEN (
                    (NEW.id, NEW.tenant_id, NEW.call_id, NEW.created_at, NEW.keep_until)
                        IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.call_id, OLD.created_at, OLD.keep_until)
                    OR NEW.key_id = OLD.key_id
                ) EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER gateway_callcontent_is_kept BEFORE DELETE ON gateway_callcontent
                FOR EACH ROW WHEN (OLD.keep_until > now()) EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER gateway_callcontent_is_never_emptied BEFORE TRUNCATE ON gateway_callcontent
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql="""
            DROP TRIGGER gateway_callcontent_stays ON gateway_callcontent;
            DROP TRIGGER gateway_callcontent_is_kept ON gateway_callcontent;
            DROP TRIGGER gateway_callcontent_is_never_emptied ON gateway_callcontent;
            """,
        ),
    ]
