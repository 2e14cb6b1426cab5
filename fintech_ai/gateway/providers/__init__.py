"""Who can be asked. Everything here is chosen by settings; nothing heavy is imported before the first call."""

from collections.abc import Mapping

from django.conf import settings

from fintech_ai.gateway.providers.protocol import Provider


def configured() -> Mapping[str, Provider]:
    """The providers that the settings configure, by name. None of them: then the baseline answers.

    A key is enough for OpenAI; a base URL is enough for a server of one's own that asks for none.
    """
    if not (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL):
        return {}
    from fintech_ai.gateway.providers.openai_provider import OpenAIProvider

    provider = OpenAIProvider(
        base_url=settings.OPENAI_BASE_URL, api_key=settings.OPENAI_API_KEY, model=settings.OPENAI_MODEL
    )
    return {provider.name: provider}
