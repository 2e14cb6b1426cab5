"""One event loop per process, in a thread of its own, on which providers' clients live.

Callers are synchronous, and a synchronous client bounds each read but not their sum: a server that sends one byte a
second holds it for ever. A coroutine can be ended at any point, and the connections outlive the call.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

# How long an ended coroutine may take to let go of its connection.
GRACE_SECONDS = 1.0


def run(coroutine: Coroutine[Any, Any, T], *, seconds: float) -> T:
    """Run `coroutine` and return its result; raises TimeoutError if it takes longer than `seconds`."""
    future = asyncio.run_coroutine_threadsafe(_bounded(coroutine, seconds), _loop(os.getpid()))
    try:
        return future.result(seconds + GRACE_SECONDS)
    except BaseException:
        future.cancel()
        raise


async def _bounded(coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await coroutine


@lru_cache(maxsize=1)
def _loop(pid: int) -> asyncio.AbstractEventLoop:
    """The loop of this process; `pid` makes a forked child start its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name=f"models-{pid}", daemon=True).start()
    return loop
