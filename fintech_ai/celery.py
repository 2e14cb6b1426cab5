"""The Celery application: `celery -A fintech_ai worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech_ai.settings")

app = Celery("fintech_ai")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
