"""Pages of triage."""

from django.urls import path

from triage import views

urlpatterns = [
    path("queues/<slug:slug>/simulation/", views.simulation, name="triage-simulation"),
    path("cases/<uuid:case_id>/sar/", views.sar, name="triage-sar"),
    path("cases/<uuid:case_id>/sar/xml", views.sar_xml, name="triage-sar-xml"),
]
