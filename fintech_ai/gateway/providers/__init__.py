"""Who can be asked. Everything here is chosen by settings; no SDK is loaded before the first call."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings

from fintech_ai.gateway.providers.protocol import Provider
from fintech_ai.gateway.providers.vendors import (
    ANTHROPIC_URL,
    OPENAI_URL,
    AnthropicProvider,
    AzureProvider,
    CompatibleProvider,
    OpenAIProvider,
)


def configured() -> Mapping[str, Provider]:
    """The providers that the settings configure, by name, in the order in which they are asked by default.

    None of them: then the baseline answers. A key is enough for OpenAI and Anthropic; a base URL is enough for a server
    of one's own that asks for none.
    """
    found: dict[str, Provider] = {}
    is_own_server = bool(settings.OPENAI_BASE_URL) and not _is_openai(settings.OPENAI_BASE_URL)
    if settings.OPENAI_API_KEY and not is_own_server:
        found["openai"] = OpenAIProvider(
            base_url=settings.OPENAI_BASE_URL or OPENAI_URL,
            api_key=settings.OPENAI_API_KEY,
            model=settings.OPENAI_MODEL,
            region=settings.OPENAI_REGION,
        )
    if settings.AZURE_OPENAI_ENDPOINT and settings.AZURE_OPENAI_API_KEY:
        found["azure"] = AzureProvider(
            endpoint=settings.AZURE_OPENAI_ENDPOINT,
            api_key=settings.AZURE_OPENAI_API_KEY,
            deployment=settings.AZURE_OPENAI_DEPLOYMENT,
            deployed=settings.AZURE_OPENAI_MODEL,
            region=settings.AZURE_OPENAI_REGION,
        )
    if settings.ANTHROPIC_API_KEY:
        found["anthropic"] = AnthropicProvider(
            base_url=settings.ANTHROPIC_BASE_URL or ANTHROPIC_URL,
            api_key=settings.ANTHROPIC_API_KEY,
            model=settings.ANTHROPIC_MODEL,
            region=settings.ANTHROPIC_REGION,
        )
    if is_own_server:
        found["compatible"] = CompatibleProvider(
            base_url=settings.OPENAI_BASE_URL,
            api_key=settings.OPENAI_API_KEY,
            model=settings.OPENAI_MODEL,
            region=settings.OPENAI_REGION,
        )
    return found


def prepare() -> None:
    """Load the SDKs of all configured providers now; otherwise the first question to each does."""
    for provider in configured().values():
        provider.prepare()


def _is_openai(base_url: str) -> bool:
    """Whether it is OpenAI's own, as https://eu.api.openai.com/v1 is too."""
    host = urlsplit(base_url).hostname or ""
    return f".{host}".endswith(".api.openai.com")
