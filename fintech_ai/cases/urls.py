"""Pages of queues and cases."""

from django.urls import path

from fintech_ai.cases.views import agreement, case, queue

urlpatterns = [
    path("", queue.home, name="home"),
    path("queues/<slug:slug>/", queue.queue, name="queue"),
    path("queues/<slug:slug>/next", queue.queue_next, name="queue-next"),
    path("queues/<slug:slug>/decide", queue.queue_decide, name="queue-decide"),
    path("queues/<slug:slug>/assign", queue.queue_assign, name="queue-assign"),
    path("queues/<slug:slug>/cases.csv", queue.queue_export, name="queue-export"),
    path("queues/<slug:slug>/agreement/", agreement.agreement, name="queue-agreement"),
    path("queues/<slug:slug>/agreement/blind", agreement.blind, name="queue-blind"),
    path("cases/<uuid:case_id>/", case.case, name="case"),
    path("cases/<uuid:case_id>/trail/", case.case_trail, name="case-trail"),
    path("cases/<uuid:case_id>/take", case.take, name="case-take"),
    path("cases/<uuid:case_id>/release", case.release, name="case-release"),
    path("cases/<uuid:case_id>/assign", case.assign, name="case-assign"),
    path("cases/<uuid:case_id>/snooze", case.snooze, name="case-snooze"),
    path("cases/<uuid:case_id>/decide", case.decide, name="case-decide"),
    path("cases/<uuid:case_id>/approve", case.approve, name="case-approve"),
    path("cases/<uuid:case_id>/send-back", case.send_back, name="case-send-back"),
]
