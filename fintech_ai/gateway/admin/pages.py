"""Models at a glance: providers and their health, the budget, the versions of prompts, and the vendor register."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from redis.exceptions import RedisError

from fintech_ai.accounts.four_eyes.models import Proposal
from fintech_ai.audit.models import AuditEvent
from fintech_ai.core.admin import Page
from fintech_ai.gateway.admission.budgets import BudgetState, budget_state
from fintech_ai.gateway.admission.health import TargetHealth, target_health
from fintech_ai.gateway.configuration import InForce, forget, in_force
from fintech_ai.gateway.endpoints import Endpoint, all_endpoints
from fintech_ai.gateway.models import BudgetLimits, PromptChoice, Route, VendorReview
from fintech_ai.gateway.models.configuration import VENDORS
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers import configured
from fintech_ai.gateway.targets import Target
from fintech_ai.gateway.use import MOST_CALLS, TargetUse, cost_by_endpoint, costliest_cases, use_of_targets

# What has to be set in the environment before a provider can be asked.
SETTINGS = {
    "openai": "OPENAI_API_KEY",
    "azure": "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "compatible": "OPENAI_BASE_URL",
}
TOLD = {"budget.nearly_spent": "80% spent", "budget.spent": "All spent"}
CIRCUITS = {
    "closed": "Closed: asked as usual",
    "half_open": "Half open: one request tries whether it works again",
    "open": "Open: it has been failing and is left alone",
}


@dataclass(frozen=True)
class TargetRow:
    """A provider's model with its health in this minute (None without Redis) and its use by this tenant."""

    target: Target
    health: TargetHealth | None
    use: TargetUse

    @property
    def circuit(self) -> str:
        """The state of its circuit breaker in words."""
        return CIRCUITS[self.health.state] if self.health else "Not known: Redis does not answer"


@dataclass(frozen=True)
class VersionRow:
    """A version of a prompt, and the choice that put it in force or proposes to, if any."""

    prompt: Prompt
    state: str
    choice: PromptChoice | None

    @property
    def is_used(self) -> bool:
        return self.state.startswith("In ")


def models_page(request: HttpRequest) -> HttpResponse:
    """Whom this installation can ask, how they are, and whom this tenant asks for what."""
    now = _now()
    context = {
        "providers": list(_providers(now)),
        "targets": _targets(now),
        "routes": [_route(now, endpoint) for endpoint in all_endpoints()],
        "budget": budget_state(request.tenant),
        "waiting": _waiting(),
        "most_calls": MOST_CALLS,
    }
    return _page(request, "models", context)


def budget_page(request: HttpRequest) -> HttpResponse:
    """What has been spent and is held, on what, and who was told."""
    now = _now()
    state = budget_state(request.tenant)
    told = AuditEvent.objects.filter(action__in=TOLD, object_id=str(request.tenant.id)).order_by("-seq")[:12]
    context = {
        "budget": state,
        "bar": _bar(state),
        "limits": now.budget,
        "rate": now.rate,
        "chosen": BudgetLimits.objects.in_force().select_related("decided_by").first(),
        "cases": costliest_cases(state.month),
        "endpoints": cost_by_endpoint(state.month),
        "told": [{"event": event, "what": TOLD[event.action], **event.data} for event in told],
        "propose": reverse("admin:gateway_budgetlimits_propose"),
    }
    return _page(request, "budget", context)


def prompts_page(request: HttpRequest) -> HttpResponse:
    """Every version of every prompt: what is asked, since when, and who approved it."""
    chosen = {choice.endpoint: choice for choice in _with_people(PromptChoice.objects.in_force())}
    waiting = list(_with_people(PromptChoice.objects.waiting()))
    prompts = [
        {
            "endpoint": endpoint,
            "purpose": endpoint.prompt(_version(endpoint, chosen)).purpose,
            "versions": list(_versions(endpoint, chosen.get(endpoint.name), waiting)),
            "propose": f"{reverse('admin:gateway_promptchoice_propose')}?endpoint={endpoint.name}",
        }
        for endpoint in all_endpoints()
    ]
    return _page(request, "prompts", {"prompts": prompts})


def vendors_page(request: HttpRequest) -> HttpResponse:
    """The vendor register: what is known of each, and whether anything may be sent to it."""
    now = _now()
    reviews = {review.vendor: review for review in _with_people(VendorReview.objects.in_force())}
    waiting = {review.vendor: review for review in VendorReview.objects.waiting()}
    vendors = [
        {
            "name": name,
            "label": label,
            "review": reviews.get(name),
            "state": _review_state(now, name),
            "is_configured": name in configured(),
            "waiting": waiting.get(name),
            "propose": f"{reverse('admin:gateway_vendorreview_propose')}?vendor={name}",
        }
        for name, label in VENDORS
    ]
    return _page(request, "vendors", {"vendors": vendors})


def _now() -> InForce:
    # What is in force at this moment: an officer who has just approved a change looks here whether it is.
    forget()
    return in_force()


def _page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    page = next(page for page in PAGES if page.name == f"gateway_{name}")
    general = {**admin.site.each_context(request), "title": page.title, "about": page.about}
    return TemplateResponse(request, f"admin/gateway/{name}_page.html", {**general, **context})


