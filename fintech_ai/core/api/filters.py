"""Filters in the address of a list."""

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING = {"cursor", "page_size"}


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses a parameter that it does not know: with a typo overlooked, a list would show everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view) -> QuerySet:
        filterset = self.get_filterset(request, queryset, view)
        known = PAGING | (set(filterset.filters) if filterset else set())
        if unknown := set(request.query_params) - known:
            raise ValidationError({name: ["There is no filter of this name."] for name in sorted(unknown)})
        return super().filter_queryset(request, queryset, view)
