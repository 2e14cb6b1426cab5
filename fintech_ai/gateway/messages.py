"""What is sent: instructions from prompt files, and data that is marked as such."""

import json
from collections.abc import Mapping
from typing import Any

from fintech_ai.gateway import prompts
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers.protocol import Message
from fintech_ai.privacy.untrusted import fenced, new_marker

Messages = tuple[Message, ...]

DATA_BLOCK, REPAIR = "data_block-v1", "repair-v1"
PACKAGE = "fintech_ai.gateway"
MAX_QUOTED = 20_000


def framing() -> dict[str, str]:
    """The gateway's own prompts in a call, by their versions; stored with its parameters."""
    return {"data_block": prompts.load(PACKAGE, DATA_BLOCK).label, "repair": prompts.load(PACKAGE, REPAIR).label}


def first_messages(prompt: Prompt, reference: Mapping[str, Any], content: Mapping[str, Any]) -> Messages:
    """Prompt and reference, which are the same in every call and so stand first, where providers cache them."""
    marker = new_marker()
    parts = [prompt.text]
    if reference:
        parts.append("## Reference\n\n" + json.dumps(reference, ensure_ascii=False, separators=(",", ":")))
    parts.append(_with_marker(DATA_BLOCK, marker))
    return Message("system", "\n\n".join(parts)), Message("user", fenced(content, marker=marker))


def repair_messages(messages: Messages, reply: str, issues: list[dict[str, Any]]) -> Messages:
    """The same conversation, with the reply that did not fit and what was wrong with it."""
    marker = new_marker()
    asked = f"{_with_marker(REPAIR, marker)}\n\n{fenced(issues, marker=marker)}"
    return *messages, Message("assistant", reply[:MAX_QUOTED]), Message("user", asked)


def _with_marker(name: str, marker: str) -> str:
    return prompts.load(PACKAGE, name).text.replace("MARKER", marker)
