"""A scripted model provider: a real HTTP server with OpenAI's, Azure's and Anthropic's protocols, faults included.

    with ModelServer([Fault.BUSY, {"decision": "clear"}]) as server:
        ...                      # OPENAI_BASE_URL = server.url
        ...                      # AZURE_OPENAI_ENDPOINT = ANTHROPIC_BASE_URL = server.root
        server.requests[0].body  # what was sent

A script is a list of steps, of which the last one repeats, or a function from a Request to a step. A step is

    a dict or BaseModel      the answer, as the content of a whole reply
    a str                    the content, word for word, whatever it is
    a Fault                  one of the ways in which providers go wrong
    a Call                   a tool that the model asks for
    a Step                   anything else: status, headers, content, usage, finish reason

As a process of its own: `python -m tests.support.model_server --port 18180 --script plain`; see --help.
"""

import argparse
import importlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.support.model_rules import problem_with, sample_of
from tests.support.model_wire import Call, Step, completion, completion_events, message, message_events

__all__ = ["Call", "Fault", "ModelServer", "Request", "Step", "closed_url", "plain", "problem_with", "sample_of"]

HUGE = 8 * 1024 * 1024


class Fault(Enum):
    """How providers go wrong."""

    RESET = "the connection is reset before an answer"
    HANG = "no byte of an answer ever comes"
    DRIP = "the answer comes one byte at a time, for ever"
    DRIP_HEADERS = "so do its headers"
    CUT = "the connection closes in the middle of the body"
    BUSY = "429 with Retry-After: 0"
    NO_CREDIT = "429 because the account has no credit left"
    ERROR = "500"
    DOWN = "503"
    BAD_REQUEST = "400"
    BAD_KEY = "401"
    UNKNOWN_MODEL = "404"
    REDIRECT = "302 to another server"
    TRUNCATED = "whole JSON of the right schema, but the finish reason is length"
    FILTERED = "the finish reason is content_filter"
    REFUSED = "a refusal"
    UNFINISHED = "no finish reason"
    NOT_JSON = "a reply that is no JSON"
    WRONG_SCHEMA = "JSON of another schema"
    EMPTY_CONTENT = "a reply without content"
    HTML = "200 with a page"
    EMPTY = "200 with an empty body"
    JUNK = "200 with a body that says it is JSON and is not"
    NOT_A_COMPLETION = "200 with JSON that is no chat completion"
    WRONG_TYPE = "a good reply that says it is text/plain"
    HUGE = "a body of 8 MB"
    BOMB = "a compressed body, which was not asked for"
    NO_USAGE = "a good reply that counts no tokens"
    MAD_USAGE = "a good reply that counts nonsense"
    NUL = "a reply with a NUL character in a text"
    # In a stream; without one, a good reply.
    BROKEN_STREAM = "the stream ends in the middle of the text, as if that were its end"
    UNENDED_STREAM = "the stream holds the whole text, but not the events that say so"
    FAILING_STREAM = "an error in the middle of the stream"


