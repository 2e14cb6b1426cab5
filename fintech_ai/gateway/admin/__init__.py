"""The gateway for the compliance officer, a module for each subject."""

from fintech_ai.gateway.admin import calls

__all__ = ["calls"]
