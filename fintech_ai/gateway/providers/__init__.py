"""Who can be asked. Everything here is chosen by settings; nothing heavy is imported before the first call."""

from django.conf import settings

from fintech_ai.gateway.providers.protocol import Provider


def configured_provider() -> Provider | None:
    """The provider that the settings name, or None: then the baseline answers.

    A key is enough for OpenAI; a base URL is enough for a server of one's own that asks for none.
    """
    if not (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL):
        return None
    from fintech_ai.gateway.providers.openai_provider import OpenAIProvider

    return OpenAIProvider(
        base_url=settings.OPENAI_BASE_URL, api_key=settings.OPENAI_API_KEY, model=settings.OPENAI_MODEL
    )
