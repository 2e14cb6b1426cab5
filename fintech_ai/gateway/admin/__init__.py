"""The gateway for the compliance officer, a module for each subject."""

from fintech_ai.gateway.admin import calls, configuration, data_flow, pages

__all__ = ["calls", "configuration", "data_flow", "pages"]
