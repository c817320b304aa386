"""Any application on a real socket, for tests of what stands around our own."""

from __future__ import annotations

import socket
import threading
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
    left, is_over = [requests], threading.Event()

    def hear(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        left[0] -= line["event"] == "request"
        if left[0] <= 0:
            is_over.set()
        return line

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars, hear]) as log:
        yield log
        is_over.wait(30)
