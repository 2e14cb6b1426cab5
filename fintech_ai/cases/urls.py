"""Pages of queues and cases."""

from django.urls import path

from fintech_ai.cases import views

urlpatterns = [
    path("", views.home, name="home"),
    path("queues/<slug:slug>/", views.queue, name="queue"),
    path("queues/<slug:slug>/next", views.queue_next, name="queue-next"),
    path("queues/<slug:slug>/assign", views.queue_assign, name="queue-assign"),
    path("cases/<uuid:case_id>/", views.case, name="case"),
    path("cases/<uuid:case_id>/trail/", views.case_trail, name="case-trail"),
    path("cases/<uuid:case_id>/take", views.take, name="case-take"),
    path("cases/<uuid:case_id>/release", views.release, name="case-release"),
    path("cases/<uuid:case_id>/assign", views.assign, name="case-assign"),
    path("cases/<uuid:case_id>/decide", views.decide, name="case-decide"),
    path("cases/<uuid:case_id>/approve", views.approve, name="case-approve"),
    path("cases/<uuid:case_id>/send-back", views.send_back, name="case-send-back"),
]