def _with_people(proposals: QuerySet) -> QuerySet:
    return proposals.select_related("proposed_by", "decided_by")


def _providers(now: InForce) -> Iterator[dict[str, Any]]:
    here = configured()
    for name, label in VENDORS:
        provider = here.get(name)
        yield {
            "name": name,
            "label": label,
            "is_configured": provider is not None,
            "setting": SETTINGS[name],
            "host": urlsplit(provider.base_url).hostname if provider else "",
            "region": provider.region if provider else "",
            "model": provider.default_model if provider else "",
            "review": now.reviews.get(name),
            "state": _review_state(now, name),
        }


def _review_state(now: InForce, vendor: str) -> dict[str, Any]:
    """Whether something may be sent: for all endpoints, for some, or for none, with the sentence that says why."""
    problems = {endpoint.name: now.vendor_problem(vendor, endpoint.name) for endpoint in all_endpoints()}
    refused = [problem for problem in problems.values() if problem]
    if not refused:
        return {"word": "Current", "is_good": True, "why": ""}
    if len(refused) < len(problems):
        return {"word": "Current in part", "is_good": True, "why": " ".join(dict.fromkeys(refused))}
    return {"word": "Nothing is sent", "is_good": False, "why": refused[0]}


def _targets(now: InForce) -> list[TargetRow]:
    """Whom this tenant asks now or has asked today, those in use first."""
    used = use_of_targets()
    routed = (target for endpoint in all_endpoints() for target in now.targets(endpoint.name))
    targets = list(dict.fromkeys([*routed, *sorted(used, key=lambda target: target.label)]))
    return [TargetRow(target, _health(target), used.get(target, TargetUse())) for target in targets]


def _health(target: Target) -> TargetHealth | None:
    try:
        return target_health(target)
    except RedisError:
        return None


def _route(now: InForce, endpoint: Endpoint) -> dict[str, Any]:
    here = configured()
    return {
        "endpoint": endpoint.name,
        "targets": [
            {
                "label": target.label,
                "problem": "not configured here"
                if target.provider not in here
                else "no current review of the vendor"
                if now.vendor_problem(target.provider, endpoint.name)
                else "",
            }
            for target in now.targets(endpoint.name)
        ],
        "chosen": Route.objects.filter(endpoint=endpoint.name).in_force().select_related("decided_by").first(),
        "prompt": now.prompt(endpoint),
        "challenger": now.challenger(endpoint),
        "propose": f"{reverse('admin:gateway_route_propose')}?endpoint={endpoint.name}",
    }


def _waiting() -> list[dict[str, Any]]:
    found: list[Proposal] = []
    for model in (Route, PromptChoice, BudgetLimits, VendorReview):
        found += model.objects.waiting().select_related("proposed_by")
    return [
        {
            "proposal": proposal,
            "address": reverse(f"admin:gateway_{proposal._meta.model_name}_change", args=[proposal.id]),
        }
        for proposal in sorted(found, key=lambda proposal: proposal.proposed_at)
    ]


def _bar(state: BudgetState) -> dict[str, float]:
    """Widths in percent of the limit, for a drawing of 100 by 1."""
    limit = float(state.limit) or 1.0
    spent = min(100.0, 100 * float(state.spent) / limit)
    return {"spent": spent, "held": min(100.0 - spent, 100 * float(state.held) / limit)}


def _version(endpoint: Endpoint, chosen: dict[str, PromptChoice]) -> int | None:
    choice = chosen.get(endpoint.name)
    return choice.version if choice else None


def _versions(endpoint: Endpoint, choice: PromptChoice | None, waiting: list[PromptChoice]) -> Iterator[VersionRow]:
    """The newest version first."""
    active = choice.version if choice else endpoint.version
    proposals = {
        version: its for its in waiting if its.endpoint == endpoint.name for version in (its.version, its.challenger)
    }
    for version in reversed(endpoint.versions()):
        prompt = endpoint.prompt(version)
        if version == active:
            changed = choice is not None and choice.sha256 != prompt.sha256
            state = "In force" if choice else "In force by default"
            yield VersionRow(prompt, f"{state}, but its file was changed since" if changed else state, choice)
        elif choice and version == choice.challenger:
            yield VersionRow(prompt, f"In shadow on {choice.shadow_percent.normalize():f}% of calls", choice)
        elif version in proposals:
            yield VersionRow(prompt, "Proposed", proposals[version])
        else:
            yield VersionRow(prompt, "Not used", None)


def _made(name: str, title: str, about: str, view: Callable[[HttpRequest], HttpResponse]) -> Page:
    return Page(route=f"gateway/{name}/", name=f"gateway_{name}", title=title, about=about, view=view)


PAGES = (
    _made("models", "Models", "Providers, their health, and whom is asked for what.", models_page),
    _made("budget", "Model budget", "What is spent and held this month, and on what.", budget_page),
    _made("prompts", "Prompt versions", "What is asked, since when, and who approved it.", prompts_page),
    _made("vendors", "Vendor register", "Whom data may be sent to, and on which terms.", vendors_page),
)
for _each in PAGES:
    admin.site.add_page(_each)
