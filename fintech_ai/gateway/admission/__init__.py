"""May this request be sent now? Circuit breaker, rate limits and budgets, shared by all processes through Redis.

One script in Redis answers before a request, another takes in how it went. PostgreSQL holds the truth of the money
(`ModelCall.hold_micro_usd` and `LedgerEntry`): the figures in Redis are made from it and agree with it to the
micro-dollar. Without Redis nothing is sent.
"""

from fintech_ai.gateway.admission.gate import Entered, Refused, enter, leave, settle, shut_out

__all__ = ["Entered", "Refused", "enter", "leave", "settle", "shut_out"]
