"""Any application on a real socket, for tests of what stands around our own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import httpx
import structlog
import uvicorn
from fastapi import FastAPI


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of the application, which runs in a thread until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(20)


@contextmanager
def logged(requests: int = 1) -> Iterator[list[MutableMapping[str, Any]]]:
    """The log of so many requests to a server in this process: the line of each is written after its answer was
    sent."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as log:
        yield log
        until = time.monotonic() + 30
        while sum(line["event"] == "request" for line in log) < requests and time.monotonic() < until:
            time.sleep(0.005)
