"""Configuration on top, and beneath it the kernel that all capabilities share."""

from fintech_ai.celery import app as celery_app

__all__ = ["celery_app"]
