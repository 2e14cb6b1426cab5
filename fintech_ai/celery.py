"""The Celery application: `celery -A fintech_ai worker`."""

import os

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech_ai.settings")

app = Celery("fintech_ai")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def load_sdks(**_: object) -> None:
    """Before a worker forks, so that its children share what is loaded, and no call waits for it."""
    from fintech_ai.gateway import providers

    providers.prepare()
