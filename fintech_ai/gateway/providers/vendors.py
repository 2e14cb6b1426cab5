"""The ways to models: OpenAI, Azure OpenAI, Anthropic, servers of one's own. No SDK is loaded before one is asked."""

import importlib
from collections.abc import Mapping
from typing import Any

from fintech_ai.gateway.providers.protocol import MAX_OUTPUT_TOKENS, Question, Reply

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"


class Vendor:
    """What all of them have.

    Args:
        base_url: where it is.
        api_key: never shown, stored or logged.
        model: asked where the tenant has no route of its own.
        region: where it works, as configured.
    """

    name: str
    # The module that speaks its protocol, and loads its SDK.
    speaks: str
    # The limit of the reply's length, as the provider calls it, and what goes with every question.
    limit_name: str
    fixed: Mapping[str, Any] = {}

    def __init__(self, *, base_url: str, api_key: str, model: str, region: str = ""):
        self.base_url = base_url
        self.default_model = model
        self.region = region
        self.parameters: Mapping[str, Any] = {self.limit_name: MAX_OUTPUT_TOKENS, **self.fixed}
        self._api_key = api_key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.default_model})"

    def priced_as(self, model: str) -> str:
        """See `Provider.priced_as`."""
        return model

    def prepare(self) -> None:
        """See `Provider.prepare`."""
        importlib.import_module(self.speaks)


class OpenAIProvider(Vendor):
    """OpenAI itself."""

    name = "openai"
    speaks = "fintech_ai.gateway.providers.chat_completions"
    limit_name = "max_completion_tokens"
    # "store" keeps OpenAI from keeping question and answer for its own pages; "service_tier" fixes which price holds.
    fixed = {"store": False, "service_tier": "default"}

    def price_keys(self) -> tuple[Mapping[str, str], ...]:
        """See `Provider.price_keys`."""
        return ({"provider_id": "openai"},)

    def ask(self, question: Question, *, model: str, seconds: float) -> Reply:
        """See `Provider.ask`."""
        from fintech_ai.gateway.providers import chat_completions

        body = chat_completions.request_body(question, model=model, limit_name=self.limit_name)
        return chat_completions.ask(
            self.base_url, self._api_key, {**body, **self.fixed}, question=question, seconds=seconds
        )


class AzureProvider(OpenAIProvider):
    """Azure OpenAI, by its v1 endpoint, which OpenAI's plain client speaks to. There a model is a deployment.

    A deployment has any name, and only replies tell which model is behind it. For its price, `deployed` says so before.
    """

    name = "azure"
    fixed: Mapping[str, Any] = {}

    def __init__(self, *, endpoint: str, api_key: str, deployment: str, deployed: str, region: str = ""):
        base_url = endpoint.rstrip("/").removesuffix("/openai/v1") + "/openai/v1/"
        super().__init__(base_url=base_url, api_key=api_key, model=deployment, region=region)
        self.deployed = deployed

    def priced_as(self, model: str) -> str:
        """See `Provider.priced_as`."""
        return self.deployed if model == self.default_model else model

    def price_keys(self) -> tuple[Mapping[str, str], ...]:
        """See `Provider.price_keys`. Azure sells at OpenAI's prices where it has none of its own."""
        return {"provider_id": "azure"}, {"provider_id": "openai"}


class AnthropicProvider(Vendor):
    """Anthropic, by its own protocol.

    Its endpoint that speaks OpenAI's ignores `strict`, and is documented as not meant for production.
    """

    name = "anthropic"
    speaks = "fintech_ai.gateway.providers.anthropic_messages"
    limit_name = "max_tokens"

    def price_keys(self) -> tuple[Mapping[str, str], ...]:
        """See `Provider.price_keys`."""
        return ({"provider_id": "anthropic"},)

    def ask(self, question: Question, *, model: str, seconds: float) -> Reply:
        """See `Provider.ask`."""
        from fintech_ai.gateway.providers import anthropic_messages

        body = anthropic_messages.request_body(question, model=model)
        return anthropic_messages.ask(self.base_url, self._api_key, body, question=question, seconds=seconds)


class CompatibleProvider(OpenAIProvider):
    """A server of one's own: vLLM, llama.cpp, Ollama, or a proxy. It is sent what all of them know.

    `max_completion_tokens` is not among that: Ollama ignores it, and would write on and on (ollama/ollama#7125).
    """

    name = "compatible"
    limit_name = "max_tokens"
    fixed: Mapping[str, Any] = {}

    def price_keys(self) -> tuple[Mapping[str, str], ...]:
        """By the base URL; a proxy that the list does not know is taken to lead to OpenAI's own models."""
        return {"provider_api_url": self.base_url}, {"provider_id": "openai"}
