"""What was recommended, claimed and decided stays as it was."""

from django.db import migrations

from fintech_ai.core.database import Immutable


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_initial"), ("core", "0001_refuse_change")]

    operations = [Immutable("cases_recommendation"), Immutable("cases_claim"), Immutable("cases_decision")]
