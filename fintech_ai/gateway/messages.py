"""What is sent: instructions from prompt files, and data that is marked as such."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fintech_ai.gateway import prompts
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers.protocol import Message, Reply, ToolCall
from fintech_ai.privacy.untrusted import fenced, fenced_text, new_marker

DATA_BLOCK, REPAIR = "data_block-v2", "repair-v1"
PACKAGE = "fintech_ai.gateway"
MAX_QUOTED = 20_000


def framing() -> dict[str, str]:
    """The gateway's own prompts in a call, by their versions; stored with its parameters."""
    return {"data_block": prompts.load(PACKAGE, DATA_BLOCK).label, "repair": prompts.load(PACKAGE, REPAIR).label}


@dataclass(frozen=True)
class Conversation:
    """The messages so far, and the marker between whose lines all data stands."""

    messages: tuple[Message, ...]
    marker: str

    @classmethod
    def begun(cls, prompt: Prompt, reference: Mapping[str, Any], content: Mapping[str, Any]) -> "Conversation":
        """Prompt and reference, which are the same in every call and so stand first, where providers cache them."""
        marker = new_marker()
        parts = [prompt.text]
        if reference:
            parts.append("## Reference\n\n" + json.dumps(reference, ensure_ascii=False, separators=(",", ":")))
        parts.append(_with_marker(DATA_BLOCK, marker))
        system, data = Message("system", "\n\n".join(parts)), Message("user", fenced(content, marker=marker))
        return cls((system, data), marker)

    def with_repair(self, reply: str, issues: list[dict[str, Any]]) -> "Conversation":
        """Goes on with the reply that did not fit, and with what was wrong with it."""
        marker = new_marker()
        asked = f"{_with_marker(REPAIR, marker)}\n\n{fenced(issues, marker=marker)}"
        said = Message("assistant", reply[:MAX_QUOTED] or "{}")
        return Conversation((*self.messages, said, Message("user", asked)), self.marker)

    def with_lookups(self, reply: Reply, results: list[tuple[ToolCall, str]]) -> "Conversation":
        """Goes on with what the model looked up."""
        said = Message("assistant", reply.text, tool_calls=reply.tool_calls)
        told = (
            Message("tool", fenced_text(text, marker=self.marker), tool_call_id=asked.id) for asked, text in results
        )
        return Conversation((*self.messages, said, *told), self.marker)


def _with_marker(name: str, marker: str) -> str:
    return prompts.load(PACKAGE, name).text.replace("MARKER", marker)
