"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("observability.urls")),
    path("", include("fintech_ai.accounts.urls")),
    path("", include("fintech_ai.cases.urls")),
    path("", include("triage.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("fintech_ai.api_urls")),
]

handler400 = "fintech_ai.core.error_pages.bad_request"
handler403 = "fintech_ai.core.error_pages.forbidden"
handler404 = "fintech_ai.core.error_pages.not_found"
handler500 = "fintech_ai.core.error_pages.server_error"
