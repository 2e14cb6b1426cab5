"""The REST API, version 1."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from fintech_ai.core.api.problems import problem_response


@csrf_exempt
def unknown(request: HttpRequest) -> JsonResponse:
    """Whatever is not an address of the API."""
    return problem_response(request, 404, "There is no such address. The documentation is at /api/v1/docs/.")


urlpatterns = [
    path("", include("fintech_ai.cases.api")),
    path("triage/", include("triage.api")),
    path("openapi", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    re_path(r"", unknown),
]
