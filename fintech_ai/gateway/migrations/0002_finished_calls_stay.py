"""A finished call never changes, an unfinished one keeps its key and its beginning, and none is ever deleted."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gateway", "0001_initial"), ("core", "0001_refuse_change")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TRIGGER gateway_modelcall_stays_once_finished BEFORE UPDATE ON gateway_modelcall
                FOR EACH ROW WHEN (
                    OLD.outcome <> ''
                    OR (NEW.id, NEW.tenant_id, NEW.idempotency_key, NEW.created_at)
                        IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.idempotency_key, OLD.created_at)
                ) EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER gateway_modelcall_is_never_deleted BEFORE DELETE ON gateway_modelcall
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER gateway_modelcall_is_never_emptied BEFORE TRUNCATE ON gateway_modelcall
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql="""
            DROP TRIGGER gateway_modelcall_stays_once_finished ON gateway_modelcall;
            DROP TRIGGER gateway_modelcall_is_never_deleted ON gateway_modelcall;
            DROP TRIGGER gateway_modelcall_is_never_emptied ON gateway_modelcall;
            """,
        )
    ]