@dataclass(frozen=True)
class Request:
    """What the server was sent. `number` counts from 1; `port` is the caller's, and so tells connections apart."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: Any
    at: float
    port: int

    @property
    def vendor(self) -> str:
        """Whose protocol it is: openai, azure, anthropic; "" if none that is known."""
        return PATHS.get(self.path, "")

    @property
    def schema(self) -> dict[str, Any]:
        if self.vendor == "anthropic":
            return self.body["output_config"]["format"]["schema"]
        return self.body["response_format"]["json_schema"]["schema"]

    @property
    def system(self) -> str:
        if self.vendor == "anthropic":
            return self.body["system"]
        return self.body["messages"][0]["content"]

    @property
    def data(self) -> Any:
        """What stands between the marked lines of the first message of the user."""
        first = next(message["content"] for message in self.body["messages"] if message["role"] == "user")
        text = first if isinstance(first, str) else first[0]["text"]
        return json.loads(text.split("\n")[1])

    @property
    def is_streamed(self) -> bool:
        return self.body.get("stream", False)


Script = Sequence[Any] | Callable[[Request], Any]


def plain(request: Request) -> Any:
    """The script that answers every question with the simplest value that fits its schema."""
    return sample_of(request.schema)


def error(status: int, code: str, message: str = "no", **headers: str) -> Step:
    """An error with the fields that OpenAI has for it, and those of Anthropic."""
    body = {"type": "error", "error": {"message": message, "type": code, "param": None, "code": code}}
    return Step(
        status=status, raw=json.dumps(body).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


class ModelServer:
    """The server, in threads of this process, until `stop` or the end of the with block.

    `problem` says why a request is refused with 400, "" if it is not.
    """

    def __init__(
        self,
        script: Script = plain,
        *,
        port: int = 0,
        problem: Callable[[Request], str] = lambda request: problem_with(request.body),
        tls: ssl.SSLContext | None = None,
    ):
        self._script = script
        self.problem = problem
        self._lock = threading.Lock()
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.model_server = self
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"{self.root}/v1"

    @property
    def root(self) -> str:
        """For ANTHROPIC_BASE_URL and AZURE_OPENAI_ENDPOINT."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def script(self, script: Script) -> None:
        """From now on answer by this one."""
        with self._lock:
            self._script = script
            self.requests.clear()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def receive(self, path: str, headers: Mapping[str, str], body: bytes, port: int) -> tuple[Request, Any]:
        """Note a request, and return it with the step that answers it."""
        with self._lock:
            number = len(self.requests) + 1
            lower = {name.lower(): value for name, value in headers.items()}
            request = Request(number, path, lower, json.loads(body), time.monotonic(), port)
            self.requests.append(request)
            if callable(self._script):
                return request, self._script(request)
            return request, self._script[min(number, len(self._script)) - 1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    model_server: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Quiet: the requests are kept for assertions."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request, step = self.server.model_server.receive(self.path, dict(self.headers), body, self.client_address[1])
        if not request.vendor:
            step = error(404, "unknown_url")
        elif not is_signed(request):
            step = error(401, "invalid_api_key")
        elif problem := self.server.model_server.problem(request):
            step = error(400, "invalid_json_schema", problem)
        if isinstance(step, Fault):
            step = self._fault(step, request)
        if step is not None:
            self._reply(_as_step(step), request)

    def _fault(self, fault: Fault, request: Request) -> Step | None:
        """The reply that is this fault; None if it has been done to the connection already."""
        if fault in TO_CONNECTION:
            self.close_connection = True
            TO_CONNECTION[fault](self, request)
            return None
        good = Step(content=json.dumps(sample_of(request.schema)))
        return FAULTS[fault](good)

    def _reply(self, step: Step, request: Request) -> None:
        self.server.model_server.stopping.wait(step.delay)
        if step.raw is None and step.status == 200 and request.is_streamed:
            self._stream(step, request)
            return
        body = step.raw if step.raw is not None else whole(step, request)
        self.send_response(step.status)
        self.send_header("Content-Type", step.content_type or "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in step.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, step: Step, request: Request) -> None:
        self.send_response(200)
        self.send_header("Content-Type", step.content_type or "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in step.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for number, event in enumerate(streamed(step, request)):
            if number == 1:
                self.server.model_server.stopping.wait(step.pause)
            self._chunk(event)
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _reset(self, _: Request) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _hang(self, _: Request) -> None:
        self.server.model_server.stopping.wait(120)

    def _drip(self, request: Request) -> None:
        head = _head(5_000, request)
        self._send_slowly(head + b" " * 5_000, at_once=len(head))

    def _drip_headers(self, request: Request) -> None:
        self._send_slowly(_head(5_000, request), at_once=1)

    def _send_slowly(self, data: bytes, *, at_once: int) -> None:
        self.wfile.write(data[:at_once])
        for byte in data[at_once:]:
            if self.server.model_server.stopping.wait(0.05):
                return
            self.wfile.write(bytes([byte]))

    def _cut(self, request: Request) -> None:
        step = Step(content=json.dumps(sample_of(request.schema)))
        body = b"".join(streamed(step, request)) if request.is_streamed else whole(step, request)
        self.wfile.write(_head(len(body), request) + body[: len(body) // 2])


def _as_step(step: Any) -> Step:
    if isinstance(step, Step):
        return step
    if isinstance(step, Call):
        return Step(calls=(step,), finish_reason="tool_calls")
    if hasattr(step, "model_dump_json"):
        return Step(content=step.model_dump_json())
    return Step(content=step if isinstance(step, str) else json.dumps(step))


PATHS = {
    "/v1/chat/completions": "openai",
    "/openai/v1/chat/completions": "azure",
    "/v1/messages": "anthropic",
}


def is_signed(request: Request) -> bool:
    """Whether it carries a key where its vendor looks for one."""
    is_bearer = request.headers.get("authorization", "").startswith("Bearer ")
    if request.vendor == "anthropic":
        return (is_bearer or "x-api-key" in request.headers) and "anthropic-version" in request.headers
    return is_bearer


def whole(step: Step, request: Request) -> bytes:
    """The body of a reply in the protocol that was spoken."""
    return message(step) if request.vendor == "anthropic" else completion(step)


def streamed(step: Step, request: Request) -> Iterator[bytes]:
    """The same as events."""
    return message_events(step) if request.vendor == "anthropic" else completion_events(step)


def _head(length: int, request: Request) -> bytes:
    kind = "text/event-stream" if request.is_streamed else "application/json"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()


TO_CONNECTION = {
    Fault.RESET: _Handler._reset,
    Fault.HANG: _Handler._hang,
    Fault.DRIP: _Handler._drip,
    Fault.DRIP_HEADERS: _Handler._drip_headers,
    Fault.CUT: _Handler._cut,
}
FAULTS: dict[Fault, Callable[[Step], Step]] = {
    Fault.BUSY: lambda _: error(429, "rate_limit_exceeded", Retry_After="0"),
    Fault.NO_CREDIT: lambda _: error(429, "insufficient_quota"),
    Fault.ERROR: lambda _: error(500, "server_error"),
    Fault.DOWN: lambda _: Step(status=503, raw=b"<h1>Service unavailable</h1>", content_type="text/html"),
    Fault.BAD_REQUEST: lambda _: error(400, "unsupported_parameter"),
    Fault.BAD_KEY: lambda _: error(401, "invalid_api_key", "Incorrect API key provided: sk-echoed"),
    Fault.UNKNOWN_MODEL: lambda _: error(404, "model_not_found"),
    Fault.REDIRECT: lambda _: Step(status=307, raw=b"", headers={"Location": "http://127.0.0.1:1/v1/chat/completions"}),
    Fault.TRUNCATED: lambda good: replace(good, finish_reason="length"),
    Fault.FILTERED: lambda good: replace(good, finish_reason="content_filter"),
    Fault.REFUSED: lambda good: replace(good, content=None, refusal="I cannot help with that."),
    Fault.UNFINISHED: lambda good: replace(good, finish_reason=None),
    Fault.NOT_JSON: lambda good: replace(good, content="Certainly! Here is the answer."),
    Fault.WRONG_SCHEMA: lambda good: replace(good, content='{"verdict": "fine"}'),
    Fault.EMPTY_CONTENT: lambda good: replace(good, content=""),
    Fault.HTML: lambda _: Step(raw=b"<html><body>Sign in to the proxy</body></html>", content_type="text/html"),
    Fault.EMPTY: lambda _: Step(raw=b""),
    Fault.JUNK: lambda _: Step(raw=b'{"choices": [{"mess'),
    Fault.NOT_A_COMPLETION: lambda _: Step(raw=b'{"ok": true}'),
    Fault.WRONG_TYPE: lambda good: replace(good, content_type="text/plain"),
    Fault.HUGE: lambda good: replace(good, content=json.dumps("x" * HUGE)),
    Fault.BOMB: lambda good: replace(good, headers={"Content-Encoding": "gzip"}),
    Fault.NO_USAGE: lambda good: replace(good, usage=None),
    Fault.MAD_USAGE: lambda good: replace(good, usage={"prompt_tokens": -5, "completion_tokens": 10**30}),
    Fault.BROKEN_STREAM: lambda good: replace(good, cut="middle"),
    Fault.UNENDED_STREAM: lambda good: replace(good, cut="end"),
    Fault.FAILING_STREAM: lambda good: replace(good, stream_error="overloaded_error"),
    Fault.NUL: lambda good: replace(good, content=(good.content or "").replace("text", "te\\u0000xt")),
}


def closed_url() -> str:
    """The address of a port on which nobody listens: connections are refused."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description="A scripted model provider that speaks OpenAI's, Azure's and Anthropic's protocols."
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--script",
        default="plain",
        help='"plain"; names of faults and "plain", with commas, such as BUSY,ERROR,plain (the last repeats); '
        "module:function; or a file with a JSON list of answers",
    )
    options = parser.parse_args()
    with ModelServer(_named(options.script), port=options.port) as server:
        print(server.url, flush=True)
        threading.Event().wait()


def _named(name: str) -> Script:
    if name == "plain":
        return plain
    if ":" in name:
        module, function = name.split(":")
        return getattr(importlib.import_module(module), function)
    if name.endswith(".json"):
        return json.loads(Path(name).read_text())
    steps = [plain if step == "plain" else Fault[step] for step in name.split(",")]
    return lambda request: _called(steps[min(request.number, len(steps)) - 1], request)


def _called(step: Any, request: Request) -> Any:
    return step(request) if callable(step) else step


if __name__ == "__main__":
    main()
