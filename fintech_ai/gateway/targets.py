"""Whom to ask: a model at a provider."""

import re
from dataclasses import dataclass
from typing import Self

PROVIDERS = ("openai", "azure", "anthropic", "compatible")
# Also what a provider may call the model that answered: names, never a text.
MODEL_NAME = re.compile(r"[\w.:/@+-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class Target:
    """One entry of a route, written "openai/gpt-4.1-mini"."""

    provider: str
    model: str

    @property
    def label(self) -> str:
        return f"{self.provider}/{self.model}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The target that `text` names. A model's name may hold slashes itself. Raises ValueError with a sentence."""
        provider, _, model = text.strip().partition("/")
        if provider not in PROVIDERS:
            raise ValueError(f"{text!r} does not begin with a provider: {', '.join(PROVIDERS)}, then / and a model.")
        if not MODEL_NAME.fullmatch(model):
            raise ValueError(f"{text!r} names no model: write it as in openai/gpt-4.1-mini.")
        return cls(provider, model)

    def __str__(self) -> str:
        return self.label
