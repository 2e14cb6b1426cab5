"""A model server that costs next to nothing: the same whole reply to each chat completion, at once or after a while.

    python -m tests.benchmarks.instant_model     prints its address; …/after/5/v1 answers after 5 ms

One process, one thread, no framework, so that what is measured is its clients.
"""

import asyncio
import json
import re

from tests.benchmarks.answer import GOOD

MESSAGE = {"role": "assistant", "content": GOOD.model_dump_json(), "refusal": None, "annotations": []}
BODY = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 1000,
            "completion_tokens": 100,
            "total_tokens": 1100,
            "prompt_tokens_details": {"cached_tokens": 200},
        },
    }
).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
AFTER = re.compile(rb"POST /after/(\d+)/")


class Connection(asyncio.Protocol):
    """One client, whose requests come one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < int(length[1] if length else 0):
            return
        self.received = b""
        after = AFTER.match(head)
        if after:
            asyncio.get_running_loop().call_later(int(after[1]) / 1000, self.transport.write, REPLY)
        else:
            self.transport.write(REPLY)


async def main() -> None:
    """Serve until terminated."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
