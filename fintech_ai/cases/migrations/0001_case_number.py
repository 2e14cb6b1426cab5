"""The sequence behind case numbers, before the table that draws from it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []

    operations = [
        migrations.RunSQL("CREATE SEQUENCE case_number START 1001;", reverse_sql="DROP SEQUENCE case_number;")
    ]
