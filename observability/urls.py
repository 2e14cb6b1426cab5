"""Addresses for machines that watch over this one."""

from django.urls import path

from observability import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
