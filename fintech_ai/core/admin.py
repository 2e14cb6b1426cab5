"""The compliance officer's surface: Django's admin, reading everything of one tenant and changing nothing.

An app's admin.py registers its models with subclasses of `ReadOnlyAdmin`. What else is registered by installed
packages is left out, since it knows no tenant.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.cache import patch_cache_control
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_safe

from fintech_ai.core.actors import ActorKind

COMPLIANCE = "compliance"
COUNT_LIMIT = 10_000


@dataclass(frozen=True)
class Page:
    """A page of the site that is no list of rows. `about` is a sentence for the index."""

    route: str
    name: str
    title: str
    about: str
    view: Callable[..., HttpResponse]


class ComplianceSite(admin.AdminSite):
    """Opened by the role "compliance"; a superuser comes in through a membership as well, so always with a tenant."""

    site_title = site_header = "Compliance"
    index_title = "What is recorded"
    site_url = "/"
    enable_nav_sidebar = False
    final_catch_all_view = False

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.pages: list[Page] = []

    def add_page(self, page: Page) -> None:
        """Show a page, of GET and HEAD alone, at admin/<route>, and on the index."""
        self.pages.append(page)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "pages": self.pages}

    def has_permission(self, request: HttpRequest) -> bool:
        actor = request.actor
        if actor is None or actor.kind != ActorKind.USER:
            return False
        return actor.role == COMPLIANCE or request.user.is_superuser

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """Strangers go to the sign-in page of all; for everybody else without the right there is nothing here."""

        @csrf_protect
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise Http404("Only a compliance officer may open these pages.")
            response = view(request, *args, **kwargs)
            patch_cache_control(response, no_store=True, private=True)
            return response

        guarded.is_guarded = True
        return guarded

    def get_urls(self) -> list[URLPattern]:
        """Index, pages and models. Sign-in, sign-out and passwords have pages of their own; nothing else is needed."""
        wanted = {"index", "app_list"}
        general = [pattern for pattern in super().get_urls() if getattr(pattern, "name", None) in wanted]
        models = [pattern for pattern in super().get_urls() if hasattr(pattern, "url_patterns")]
        pages = [path(page.route, self.admin_view(require_safe(page.view)), name=page.name) for page in self.pages]
        return general + pages + models

    def register(self, model_or_iterable, admin_class: type[admin.ModelAdmin] | None = None, **options) -> None:
        if admin_class is not None and issubclass(admin_class, ReadOnlyAdmin):
            super().register(model_or_iterable, admin_class, **options)


class CappedPaginator(Paginator):
    """Counts no further than COUNT_LIMIT, so that a page costs the same at a million rows as at a thousand."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[:COUNT_LIMIT].count()

    @property
    def is_capped(self) -> bool:
        return self.count == COUNT_LIMIT


class _ReadOnly:
    """Seeing is for whoever may open the site; nobody adds, changes or deletes."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """`fields`, or all but the tenant, which is the same everywhere; also those that no form would show."""
        left_out = {"tenant", *(self.exclude or ())}
        columns = (*self.opts.fields, *self.opts.many_to_many)
        shown = self.fields or [column.name for column in columns if column.name not in left_out]
        return list(dict.fromkeys([*shown, *self.readonly_fields]))


class ReadOnlyInline(_ReadOnly, admin.TabularInline):
    """Rows that belong to the object on the page."""

    template = "admin/rows.html"
    extra = 0
    can_delete = False


class ReadOnlyAdmin(_ReadOnly, admin.ModelAdmin):
    """A list and a detail page, as cheap at a million rows as at a thousand.

    `ordering` and each of `search_fields`, which are compared whole, should lead an index; nothing else is sorted by.
    """

    actions = None
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False

    def get_urls(self) -> list[URLPattern]:
        opts = self.opts
        name = f"{opts.app_label}_{opts.model_name}"
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(require_safe(self.changelist_view)), name=f"{name}_changelist"),
            path("<str:object_id>/change/", guarded(require_safe(self.change_view)), name=f"{name}_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """The object, by its key alone. PostgreSQL raises for a NUL, which no key holds."""
        return None if "\0" in object_id else super().get_object(request, object_id)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        matching = Q(pk__in=[])
        for name in self.get_search_fields(request):
            if (value := _as_value_of(queryset.model, name, term)) is not None:
                matching |= Q(**{name: value})
        return queryset.filter(matching), False

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404(f"There is no such {opts.verbose_name}.")


def _as_value_of(model: type[Model], name: str, term: str) -> Any:
    """What was searched for as a value of the field, or None if it cannot be one."""
    try:
        field = model._meta.get_field(name)
        return getattr(field, "output_field", field).to_python(term)
    except (FieldDoesNotExist, ValidationError):
        return None


def as_json(value: Any) -> SafeString:
    """A JSON value, indented for reading."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))
