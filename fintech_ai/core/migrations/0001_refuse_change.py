"""The function behind every immutable table: `core.database.Immutable` hangs it on one."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
            BEGIN
                RAISE EXCEPTION '% on % is refused: its rows never change', TG_OP, TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END $$;
            """,
            reverse_sql="DROP FUNCTION refuse_change();",
        )
    ]
